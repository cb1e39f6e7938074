"""The host as Linux and systemd show it; `host.linux.host` puts it together."""
