"""The host that we run on."""
