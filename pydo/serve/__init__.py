"""The shell that the outside talks to: HTTP, signals, and an eye on turns that do not end."""

from importlib import import_module

from pydo.serve.certificates import read_when_needed

with read_when_needed():
    import_module("aiohttp")  # for the first time, before any module here imports it
