"""Where the `pydo` command and `python -m pydo` begin."""

from __future__ import annotations

from pydo.cli import cli

__all__ = ["main"]


def main() -> None:
    """Run the command line and exit with its code."""
    cli(prog_name="pydo")


if __name__ == "__main__":
    main()
