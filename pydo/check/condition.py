"""Conditions that are decided before anything runs: by the platform, the version, a type checker.

Code keeps parts for other systems apart by such; what Cloudflare's Python would come to counts.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Conditions"]

_UNKNOWN: Any = object()
_OPERATORS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda one, others: one in others,
    ast.NotIn: lambda one, others: one not in others,
}


class Conditions:
    """Decides conditions for a Worker on that Python; `dotted` spells names by their imports."""

    def __init__(self, python: tuple[int, int], dotted: Callable[[ast.expr], str]) -> None:
        self._dotted = dotted
        self._known: dict[str, object] = {
            # It is the name of the file on Cloudflare, also of the main module.
            "__name__": "",
            "TYPE_CHECKING": False,
            "typing.TYPE_CHECKING": False,
            "os.name": "posix",
            "platform.system": "Emscripten",
            "sys.platform": "emscripten",
            "sys.version_info": (*python, 0),
            "sys.version_info.major": python[0],
            "sys.version_info.minor": python[1],
        }

    def truth(self, test: ast.expr) -> bool | None:
        """Tell how a condition comes out; None if that shows only when it runs."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                truth = self.truth(operand)
                return None if truth is None else not truth
            case ast.BoolOp(op=op, values=values):
                decided = [self.truth(each) for each in values]
                decisive = isinstance(op, ast.Or)
                if decisive in decided:
                    return decisive
                return None if None in decided else not decisive
            case _:
                found = self._value(test)
                return None if found is _UNKNOWN else bool(found)

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                values = tuple(map(self._value, elements))
                return _UNKNOWN if _UNKNOWN in values else values
            case ast.Name() | ast.Attribute():
                return self._known.get(self._dotted(node), _UNKNOWN)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                compare = _OPERATORS.get(type(op))
                return _UNKNOWN if compare is None else self._apply(compare, left, right)
            case ast.Call(func=ast.Attribute(value=text, attr="startswith"), args=[start]):
                return self._apply(str.startswith, text, start)
            case ast.Call(func=function, args=[]):
                return self._value(function)
            case ast.Subscript(value=value, slice=ast.Slice(lower=None, upper=upper)) if upper:
                return self._apply(lambda found, end: found[:end], value, upper)
            case ast.Subscript(value=value, slice=index):
                return self._apply(operator.getitem, value, index)
            case _:
                return _UNKNOWN

    def _apply(self, function: Callable[[Any, Any], Any], *nodes: ast.expr) -> Any:
        one, other = map(self._value, nodes)
        if _UNKNOWN in (one, other):
            return _UNKNOWN
        try:
            return function(one, other)
        except (TypeError, LookupError):  # it would fail there, too: not what is asked here
            return _UNKNOWN
