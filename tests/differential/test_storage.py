"""What storage answers, step for step, against what wrangler's workerd has answered (record.py)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.differential.cases import CASES, COUNTED, SCHEMA
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWERS: dict[str, Any] = json.loads((Path(__file__).parent / "answers.json").read_text())
CODE = """
import json
from pyodide.ffi import jsnull
from differential import given, shown

class A(DurableObject):
    async def run(self, text):
        self.cursors, self.transactions = {}, []
        return json.dumps(await self.run_steps(json.loads(text)))

    async def run_steps(self, steps):
        found = []
        for step in steps:
            try:
                answer = self.step(step)
                found.append(await answer if hasattr(answer, "__await__") else answer)
            except JsException as error:
                found.append({"error": told(error)})
        return found

    def run_sync(self, steps):
        return [self.attempt(step) for step in steps]

    def attempt(self, step):
        try:
            return self.step(step)
        except JsException as error:
            return {"error": told(error)}

    def alarm(self):
        pass

    async def called(self, target, method, arguments):
        result = getattr(target, method)(*map(given, arguments))
        return shown(await result if hasattr(result, "__await__") else result)

    async def transaction(self, step):
        inner = []
        async def body(txn):
            self.transactions.append(txn)
            inner.extend(await self.run_steps(step["transaction"]))
            if step.get("throws"):
                raise js.Error.new("taken back")
            return "value"
        try:
            return {"inner": inner, "value": await self.ctx.storage._binding.transaction(body)}
        except JsException as error:
            return {"inner": inner, "error": told(error)}
        finally:
            if not step.get("keeps"):
                self.transactions.pop()

    def step(self, step):
        storage = self.ctx.storage._binding
        sql = storage.sql
        if "call" in step:
            return self.called(storage, step["call"], step["args"])
        if "kv" in step:
            return shown(getattr(storage.kv, step["kv"])(*map(given, step["args"])))
        if "listed" in step:
            return [shown(each) for each in storage.kv.list(*map(given, step["args"]))]
        if "txn" in step:
            return self.called(self.transactions[-1], step["txn"], step["args"])
        if "transaction" in step:
            return self.transaction(step)
        if isinstance(step, list):
            cursor = sql.exec(step[0], *map(given, step[1:]))
            names, rows = cursor.columnNames, cursor.raw()
            return {"names": shown(names), "rows": shown(rows.toArray()), "counts": counts(cursor)}
        if "size" in step:
            return sql.databaseSize
        if "sync" in step:
            return self.sync(step)
        if "open" in step:
            self.cursors[step["open"]] = sql.exec(step["sql"], *map(given, step.get("bind", [])))
            return None
        (verb, name), *_ = step.items()
        cursor = self.cursors[name]
        match verb:
            case "next":
                found = cursor.next()
                if found.done:
                    return {"done": True, "value": getattr(found, "value", None) is None}
                return {"done": False, "value": shown(found.value)}
            case "all":
                return shown(cursor.toArray())
            case "one":
                return shown(cursor.one())
            case "raw":
                return shown(cursor.raw().toArray())
            case "take":
                return shown(cursor.raw().next().value)
            case "names":
                return shown(cursor.columnNames)
            case "counts":
                return counts(cursor)

    def sync(self, step):
        inner = []
        def body():
            inner.extend(self.run_sync(step["sync"]))
            if step["throws"]:
                raise js.Error.new("taken back")
        try:
            self.ctx.storage._binding.transactionSync(body)
        except JsException as error:
            return {"inner": inner, "error": told(error)}
        return {"inner": inner}

def counts(cursor):
    return [cursor.rowsRead, cursor.rowsWritten]

async def main(env, ctx):
    objects = [env.A.getByName(str(number)) for number in range(len(PROGRAMS))]
    return [await attempt(a.run(each)) for a, each in zip(objects, PROGRAMS)]
"""
HELP = """
import js
from pyodide.ffi import JsProxy, jsnull, to_js

def given(value):
    if isinstance(value, list):
        return js.Array.of(*map(given, value))
    if not isinstance(value, dict):
        return jsnull if value is None else value
    match value.get("$"):
        case "nothing":
            return None
        case "infinity":
            return float("inf")
        case "blob":
            return to_js(bytes.fromhex(value["value"])).buffer
        case "bigint":
            return js.BigInt(value["value"])
        case "array":
            return to_js(value["value"])
    return js.Object.fromEntries([[name, given(each)] for name, each in value.items()])

def shown(value):
    if value is jsnull:
        return None
    if value is None:
        return {"$": "undefined"}
    if isinstance(value, float):
        return {"$": "number", "value": js.String(value)}
    if isinstance(value, int) and abs(value) > 2**53 - 1:
        return {"$": "bigint", "value": str(value)}
    if not isinstance(value, JsProxy):
        return value
    match js.Object.prototype.toString.call(value):
        case "[object ArrayBuffer]":
            return {"$": "blob", "value": value.to_bytes().hex()}
        case "[object Array]":
            return [shown(each) for each in value]
        case "[object Map]":
            return {"$": "map", "value": [[shown(k), shown(value.get(k))] for k in value.keys()]}
    return [[name, shown(each)] for name, each in value.object_entries()]
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What pydo answers to all the programs."""
    project = Project(tmp_path_factory.mktemp("sql"))
    (project.file.parent / "differential.py").write_text(HELP)
    programs = [json.dumps(steps) for steps in CASES.values()]
    found = project.run(f"PROGRAMS = {programs!r}\n{CODE}")
    yield dict(zip(CASES, map(_read, found), strict=True))
    project.close()


def _read(text: str) -> Any:
    if text.startswith("["):
        return json.loads(text)
    return {"reset": re.sub("reference = .*", "reference = …", text)}


def test_every_program_was_recorded() -> None:
    assert list(ANSWERS) == list(CASES)
    assert sum(map(len, CASES.values())) > 650


@pytest.mark.parametrize("name", CASES)
def test_a_program_answers_as_under_workerd(name: str, answers: dict[str, Any]) -> None:
    found, expected = answers[name], ANSWERS[name]
    if isinstance(expected, dict):  # the object was reset
        assert found == expected
        return
    different = [
        {"step": step, "found": each, "expected": wanted}
        for step, each, wanted in zip(CASES[name], found, expected, strict=True)
        if _compared(name, step, each) != _compared(name, step, wanted)
    ]
    assert different == []


def _compared(name: str, step: Any, answer: Any) -> Any:
    if isinstance(answer, list):
        return [_compared(name, step, each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    text = step[0] if isinstance(step, tuple) else ""
    is_counted = name in COUNTED and text not in COUNTED[name] and not text.startswith(SCHEMA)
    return {
        key: _compared(name, step, value)
        for key, value in answer.items()
        if key != "counts" or is_counted
    }


@pytest.mark.parametrize("name", COUNTED)
def test_what_is_said_to_cost_something_else_does(name: str, answers: dict[str, Any]) -> None:
    apart = {
        step[0]
        for step, each, wanted in zip(CASES[name], answers[name], ANSWERS[name], strict=True)
        if isinstance(step, tuple) and each != wanted and not step[0].startswith(SCHEMA)
    }

    assert apart == COUNTED[name]
