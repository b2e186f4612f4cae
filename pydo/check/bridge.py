"""Rules of the bridge to JavaScript: what is known to be an object of its, and what is given to it.

Known are the sockets of an object's handlers, those of `getWebSockets()` and `WebSocketPair`; what
comes from elsewhere is not followed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pydo.check.finding import Finding
from pydo.config import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.check.module import Call, Function, Module
    from pydo.check.project import Project

__all__ = ["check_bridge"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_HANDLERS = {"webSocketMessage", "webSocketClose", "webSocketError"}
_KEEPERS = {"addEventListener", "setTimeout", "setInterval"}
_KEYED = {"add", "discard", "get", "pop", "setdefault"}
_STORES = {"put", "serializeAttachment", "structuredClone"}
_PROXY = {"pyodide.ffi.create_proxy", "pyodide.ffi.create_once_callable"}


def check_bridge(project: Project) -> Iterator[Finding]:
    """Find what JavaScript could not read, or would not keep; and what Python could not."""
    for module in project.modules:
        yield from _kept(module)
        for function in ast.walk(module.tree):
            if isinstance(function, _Function):
                sockets = _sockets(module, function)
                yield from _hashed(module, function, sockets)
                yield from _sent(module, function, sockets)
        yield from _mapped(project, module)
        yield from _nulls(project, module)


def _sockets(module: Module, function: _Function) -> set[str]:
    """Give the names in a function that stand for sockets of the runtime's."""
    found: set[str] = set()
    if function.name in _HANDLERS and len(function.args.args) > 1:
        found.add(function.args.args[1].arg)
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[target], value=ast.Call() as value):
                if ast.unparse(value).startswith("WebSocketPair.new()"):
                    found |= _names(target)
            case (
                ast.For(target=target, iter=ast.Call() as value)
                | ast.comprehension(target=target, iter=ast.Call() as value)
            ):
                if module.dotted(value.func).rpartition(".")[2] == "getWebSockets":
                    found |= _names(target)
            case _:
                pass
    return found


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _hashed(module: Module, function: ast.AST, sockets: set[str]) -> Iterator[Finding]:
    for node in ast.walk(function):
        keys: list[ast.expr | None] = []
        match node:
            case ast.Set(elts=elements):
                keys = [*elements]
            case ast.Dict(keys=entries):
                keys = entries
            case ast.Subscript(slice=key):
                keys = [key]
            case ast.SetComp(elt=element) | ast.DictComp(key=element):
                keys = [element]
            case ast.Call(func=ast.Attribute(attr=attribute), args=[key, *_]) if (
                attribute in _KEYED
            ):
                keys = [key]
            case ast.Call(func=ast.Name(id="hash"), args=[key]):
                keys = [key]
            case _:
                pass
        for name in keys:
            if isinstance(name, ast.Name) and name.id in sockets:
                yield Finding(
                    "hashed-proxy",
                    f"{name.id} is an object of JavaScript's, which has no hash on Cloudflare: it"
                    " can be in no set, and be no key",
                    "keep sockets in a list, or ask `ctx.getWebSockets()`; tell them apart by"
                    " tags or attachments",
                    module.span(name),
                )


def _sent(module: Module, function: _Function, sockets: set[str]) -> Iterator[Finding]:
    transactions = _transactions(module, function)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner, name = node.func.value, node.func.attr
        taken: ast.expr | None = None
        if _stands_for(owner, sockets) and name in {"send", "serializeAttachment"} and node.args:
            taken = node.args[0]
        elif name in {"acceptWebSocket", "put"} and len(node.args) > 1:
            is_raw = name == "acceptWebSocket" or _stands_for(owner, transactions)
            taken = node.args[1] if is_raw else None
        if taken is None:
            continue
        kind = _raw_kind(taken, module)
        if kind is not None:
            yield Finding(
                "raw-value",
                f"{name} gets a Python {kind}, which JavaScript cannot read",
                "pass to_js(value, dict_converter=Object.fromEntries)"
                if kind == "dict"
                else "pass to_js(value), from pyodide.ffi",
                module.span(taken),
            )


def _stands_for(node: ast.expr, names: set[str]) -> bool:
    return isinstance(node, ast.Name) and node.id in names


def _transactions(module: Module, function: _Function) -> set[str]:
    """Give the parameter that is a transaction, of a function that is given to `transaction`.

    The SDK hands it on as JavaScript has it, unlike `ctx.storage` itself.
    """
    given = {
        each.id
        for call in module.calls
        if call.name.rpartition(".")[2] == "transaction"
        for each in call.node.args
        if isinstance(each, ast.Name)
    }
    return {each.arg for each in function.args.args[:1]} if function.name in given else set()


