"""The command line: `cli` is the `pydo` command, with one file for each of its subcommands."""

from pydo.cli.main import cli

__all__ = ["cli"]
