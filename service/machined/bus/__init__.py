"""The service's face to D-Bus, and a message bus of our own for where there is none."""