def _mapped(project: Project, module: Module) -> Iterator[Finding]:
    """What `to_js` of Pyodide 0.28 makes of a dict is of a class that cannot be cloned."""
    if project.python != (3, 13):
        return
    for call in module.calls:
        if call.name.rpartition(".")[2] not in _STORES:
            continue
        for value in call.node.args:
            match value:
                case ast.Call(func=function, args=[taken, *_], keywords=keywords) if (
                    module.dotted(function) == "pyodide.ffi.to_js"
                    and _raw_kind(taken, module) == "dict"
                    and not any(each.arg in {None, "dict_converter"} for each in keywords)
                ):
                    yield Finding(
                        "dict-is-map",
                        "to_js makes a map of a dict, which can be neither stored nor attached",
                        "pass dict_converter=Object.fromEntries to it, with Object from js",
                        module.span(value),
                    )
                case _:
                    pass


def _raw_kind(node: ast.expr, module: Module) -> str | None:
    match node:
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Tuple():
            return "tuple"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Constant(value=bytes()):
            return "bytes"
        case ast.Call(func=ast.Attribute(attr="encode")):
            return "bytes"
        case ast.Call(func=ast.Name() as function) if (kind := module.dotted(function)) in {
            "bytes",
            "bytearray",
            "memoryview",
            "dict",
            "list",
            "set",
            "tuple",
        }:
            return kind
        case _:
            return None


def _kept(module: Module) -> Iterator[Finding]:
    proxied = _proxied(module)
    for call in module.calls:
        keeper = call.name.rpartition(".")[2]
        if keeper not in _KEEPERS or not _is_javascripts(call, keeper):
            continue
        position = 1 if keeper == "addEventListener" else 0
        for function in call.node.args[position : position + 1]:
            if _is_borrowed(module, call, function, proxied):
                once = "create_once_callable" if keeper == "setTimeout" else "create_proxy"
                yield Finding(
                    "borrowed-callable",
                    f"{keeper} keeps a Python function, which Cloudflare destroys when the call"
                    " returns",
                    f"pass {once}(function), from pyodide.ffi",
                    module.span(function),
                )


def _is_javascripts(call: Call, keeper: str) -> bool:
    return keeper == "addEventListener" or call.name in {f"js.{keeper}", f"js.globalThis.{keeper}"}


def _is_borrowed(module: Module, call: Call, node: ast.expr, proxied: set[str]) -> bool:
    methods = {
        each
        for owner in ast.walk(module.tree)
        if isinstance(owner, ast.ClassDef)
        for each in owner.body
        if isinstance(each, _Function)
    }
    defined = {each for each in ast.walk(module.tree) if isinstance(each, _Function)}
    match node:
        case ast.Lambda():
            return True
        case ast.Name(id=name):
            parameters = set() if call.function is None else _parameters(call.function)
            functions = {each.name for each in defined - methods}
            return name in functions - proxied - parameters
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return name in {each.name for each in methods}
        case _:
            return False


def _parameters(function: Function) -> set[str]:
    return {each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)}


def _proxied(module: Module) -> set[str]:
    """Give the names that are assigned a proxy, or decorated as one."""
    found: set[str] = set()
    for node in ast.walk(module.tree):
        match node:
            case ast.Assign(targets=targets, value=ast.Call(func=function)):
                if module.dotted(function) in _PROXY:
                    found |= {name for target in targets for name in _names(target)}
            case (
                ast.FunctionDef(name=name, decorator_list=decorators)
                | ast.AsyncFunctionDef(name=name, decorator_list=decorators)
            ):
                if any(module.dotted(each) in _PROXY for each in decorators):
                    found.add(name)
            case _:
                pass
    return found


def _nulls(project: Project, module: Module) -> Iterator[Finding]:
    """From Python 3.13 on null arrives as `jsnull`, and is not None."""
    if project.python < (3, 13):
        return
    for function in ast.walk(module.tree):
        if not isinstance(function, _Function):
            continue
        given = {
            name
            for node in ast.walk(function)
            if isinstance(node, ast.Assign) and _gives_null(node.value)
            for target in node.targets
            for name in _names(target)
        }
        for node in ast.walk(function):
            match node:
                case ast.Compare(
                    left=left, ops=[ast.Is() | ast.IsNot()], comparators=[ast.Constant(value=None)]
                ) if _gives_null(left) or (isinstance(left, ast.Name) and left.id in given):
                    yield Finding(
                        "null-is-none",
                        "deserializeAttachment gives JavaScript's null where nothing is attached,"
                        " which arrives as jsnull and never is None",
                        "compare with jsnull, from pyodide.ffi, or test whether it is true",
                        module.span(left),
                        Severity.WARNING,
                    )
                case _:
                    pass


def _gives_null(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and (
        isinstance(node.func, ast.Attribute) and node.func.attr == "deserializeAttachment"
    )
