"""Random calls to our service on a real host: who makes them, of what, and how the service is afterwards."""
