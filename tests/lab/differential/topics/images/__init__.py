"""Images and the pool, on each file system: every topic plays the same scenes on its own."""
