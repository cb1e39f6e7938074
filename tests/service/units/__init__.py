"""Tests of the units that our service stands in for."""
