"""One module of the project as the rules see it: what it imports and what it calls.

Names are followed through imports: after `from time import sleep as nap` a call of `nap` is one of
`time.sleep`.  A name that a function takes as a parameter or assigns is its own affair.  Nothing is
run.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydo.check.condition import Conditions
from pydo.config import SourceFile, Span

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Call", "Function", "Import", "Module", "read"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class Import:
    """A module that is imported by its full name.

    It `is_optional` where the import may fail: in a `try` that catches what it raises.
    """

    name: str
    node: ast.stmt
    is_optional: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `name`, which is dotted and begins with a module's name where that can be told.

    Of a method of something unknown, `name` is `?.method`.  `function` is the innermost function
    around it, or None for what the import itself runs.
    """

    name: str
    node: ast.Call
    function: Function | None


@dataclass(frozen=True, eq=False)
class Module:
    """A module of the project: `name` as it is imported, its text, its syntax tree.

    `python` is the version that would run it.
    """

    name: str
    source: SourceFile
    tree: ast.Module
    python: tuple[int, int]

    @property
    def path(self) -> Path:
        """Its file."""
        return self.source.path

    @property
    def package(self) -> str:
        """The package that relative imports in it start from."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    def span(self, node: ast.stmt | ast.expr) -> Span:
        """Give the place where a node begins."""
        line = self.source.text.split("\n")[node.lineno - 1]
        column = len(line.encode()[: node.col_offset].decode("utf-8", "replace")) + 1
        return Span(self.source, node.lineno, column)

    def dotted(self, node: ast.expr) -> str:
        """Spell an expression as `Call.name` does."""
        return self._walked.dotted(node)

    @property
    def imports(self) -> list[Import]:
        """What it imports, wherever the import stands."""
        return self._walked.imports

    @property
    def calls(self) -> list[Call]:
        """What it calls, wherever the call stands."""
        return self._walked.calls

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Its functions, and the methods of its classes as `Class.method`."""
        found: dict[str, Function] = {}
        for node in self.tree.body:
            members = node.body if isinstance(node, ast.ClassDef) else [node]
            owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
            for each in members:
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
                    found[f"{owner}{each.name}"] = each
        return found

    @cached_property
    def strings(self) -> list[ast.Constant]:
        """Its string constants."""
        return [
            node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

    @cached_property
    def _walked(self) -> _Walker:
        walker = _Walker(self)
        walker.visit(self.tree)
        return walker


def read(name: str, path: Path, python: tuple[int, int]) -> Module:
    """Read a module that is to run on that version of Python.

    Raises:
        SyntaxError: it is no Python, or not UTF-8.
        OSError: it cannot be read.

    """
    contents = path.read_bytes()
    tree = ast.parse(contents, str(path))
    text = contents.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return Module(name, SourceFile(path, text), tree, python)


class _Walker(ast.NodeVisitor):
    """Goes through a module once."""

    def __init__(self, module: Module) -> None:
        self.imports: list[Import] = []
        self.calls: list[Call] = []
        self._package = module.package
        self._functions: list[Function] = []
        self._own: list[set[str]] = []  # the names that each of them binds itself
        self._tries = 0
        self._names: dict[str, str] = {}
        self._conditions = Conditions(module.python, self.dotted)
        for node in ast.walk(module.tree):
            self._learn(node)

    def dotted(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name):
                if any(name in own for own in self._own):
                    return f"?{name}"
                return self._names.get(name, name)
            case ast.Attribute(value=value, attr=attribute):
                before = self.dotted(value)
                return f"?.{attribute}" if before.startswith("?") else f"{before}.{attribute}"
            case _:
                return "?"

    # What is in force when the code runs there.

    def visit_If(self, node: ast.If) -> None:
        truth = self._conditions.truth(node.test)
        self.visit(node.test)
        looks_before = "find_spec" in ast.unparse(node.test)
        if truth is not False:
            self._visit_all(node.body, may_fail=looks_before)
        if truth is not True:
            self._visit_all(node.orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self._visit_all(node.body, may_fail=any(map(_catches_imports, node.handlers)))
        self._visit_all([*node.handlers, *node.orelse, *node.finalbody])

    def visit_With(self, node: ast.With) -> None:
        opened = [each.context_expr for each in node.items]
        self._visit_all(node.items)
        self._visit_all(node.body, may_fail=any(map(self._suppresses_imports, opened)))

    def _suppresses_imports(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Call)
            and self.dotted(node.func) == "contextlib.suppress"
            and any(map(_is_import_error, node.args))
        )

    def _visit_all(self, nodes: Iterable[ast.AST], *, may_fail: bool = False) -> None:
        self._tries += may_fail
        for each in nodes:
            self.visit(each)
        self._tries -= may_fail

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
        for each in outside:
            if each is not None:
                self.visit(each)
        self._enter(node, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - ast's own names

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._enter(node, [node.body])

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Import(self, node: ast.Import) -> None:
        self.imports += (Import(each.name, node, self._tries > 0) for each in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = self._base(node)
        self.imports.append(Import(base, node, self._tries > 0))
        self.imports += (
            Import(f"{base}.{each.name}", node, is_optional=True) for each in node.names
        )

    def visit_Call(self, node: ast.Call) -> None:
        function = self._functions[-1] if self._functions else None
        self.calls.append(Call(self.dotted(node.func), node, function))
        self.generic_visit(node)

    def _enter(self, node: Function, body: list[ast.stmt] | list[ast.expr]) -> None:
        self._functions.append(node)
        self._own.append(_bound(node))
        for each in body:
            self.visit(each)
        self._own.pop()
        self._functions.pop()

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for each in node.names:
                first = each.name.partition(".")[0]
                self._names[each.asname or first] = each.name if each.asname else first
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                self._names[each.asname or each.name] = f"{self._base(node)}.{each.name}"

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self._package.split(".") if self._package else []
        kept = parts[: len(parts) - node.level + 1]
        return ".".join([*kept, node.module] if node.module else kept)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or _is_import_error(handler.type)


def _is_import_error(caught: ast.expr) -> bool:
    names = ast.unparse(caught)
    return any(name in names for name in ("ImportError", "ModuleNotFoundError", "Exception"))


def _bound(function: Function) -> set[str]:
    """Give the names that a function binds by parameters and assignments, not by imports."""
    arguments = function.args
    names = {
        each.arg
        for each in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            *(each for each in (arguments.vararg, arguments.kwarg) if each is not None),
        )
    }
    if isinstance(function, ast.Lambda):
        return names
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names
