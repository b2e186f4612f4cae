"""What a Worker reads of its variables: the values that Pyodide gives for the same JSON."""

from __future__ import annotations

from typing import Any

import pytest

from pydo.host.env import make_env
from pydo.host.js.value import jsnull


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("text", "text"),
        ("", ""),
        (True, True),
        (1, 1),
        (1.0, 1),
        (1.5, 1.5),
        (9007199254740991, 9007199254740991),
        (None, jsnull),
    ],
)
def test_a_plain_variable_is_a_value_of_python(value: object, read: object) -> None:
    found = make_env({"NAME": value}, {}).NAME

    assert (type(found), found) == (type(read), read)


def test_objects_and_arrays_stay_javascripts() -> None:
    env: Any = make_env({"A": [1.0, "x", None], "O": {"a": {"b": None}, "2": 1, "1": 2}}, {})

    assert (type(env.A).__name__, str(env.A), env.A[2]) == ("JsProxy", "1,x,", jsnull)
    assert str(env.O) == "[object Object]"
    assert env.O.a.b is jsnull
    assert env.A.to_py() == [1, "x", jsnull]
    assert list(env.O.to_py()) == ["1", "2", "a"]
