"""Run one snippet and tell what it gives, in text: the same under Pyodide and under pydo."""

import ast
import datetime
import inspect


async def answer(source, names):
    """Give the text of what the last expression of `source` gives, or of what is raised."""
    tree = ast.parse(source)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        target = ast.Name("_answer", ast.Store())
        tree.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
    ast.fix_missing_locations(tree)
    scope = dict(names)
    code = compile(tree, "<snippet>", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    try:
        result = eval(code, scope)
        if inspect.iscoroutine(result):
            await result
        value = scope.get("_answer")
        if inspect.isawaitable(value):
            value = await value
        return described(value)
    except Exception as error:
        return "raises " + of_error(error)


def of_error(error):
    """Tell the class and the text of an exception; of a long one, the last line."""
    lines = str(error).strip().splitlines() or [""]
    head, last = lines[0], lines[-1]
    text = head if len(lines) == 1 else f"{head} ... {last}"
    return f"{type(error).__name__}: {text}"


def described(value, depth=4):
    """Tell a value with the types that matter."""
    from pyodide.ffi import JsProxy

    if isinstance(value, JsProxy):
        return f"<js {_constructor(value)}: {str(value)[:120]}>"
    if repr(value) == "jsnull":
        return "jsnull"
    if isinstance(value, BaseException):
        return f"<{of_error(value)}>"
    if isinstance(value, memoryview):
        return f"memoryview({value.format}, {value.tobytes().hex()})"
    if isinstance(value, datetime.datetime):
        return repr(value)
    if isinstance(value, type):
        return f"<class {value.__name__}>"
    kind = type(value).__name__
    if depth and isinstance(value, dict):
        inner = ", ".join(
            f"{described(k, depth - 1)}: {described(v, depth - 1)}" for k, v in value.items()
        )
        return f"{kind}({inner})"
    if depth and isinstance(value, (list, tuple)):
        return f"{kind}({', '.join(described(v, depth - 1) for v in value)})"
    if depth and isinstance(value, (set, frozenset)):
        return f"{kind}({', '.join(sorted(described(v, depth - 1) for v in value))})"
    if isinstance(value, (str, bytes, bytearray, int, float, bool)) or value is None:
        return f"{kind} {value!r}" if kind not in {"str", "int", "float", "bool"} else repr(value)
    if callable(value):
        return "<function>"
    return f"<{kind}>"


def _constructor(value):
    try:
        return value.constructor.name
    except AttributeError:
        return "?"
