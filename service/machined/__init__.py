"""A Python implementation of `org.freedesktop.machine1`, the registry of a host's containers and VMs."""
