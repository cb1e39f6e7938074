"""The console without a screen: what it knows of the host, how it follows it, what it can do to it."""
