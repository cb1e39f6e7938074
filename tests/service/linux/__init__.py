"""Tests of the parts that look at a real host."""
