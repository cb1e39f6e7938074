"""Real clients against the demo's service: they come unchanged from the distribution."""
