"""What HTMLRewriter takes, and how it calls what it was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENT = "<p>a<b>c</b></p>"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


def rewritten(project: Project, handlers: str, document: str = DOCUMENT) -> Any:
    """Run `handlers`, which has a `rewriter`; gives the document that comes out."""
    lines = "\n    ".join(handlers.strip().splitlines())
    return project.run(f"""
async def main(env, ctx):
    rewriter, found = js.HTMLRewriter.new(), []
    {lines}
    answer = rewriter.transform(js.Response.new({document!r}))
    return [await attempt(answer.text()), *found]
""")


def test_an_instance_of_a_class_handles_with_its_methods(project: Project) -> None:
    answer = rewritten(
        project,
        """
class Handler:
    async def element(self, element):
        await asyncio.sleep(0.01)
        element.setAttribute("x", "1")
        element.append("<i>", html=True)
        element.onEndTag(create_proxy(self.end))
    def end(self, tag):
        found.append(tag.name)
    def text(self, text):
        if text.text:
            text.replace(text.text.upper())
rewriter.on("p", create_proxy(Handler()))
""",
    )

    assert answer == ['<p x="1">A<b>C</b><i></p>', "p"]


def test_an_exception_of_python_is_what_the_reader_gets(project: Project) -> None:
    answer = rewritten(
        project,
        """
def fail(element):
    raise ValueError("in a handler")
rewriter.on("b", to_js({"element": fail}, dict_converter=Object.fromEntries))
""",
    )

    assert answer[0].startswith("PythonError: Traceback")
    assert answer[0].endswith("ValueError: in a handler\n")


def test_a_piece_of_the_document_is_of_no_use_after_its_handler(project: Project) -> None:
    answer = rewritten(
        project,
        """
kept = []
rewriter.on("p", create_proxy({"element": kept.append}))
def look(text):
    try:
        kept[0].remove()
    except JsException as error:
        found.append(told(error))
rewriter.on("b", create_proxy({"element": look}))
""",
    )

    assert answer == [
        DOCUMENT,
        (
            "TypeError: This content token is no longer valid. Content tokens are only valid"
            " during the execution of the relevant content handler."
        ),
    ]


def test_responses_and_streams_can_be_put_in(project: Project) -> None:
    answer = rewritten(
        project,
        """
def put(element):
    element.append(js.Response.new("<i>é</i>"), html=True)
    element.prepend(js.Response.new("<b>").body)
rewriter.on("b", create_proxy({"element": put}))
""",
    )

    assert answer == ["<p>a<b>&lt;b&gt;c<i>é</i></b></p>"]


def test_a_long_document_lets_others_have_their_turns(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    async def passed(document):
        handled, seen = [], []
        rewriter = js.HTMLRewriter.new().on("p", create_proxy({"element": handled.append}))
        timer = js.setInterval(create_proxy(lambda: seen.append(len(handled))), 0)
        await rewriter.transform(js.Response.new(document)).text()
        js.clearInterval(timer)
        return any(0 < each < len(handled) for each in seen)
    return [await passed("<p>text</p>" * 20_000), await passed("<p>text</p>")]
""")

    assert answer == [True, False]


