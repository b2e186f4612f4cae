# ruff: noqa: INP001 - a project of its own, not a package
"""The Worker of a project that has assets only: it exports nothing, and is never asked."""
