"""The scenario, by topic: each module has a `play` that takes its steps in order."""
