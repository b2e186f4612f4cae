"""The paths that code spells out, as far as its text tells them."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydo.check.module import Call, Module

__all__ = ["path_of"]

_JOINS = {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "os.path.join"}
_SAME = {"os.path.abspath", "os.path.realpath", "os.fspath", "str"}
_DEEPEST = 20  # of expressions in expressions


def path_of(node: ast.expr, call: Call, module: Module) -> PurePosixPath | None:
    """Give the path that an argument of a call stands for; None if a part of it is not known.

    What an f-string fills in stays as it is written there, behind a beginning that is known.
    """
    return _Places(call, module).known([node])


class _Places:
    """Reads expressions where a call stands."""

    def __init__(self, call: Call, module: Module) -> None:
        self._call = call
        self._module = module
        self._depth = 0

    def known(self, parts: Sequence[ast.expr]) -> PurePosixPath | None:
        """Join what some expressions stand for, if all of it is known."""
        if self._depth > _DEEPEST:
            return None
        self._depth += 1
        found = [self._one(part) for part in parts]
        self._depth -= 1
        return None if None in found else PurePosixPath(*(each for each in found if each))

    def _one(self, node: ast.expr) -> PurePosixPath | None:
        match node:
            case ast.Constant(value=str() as text):
                return PurePosixPath(text)
            case ast.JoinedStr(values=[ast.Constant(), *_]):
                return PurePosixPath(ast.unparse(node).lstrip("rf").strip("'\""))
            case ast.Name(id="__file__"):
                return PurePosixPath(self._module.path.name)
            case ast.Name(id=name):
                value = _assigned(name, self._call, self._module)
                return None if value is None else self.known([value])
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self.known([left, right])
            case ast.Attribute(value=value, attr="parent"):
                return self._parent(value)
            case ast.Call():
                return self._called(node)
            case _:
                return None

    def _called(self, node: ast.Call) -> PurePosixPath | None:
        match node.func:
            case ast.Attribute(value=value, attr="resolve" | "absolute"):
                return self.known([value])
            case ast.Attribute(value=value, attr="joinpath"):
                return self.known([value, *node.args])
            case function:
                name = self._module.dotted(function)
        if name == "os.path.dirname":
            return self._parent(*node.args[:1])
        is_path = name in _JOINS or (name in _SAME and len(node.args) == 1)
        return self.known(node.args) if is_path else None

    def _parent(self, *parts: ast.expr) -> PurePosixPath | None:
        found = self.known(parts)
        return None if found is None else found.parent


def _assigned(name: str, call: Call, module: Module) -> ast.expr | None:
    """Give what a name stands for, if it is assigned once, in the function or else at the top."""
    function = call.function
    if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
        if name in {each.arg for each in given}:
            return None
        if stores := _stores(name, [function]):
            return stores[0] if len(stores) == 1 else None
    if isinstance(function, ast.Lambda):
        return None
    top = [each for each in module.tree.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    stores = _stores(name, top)
    return stores[0] if len(stores) == 1 else None


def _stores(name: str, nodes: Sequence[ast.stmt]) -> list[ast.expr | None]:
    """Give what is stored under a name in some nodes; None for what no plain assignment says."""
    walked = [inner for node in nodes for inner in ast.walk(node)]
    values: dict[ast.expr, ast.expr | None] = {
        target: each.value
        for each in walked
        if isinstance(each, ast.Assign | ast.AnnAssign)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
    }
    return [
        values.get(each)
        for each in walked
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store)
    ]
