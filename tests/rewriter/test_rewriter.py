"""HTMLRewriter against what wrangler 4.86 answered (`record.py`)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.host.js.json import stringify
from pydo.host.js.object import JsObject
from pydo.host.js.response import Response
from pydo.host.js.rewriter import HTMLRewriter
from pydo.host.js.value import jsnull
from tests.rewriter.cases import CASES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ANSWERS = json.loads((Path(__file__).parent / "answers.json").read_text())


class Handler:
    """Does to each piece of a document what the steps of a case say."""

    def __init__(self, steps: list[Any], notes: list[str]) -> None:
        self.steps = steps
        self.notes = notes

    def __call__(self, token: Any) -> None:
        for verb, name, *rest in self.steps:
            if verb == "raise":
                raise JsException("RangeError", name)
            try:
                self.step(token, verb, name, [given(each) for each in rest])
            except JsException as error:
                if error.name == "RangeError":
                    raise
                self.notes.append(f"{error.name}: {error.message}")

    def step(self, token: Any, verb: str, name: Any, rest: list[Any]) -> None:
        if verb == "set":
            setattr(token, name, rest[0])
        elif verb == "call":
            getattr(token, name)(*rest)
        elif verb == "give":
            self.notes.append(stringify(getattr(token, name)(*rest)) or "null")
        elif verb == "note":
            self.notes.extend(noted(token, each) for each in [name, *rest])
        elif verb == "end":
            token.onEndTag(Handler(name, self.notes))
        elif token.text:
            Handler(name, self.notes)(token)


def given(value: Any) -> Any:
    if isinstance(value, dict):
        return JsObject(value)
    return jsnull if value is None else value


def noted(token: Any, name: str) -> str:
    if name == "kind":
        return json.dumps(token.toString())
    if name == "attributes":
        pairs = [list(each) for each in token.attributes]
        return json.dumps(pairs, separators=(",", ":"), ensure_ascii=False)
    return stringify(getattr(token, name)) or "null"


async def rewritten(document: str, handlers: Any, piece: int | None = None) -> Any:
    notes: list[str] = []
    try:
        rewriter = HTMLRewriter.new()
        for selector, functions in handlers:
            called = JsObject({n: Handler(steps, notes) for n, steps in functions.items()})
            if selector is None:
                rewriter.onDocument(called)
            else:
                rewriter.on(selector, called)
        answer = rewriter.transform(Response.new(body(document, piece)))
        return {"out": await answer.text(), "notes": notes}
    except JsException as error:
        return {"error": f"{error.name}: {error.message}", "notes": notes}


def body(document: str, piece: int | None) -> Any:
    if piece is None:
        return document
    content = document.encode()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), piece):
            yield content[start : start + piece]

    return chunks()


@pytest.mark.parametrize("name", CASES)
def test_documents_are_changed_as_by_workerd(name: str) -> None:
    assert asyncio.run(rewritten(*CASES[name])) == ANSWERS[name]


@pytest.mark.parametrize("name", [name for name in CASES if "selector" not in name])
@pytest.mark.parametrize("piece", [1, 7])
def test_it_is_the_same_however_a_document_arrives(name: str, piece: int) -> None:
    document, handlers = CASES[name]
    unsplit = [(s, f) for s, f in handlers if "text" not in f]

    whole = asyncio.run(rewritten(document, unsplit))

    assert asyncio.run(rewritten(document, unsplit, piece)) == whole


@pytest.mark.parametrize(
    ("beginning", "repeated", "selector", "function"),
    [
        ("", "<p>ab", "p", "text"),
        ("", "<p><b>ab</b>", "div b", "element"),
        ("<!--", "x" * 200, "b", "element"),
    ],
    ids=["tags left open", "a space in a selector", "a comment"],
)
def test_a_document_twelve_times_as_long_takes_about_twelve_times_as_long(
    beginning: str, repeated: str, selector: str, function: str
) -> None:
    def seconds(count: int) -> float:
        start = process_time()
        asyncio.run(rewritten(beginning + repeated * count, [(selector, {function: []})]))
        return process_time() - start

    seconds(10)

    assert seconds(6000) < 40 * seconds(500)
