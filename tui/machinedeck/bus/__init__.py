"""The host over D-Bus: clients of machine1 and systemd1, and errors in the console's own kinds."""
