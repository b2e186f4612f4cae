"""The names that a main module gives, read from its text; nothing of it is run."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["exported_names"]


def exported_names(main: Path) -> frozenset[str] | None:
    """Give the names that stand at the top of the module; None where that cannot be told.

    It cannot where another module's names are all taken over, where there is a `__getattr__`, or
    where the text is no Python.
    """
    try:
        tree = ast.parse(main.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names.update(each.asname or each.name for each in aliases)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Call(func=ast.Name(id="globals" | "setattr" | "exec")):
                return None
            case _:
                pass
    return None if names & {"*", "__getattr__"} else frozenset(names)
