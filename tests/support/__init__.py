"""What tests of several folders share: private buses, fakes of a service, drivers of a terminal."""
