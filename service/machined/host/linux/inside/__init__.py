"""The inside of machines on a real host."""

from machined.host.linux.inside.inside import LinuxInside

__all__ = ["LinuxInside"]
