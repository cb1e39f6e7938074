"""Calls that nobody in their right mind makes."""
