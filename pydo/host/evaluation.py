"""`pyodide.code`: source text that is run, and functions called with more than they take.

Source: pyodide/pyodide src/py/_pyodide/_base.py, src/py/pyodide/code.py.
"""

from __future__ import annotations

import ast
import functools
import inspect
import io
import sys
import tokenize
from typing import TYPE_CHECKING, Any, NoReturn

from pydo.host.js.function import code_from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType

__all__ = ["NAMES"]

_SKIPPED = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER})
_MODES = ("last_expr", "last_expr_or_assign", "none")
_RESULT = "__pydo_result__"


def eval_code(  # noqa: PLR0913 - the options are Pyodide's
    source: str,
    globals: dict[str, Any] | None = None,
    locals: dict[str, Any] | None = None,
    *,
    return_mode: str = "last_expr",
    quiet_trailing_semicolon: bool = True,
    filename: str = "<exec>",
    flags: int = 0,
) -> Any:
    """Run source text, and give the value of its last expression."""
    code = _compiled(source, return_mode, filename, flags, is_quiet=quiet_trailing_semicolon)
    scope, inner = _scopes(globals, locals)
    eval(code, scope, inner)  # noqa: S307 - this is what was asked for
    return inner.pop(_RESULT, None)


async def eval_code_async(  # noqa: PLR0913 - the options are Pyodide's
    source: str,
    globals: dict[str, Any] | None = None,
    locals: dict[str, Any] | None = None,
    *,
    return_mode: str = "last_expr",
    quiet_trailing_semicolon: bool = True,
    filename: str = "<exec>",
    flags: int = 0,
) -> Any:
    """Run source text that may await at its top level, and give the value of its end."""
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = _compiled(source, return_mode, filename, flags, is_quiet=quiet_trailing_semicolon)
    scope, inner = _scopes(globals, locals)
    result = eval(code, scope, inner)  # noqa: S307 - this is what was asked for
    if inspect.iscoroutine(result):
        await result
    return inner.pop(_RESULT, None)


class CodeRunner:
    """Source text that is compiled once, with `compile`, and run as often as is wanted."""

    def __init__(  # noqa: PLR0913 - the options are Pyodide's
        self,
        source: str,
        *,
        return_mode: str = "last_expr",
        mode: str = "exec",
        quiet_trailing_semicolon: bool = True,
        filename: str = "<exec>",
        flags: int = 0,
    ) -> None:
        self._filename, self._mode, self._flags = filename, mode, flags
        self.ast = _parsed(source, return_mode, filename, is_quiet=quiet_trailing_semicolon)
        self.code: CodeType | None = None

    def compile(self) -> CodeRunner:
        """Compile the text, after whatever was done to `ast`."""
        self.code = compile(self.ast, self._filename, self._mode, flags=self._flags)
        return self

    def run(
        self, globals: dict[str, Any] | None = None, locals: dict[str, Any] | None = None
    ) -> Any:
        """Run the text, and give the value of its end.

        Raises:
            RuntimeError: it was not compiled.

        """
        scope, inner = _scopes(globals, locals)
        eval(self._compiled(), scope, inner)  # noqa: S307 - this is what was asked for
        return inner.pop(_RESULT, None)

    async def run_async(
        self, globals: dict[str, Any] | None = None, locals: dict[str, Any] | None = None
    ) -> Any:
        """Run text that may await at its top level, and give the value of its end.

        Raises:
            RuntimeError: it was not compiled.

        """
        scope, inner = _scopes(globals, locals)
        result = eval(self._compiled(), scope, inner)  # noqa: S307 - this is what was asked for
        if inspect.iscoroutine(result):
            await result
        return inner.pop(_RESULT, None)

    def _compiled(self) -> CodeType:
        if self.code is None:
            raise RuntimeError("Not yet compiled")
        return self.code


def run_js(source: str, /) -> NoReturn:
    """Refuse to run text as JavaScript, as the runtime does.

    Raises:
        TypeError: it is no text.
        JsException: an `EvalError`.

    """
    if not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance] # the user's
        raise TypeError(f"argument should have type 'string' not type '{type(source).__name__}'")
    raise code_from_text()


def find_imports(source: str) -> list[str]:
    """Give the names of the modules that source text imports, sorted; none if it cannot be read."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return sorted({name for node in ast.walk(tree) for name in _imported(node)})


def should_quiet(source: str, /) -> bool:
    """Tell whether source text ends with a semicolon."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    last = next((token for token in reversed(tokens) if token.type not in _SKIPPED), None)
    return last is not None and last.string == ";"


def relaxed_call(function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call a function without the arguments that it has no parameters for."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        return function(*arguments, **named)
    kinds = [parameter.kind for parameter in parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL not in kinds:
        places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        arguments = arguments[: sum(kind in places for kind in kinds)]
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        named = {
            name: value
            for name, value in named.items()
            if name in parameters and parameters[name].kind is not inspect.Parameter.POSITIONAL_ONLY
        }
    return function(*arguments, **named)


def relaxed_wrap(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that drops the arguments that `function` has no parameters for."""

    @functools.wraps(function)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        return relaxed_call(function, *arguments, **named)

    return wrapped


NAMES: dict[str, Any] = {
    "CodeRunner": CodeRunner,
    "eval_code": eval_code,
    "eval_code_async": eval_code_async,
    "find_imports": find_imports,
    "relaxed_call": relaxed_call,
    "relaxed_wrap": relaxed_wrap,
    "run_js": run_js,
    "should_quiet": should_quiet,
}


def _compiled(
    source: str, return_mode: str, filename: str, flags: int, *, is_quiet: bool
) -> CodeType:
    tree = _parsed(source, return_mode, filename, is_quiet=is_quiet)
    return compile(tree, filename, "exec", flags=flags)


def _parsed(source: str, return_mode: str, filename: str, *, is_quiet: bool) -> ast.Module:
    if return_mode not in _MODES:
        raise ValueError(f"Unrecognized return_mode {return_mode!r}")
    tree = ast.parse(inspect.cleandoc(source), filename)
    if return_mode != "none" and tree.body and not (is_quiet and should_quiet(source)):
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            value = last.value
            tree.body[-1] = ast.Assign([ast.Name(_RESULT, ast.Store())], value)
        elif return_mode == "last_expr_or_assign" and isinstance(last, ast.Assign):
            last.targets.append(ast.Name(_RESULT, ast.Store()))
        ast.fix_missing_locations(tree)
    return tree


def _scopes(
    outer: dict[str, Any] | None, inner: dict[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give the globals and locals of a run: those of the caller where none are given."""
    if outer is None:
        outer = sys._getframe(2).f_globals  # noqa: SLF001 - there is no other way to a caller
    return outer, outer if inner is None else inner


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        for each in node.names:
            yield from _with_parents(each.name)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from _with_parents(node.module)


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    return (".".join(parts[: length + 1]) for length in range(len(parts)))
