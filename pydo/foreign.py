"""Tells whether another project's `pydo` stands in the way of this one.

The public index has a distribution `pydo`, which is not ours (ours is `pydo-workers`) and which
brings an import package of the same name.  Installed into one environment, the two write over each
other's files, and what then fails names neither.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import Distribution

__all__ = ["foreign_pydo"]

_OURS = "pydo-workers"
_THEIRS = "pydo"


def foreign_pydo(path: Sequence[str] | None = None) -> str | None:
    """Return what to tell the user if a foreign `pydo` is installed, else None.

    `path` is where to look for distributions, as `sys.path`, which is looked through by default.
    """
    if not any(map(_may_hold_it, sys.path if path is None else path)):
        return None
    # Imported here because it brings the email and zip packages, which start-up need not wait for.
    from importlib.metadata import Distribution  # noqa: PLC0415

    found = (
        Distribution.discover(name=_THEIRS)
        if path is None
        else Distribution.discover(name=_THEIRS, path=list(path))
    )
    for distribution in found:
        if _brings_the_package(distribution):
            return (
                f'the distribution "{_THEIRS}"{_version(distribution)} is installed here. It is '
                f"another project's, and its files and those of {_OURS} write over each other. "
                f"To put that right: python -m pip uninstall {_THEIRS} {_OURS}, "
                f"then install {_OURS} again"
            )
    return None


def _may_hold_it(place: str) -> bool:
    """Whether a place of the path is worth a closer look."""
    try:
        names = os.listdir(place or ".")  # noqa: PTH208 - a path of the import system is a text
    except NotADirectoryError:  # a zip file, or an egg
        return True
    except OSError:
        return False
    return place.endswith(".egg") or any(
        name.lower().startswith((f"{_THEIRS}-", f"{_THEIRS}.")) for name in names
    )


def _brings_the_package(distribution: Distribution) -> bool:
    # Without a list of its files, as some packagers leave it out, its name has to be taken for it.
    files = distribution.files
    return files is None or any(file.parts[0] == _THEIRS for file in files)


def _version(distribution: Distribution) -> str:
    # A damaged installation may have a folder of metadata and nothing in it.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name == "Version":
            return f" {value.strip()}"
    return ""
