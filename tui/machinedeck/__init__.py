"""Machinedeck: a terminal console for the containers and virtual machines of a Linux host."""

__version__ = "0.1.0"
