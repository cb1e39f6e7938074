"""The lab: real systemd hosts, booted in containers, and the console used in them."""
