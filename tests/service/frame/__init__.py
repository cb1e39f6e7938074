"""Tests of the service's frame: tables, dispatch, errors, callers."""