def test_a_response_keeps_its_head_and_one_without_a_body_is_let_be(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    rewriter = js.HTMLRewriter.new()
    head = {"status": 203, "headers": {"content-type": "text/html", "x": "y"}}
    given = js.Response.new("<p>", to_js(head, dict_converter=Object.fromEntries))
    answer, empty = rewriter.transform(given), js.Response.new(None, status=204)
    again = await attempt(given.text())
    try:
        rewriter.transform(given)
    except JsException as error:
        twice = told(error)
    return [answer.status, [list(each) for each in answer.headers], await answer.text(), again,
            twice, rewriter.transform(empty) is empty]
""")

    headers = [["content-type", "text/html"], ["x", "y"]]
    assert answer[:3] == [203, headers, "<p>"]
    assert answer[3].startswith("TypeError: Body has already been used")
    assert answer[4] == "TypeError: The ReadableStream has been locked to a reader."
    assert answer[5] is True


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("on()", "Failed to execute 'on' on 'HTMLRewriter': parameter 1 is not of type 'string'."),
        *(
            (
                call,
                (
                    "Failed to execute 'on' on 'HTMLRewriter': parameter 2 is not of type "
                    "'ElementContentHandlers'."
                ),
            )
            for call in ("on('p')", "on('p', 5)")
        ),
        (
            "on('p', {'element': 5})",
            (
                "Incorrect type for the 'element' field on 'ElementContentHandlers': the provided "
                "value is not of type 'function'."
            ),
        ),
        (
            "onDocument()",
            (
                "Failed to execute 'onDocument' on 'HTMLRewriter': parameter 1 is not of type "
                "'DocumentContentHandlers'."
            ),
        ),
        (
            "transform('x')",
            (
                "Failed to execute 'transform' on 'HTMLRewriter': parameter 1 is not of type "
                "'Response'."
            ),
        ),
    ],
)
def test_what_is_not_of_its_type_is_refused(project: Project, call: str, message: str) -> None:
    answer = project.run(f"""
async def main(env, ctx):
    try:
        js.HTMLRewriter.new().{call}
    except JsException as error:
        return told(error)
""")

    assert answer == f"TypeError: {message}"


PASSES = {
    # What wrangler answers: the bytes that come out, and what the handler sees.
    "nothing": (b"<p>\xe9</p>", "text/html", "", b"<p>\xe9</p>", []),
    "text": (b"<p>\xe9</p>", "text/html", "text", b"<p>\xef\xbf\xbd</p>", ["\ufffd"]),
    "an attribute": (b"<p x=\xe9>", "text/html", "element", b'<p x=\xe9 y="1">', ["\ufffd"]),
    "another charset": (
        b"<p>\xe9</p>",
        "text/html; charset=iso-8859-1",
        "text",
        b"<p>\xe9\xe9\x80</p>",
        ["é"],
    ),
}


@pytest.mark.parametrize("name", PASSES)
def test_a_document_is_read_and_written_in_its_own_characters(project: Project, name: str) -> None:
    document, content_type, function, wanted, seen = PASSES[name]

    answer = project.run(f"""
async def main(env, ctx):
    found = []
    def text(piece):
        if piece.text:
            found.append(piece.text)
            if "charset" in {content_type!r}:
                piece.after("é€")
    def element(tag):
        found.append(tag.getAttribute("x"))
        tag.setAttribute("y", "1")
    handler = {{"text": text, "element": element}}.get({function!r}, print)
    rewriter = js.HTMLRewriter.new().on("p", create_proxy({{{function!r} or "comments": handler}}))
    headers = js.Headers.new([["content-type", {content_type!r}]])
    answer = rewriter.transform(js.Response.new(to_js({document!r}), headers=headers))
    return [(await answer.bytes()).to_bytes(), found]
""")

    assert answer == [wanted, seen]


@pytest.mark.parametrize(
    ("charset", "refusal"),
    [
        ("foo", "Unknown character encoding has been provided."),
        ("utf-16", "Expected ASCII-compatible encoding."),
    ],
)
def test_characters_that_cannot_be_read_are_refused(
    project: Project, charset: str, refusal: str
) -> None:
    answer = project.run(f"""
async def main(env, ctx):
    headers = js.Headers.new([["content-type", "text/html; charset={charset}"]])
    try:
        js.HTMLRewriter.new().transform(js.Response.new("<p>", headers=headers))
    except JsException as error:
        return told(error)
""")

    assert answer == f"TypeError: Parser error: {refusal}"


def test_a_piece_is_of_no_use_either_once_its_handler_has_failed(project: Project) -> None:
    answer = rewritten(
        project,
        """
kept = []
def fail(element):
    kept.append(element)
    raise ValueError
rewriter.on("p", create_proxy({"element": fail}))
await attempt(rewriter.transform(js.Response.new("<p>")).text())
try:
    found.append(kept[0].tagName)
except JsException as error:
    found.append(told(error))
""",
    )

    assert answer[1].startswith("TypeError: This content token is no longer valid.")
