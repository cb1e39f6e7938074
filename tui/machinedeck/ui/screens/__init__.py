"""Whole screens: the console, and what is shown where there is nothing to ask."""
