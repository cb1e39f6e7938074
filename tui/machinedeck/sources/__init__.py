"""What no bus tells: read from the host itself."""
