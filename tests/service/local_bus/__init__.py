"""Tests of the local bus."""
