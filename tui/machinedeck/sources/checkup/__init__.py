"""What of the things that the console needs, or gains from, is there on this host: `machinedeck doctor`."""
