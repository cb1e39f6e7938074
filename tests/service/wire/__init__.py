"""Tests of the wire: each fault of plain dbus-next is shown on it, and shown mended on ours."""
