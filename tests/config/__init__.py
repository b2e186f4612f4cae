"""Tests of `pydo.config`."""
