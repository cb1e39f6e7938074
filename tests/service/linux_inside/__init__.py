"""The inside of machines, against real namespaces of this host."""
