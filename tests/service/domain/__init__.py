"""Tests of the rules for machines and images, on hosts that do what the test says."""
