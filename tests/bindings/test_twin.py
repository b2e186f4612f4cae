"""The same calls of KV and D1 as wrangler was asked, and the answers that it gave.

`twin/worker.mjs` made the calls there, and `twin/record.py` wrote the answers down.
"""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.host.project import Project

TWIN = Path(__file__).parent / "twin"
PROGRAM = """
import json
import re

from js import Array, Date, Uint8Array
from pyodide.ffi import JsProxy, jsnull

VALUES = {
    "LONG512": lambda: "k" * 512,
    "LONG513": lambda: "k" * 513,
    "BIG1022": lambda: "m" * 1022,
    "BIG1023": lambda: "m" * 1023,
    "SIZE25": lambda: Uint8Array.new(25 * 1024 * 1024),
    "SIZE25+1": lambda: Uint8Array.new(25 * 1024 * 1024 + 1),
    "MANY100": lambda: to_js([f"q{i}" for i in range(100)]),
    "MANY101": lambda: to_js([f"q{i}" for i in range(101)]),
    "BYTES": lambda: to_js(bytes([1, 2, 255])),
    "BUFFER": lambda: to_js(bytes([7, 8])).buffer,
    "UNDEFINED": lambda: None,
    "INF": lambda: float("inf"),
    "NAN": lambda: float("nan"),
    "DATE": lambda: Date.new(0),
}
NOT_TOLD = {"duration", "size_after", "rows_read", "rows_written"}


def made(value):
    if isinstance(value, str) and value in VALUES:
        return VALUES[value]()
    if value is None:
        return jsnull
    if isinstance(value, list):
        array = Array.new()
        for each in value:
            array.push(made(each))
        return array
    if isinstance(value, dict):
        members = Object.new()
        for key, each in value.items():
            setattr(members, key, made(each))
        return members
    return value


async def told(value, key=None):
    if key in NOT_TOLD:
        return "N"
    if key == "expiration" and value < 2000000000:
        return "soon"
    if value is None:
        return "undefined"
    if value is jsnull:
        return None
    if not isinstance(value, JsProxy):
        return value
    kind = value.constructor.name
    if kind == "Map":
        entries = [[each[0], await told(each[1])] for each in value.entries()]
        for each in entries:
            each[0] = f"L{len(each[0])}" if len(each[0]) > 60 else each[0]
        return {"map": len(entries) if len(entries) > 50 else entries}
    if kind == "ArrayBuffer":
        return {"buffer": list(value.to_bytes())}
    if kind == "ReadableStream":
        return {"stream": await js.Response.new(value).text()}
    if kind == "Array":
        return [await told(each) for each in value]
    return {name: await told(getattr(value, name), name) for name in Object.keys(value)}


cursor = ""


async def kv(env, case):
    global cursor
    method, given = case
    args = [made(each) for each in given]
    if given and isinstance(given[0], dict) and given[0].get("cursor") == "CURSOR":
        args[0].cursor = cursor
    result = await getattr(env.KV, method)(*args)
    if isinstance(result, JsProxy) and getattr(result, "cursor", None):
        cursor = result.cursor
    return result


async def d1(env, case):
    method, text, given, column = (*case, None, None)[:4]
    db = env.DB

    def statement():
        prepared = db.prepare(text)
        return prepared.bind(*[made(each) for each in given]) if given else prepared

    match method:
        case "exec":
            return await db.exec(text)
        case "firstcol":
            return await statement().first(column)
        case "rawc":
            return await statement().raw(columnNames=True)
        case "batch":
            return await db.batch(to_js([db.prepare(each) for each in text]))
        case "dump":
            return await db.dump()
        case "bindtwice":
            return await db.prepare("select ? a, ? b").bind(1, 2).bind(3, 4).all()
        case "session":
            session = db.withSession() if text is None else db.withSession(text)
            before = session.getBookmark()
            result = await session.prepare(given).all()
            after = "string" if isinstance(session.getBookmark(), str) else "object"
            return to_js([before, after, result])
        case _:
            return await getattr(statement(), method)()


async def main(env, ctx):
    answers = []
    for case in json.loads(CASES):
        try:
            answers.append({"v": await told(await RUN(env._env, case))})
        except JsException as error:
            message = re.sub("k{100,}", "K", error.message)
            answers.append({"e": f"{error.name}: {message}"})
    return answers
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["kv", "d1"])
def test_what_wrangler_answers_is_answered(project: Project, name: str) -> None:
    recorded: list[dict[str, Any]] = _read(name, parse_int=float)
    cases = json.dumps([each["case"] for each in _read(name)])

    found = project.run(dedent(f"{PROGRAM}\nCASES = {cases!r}\nRUN = {name}\n"))

    differing = {
        json.dumps(each["case"]): {"wrangler": each["answer"], "pydo": answer}
        for each, answer in zip(recorded, found, strict=True)
        if answer != each["answer"]
    }
    assert differing == {}


def _read(name: str, **options: Any) -> list[dict[str, Any]]:
    """Read the cases; a number of JavaScript's is a float, as `parse_int` can have it."""
    cases: list[dict[str, Any]] = json.loads((TWIN / f"{name}.json").read_text(), **options)
    return cases
