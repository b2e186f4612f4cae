"""Rules of handlers: that the runtime finds them, and can call them."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.config import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Module
    from pydo.check.project import Project

__all__ = ["check_handlers"]

_OBJECT = ("workers.DurableObject", "workers.entrypoints.DurableObject")
_WORKER = ("workers.WorkerEntrypoint", "workers.entrypoints.WorkerEntrypoint")
# How many arguments the runtime passes, `self` apart.
_PASSED = {
    _OBJECT: {
        "fetch": 3,
        "alarm": 1,
        "webSocketMessage": 2,
        "webSocketClose": 4,
        "webSocketError": 2,
    },
    _WORKER: {"fetch": 3, "scheduled": 3, "queue": 3},
}
# Of the others the runtime drops what a handler does not take:
# src/pyodide/internal/relaxed_call.py in cloudflare/workerd.
_STRICT = {"scheduled", "queue"}


def check_handlers(project: Project) -> Iterator[Finding]:
    """Find handlers whose name or parameters are not what the runtime looks for."""
    for module in project.modules:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.ClassDef):
                continue
            bases = {module.dotted(base) for base in node.bases}
            for kinds, passed in _PASSED.items():
                if bases & {*kinds}:
                    yield from _check_class(module, node, passed)


def _check_class(module: Module, node: ast.ClassDef, passed: dict[str, int]) -> Iterator[Finding]:
    known = {_folded(name): name for name in passed}
    for each in node.body:
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if each.name in passed:
            yield from _check_parameters(module, node, each, passed[each.name])
        elif (meant := known.get(_folded(each.name))) is not None:
            yield Finding(
                "handler-name",
                f"{node.name}.{each.name} is called by nobody: the runtime looks for {meant}",
                f"call it {meant}",
                module.span(each),
                Severity.WARNING,
            )


def _check_parameters(
    module: Module, owner: ast.ClassDef, each: ast.FunctionDef | ast.AsyncFunctionDef, passed: int
) -> Iterator[Finding]:
    arguments = each.args
    positional = len(arguments.posonlyargs) + len(arguments.args) - 1
    required = positional - len(arguments.defaults)
    most = 99 if arguments.vararg else positional
    fewest = passed if each.name in _STRICT else 0
    if most < fewest or required > passed:
        yield Finding(
            "handler-parameters",
            f"{owner.name}.{each.name} takes {positional} arguments besides self, and Cloudflare"
            f" passes {passed}",
            f"give it the parameters that the runtime passes: {_SHAPES[each.name]}",
            module.span(each),
        )


_SHAPES = {
    "fetch": "fetch(self, request)",
    "alarm": "alarm(self, alarm_info)",
    "webSocketMessage": "webSocketMessage(self, ws, message)",
    "webSocketClose": "webSocketClose(self, ws, code, reason, was_clean)",
    "webSocketError": "webSocketError(self, ws, error)",
    "scheduled": "scheduled(self, controller, env, ctx)",
    "queue": "queue(self, batch, env, ctx)",
}


def _folded(name: str) -> str:
    return name.replace("_", "").lower()
