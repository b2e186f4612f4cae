"""What a program changes of JavaScript belongs to its generation."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pydo.host.importer import new_realm
from pydo.host.js.realm import stand, standing

if TYPE_CHECKING:
    from pydo.host.importer import Host


def change(js: Any, ffi: Any, value: int) -> None:
    """Change everything that can be changed."""
    ffi.register_js_module("cfg", js.Object.fromEntries([["v", value], ["sub", js.Object.new()]]))
    importlib.import_module("cfg.sub")
    js.Array.prototype.foo = js.Map.bar = js.Error.bar = js.Math.foo = js.mark = value
    js.globalThis.mark2 = value
    js.Date.now = lambda: value
    del js.navigator


def changes(js: Any) -> list[Any]:
    """Tell what is changed."""
    found: list[Any] = [
        getattr(owner, name, None)
        for owner, name in (
            (js.Array.prototype, "foo"),
            (js.Map, "bar"),
            (js.Error, "bar"),
            (js.Math, "foo"),
            (js.globalThis, "mark"),
            (js, "mark2"),
        )
    ]
    try:
        found.append(importlib.import_module("cfg").v)
    except ImportError:
        found.append(None)
    return [*found, js.Date.now() if js.Date.now() < 9 else None, hasattr(js, "navigator")]


NONE = [None] * 8 + [True]


def test_a_new_generation_finds_javascript_as_new(host: Host, js: Any, ffi: Any) -> None:
    with new_realm(host):
        change(js, ffi, 1)
        assert changes(js) == [1] * 8 + [False]

    with new_realm(host):
        assert changes(js) == NONE
        change(js, ffi, 2)
        assert changes(js) == [2] * 8 + [False]
        assert "cfg.sub" in sys.modules


def test_what_does_not_load_leaves_javascript_as_it_was(host: Host, js: Any, ffi: Any) -> None:
    @new_realm(host)
    def load() -> None:
        change(js, ffi, 2)
        raise SyntaxError

    change(js, ffi, 1)

    with pytest.raises(SyntaxError):
        load()

    assert changes(js) == [1] * 8 + [False]


def test_each_worker_finds_what_it_has_changed(host: Host, js: Any, ffi: Any) -> None:
    with new_realm(host):
        one = standing()
        change(js, ffi, 1)
    with new_realm(host):
        other = standing()
        change(js, ffi, 2)

    stand(one)
    assert changes(js) == [1] * 8 + [False]
    stand(other)
    assert changes(js) == [2] * 8 + [False]


def test_what_was_imported_stays_whatever_is_registered(js: Any, ffi: Any) -> None:
    for value in (1, 2):
        ffi.register_js_module("cfg", js.Object.fromEntries([["v", value]]))
        assert importlib.import_module("cfg").v == 1

    ffi.unregister_js_module("cfg")

    assert importlib.import_module("cfg").v == 1
