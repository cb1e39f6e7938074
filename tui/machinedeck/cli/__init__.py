"""Machinedeck without a screen: the arguments, and one-shot verbs over the same core."""
