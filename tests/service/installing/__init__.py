"""Tests of installing the service."""
