"""One passage of a document through handlers.

Elements are kept as their tags open and close, as in lol-html: no tag is thought of that is not
written, an end tag closes all up to the last element of its name, and what those wanted at their
end happens to that tag.  Source: cloudflare/lol-html src/rewriter.
"""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.buffer import bytes_of
from pydo.host.js.error import JsTypeError
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.rewriter import content, markup
from pydo.host.js.rewriter.element import Element
from pydo.host.js.rewriter.selector import Node
from pydo.host.js.value import jsnull
from pydo.host.pythonerror import python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydo.host.js.rewriter.charset import Charset
    from pydo.host.js.rewriter.element import AtEnd
    from pydo.host.js.rewriter.handlers import DocumentHandlers, ElementHandlers

__all__ = ["Rewriting"]

_PIECE: Final = 16 * 1024  # characters, after which others have their turns
_PAUSE_S: Final = 1e-6  # with none at all the same turn would go on
_NO_BYTES: Final = "This ReadableStream did not return bytes."
_HTML: Final = "http://www.w3.org/1999/xhtml"
_SVG: Final = "http://www.w3.org/2000/svg"
_MATHML: Final = "http://www.w3.org/1998/Math/MathML"
_ROOTS: Final = {"svg": _SVG, "math": _MATHML}
_WITH_HTML_WITHIN: Final = {
    _SVG: frozenset({"foreignobject", "desc", "title"}),
    _MATHML: frozenset({"mi", "mo", "mn", "ms", "mtext"}),
}
_VOID: Final = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img"),
        *("input", "keygen", "link", "meta", "param", "source", "track", "wbr"),
    }
)
_RAW_TEXT: Final = frozenset(
    {
        *("iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style"),
        *("textarea", "title", "xmp"),
    }
)


@dataclass(slots=True)
class _Open:
    """An element whose end tag has not come.

    `listening` are those who hear of what is in it; `at_end` is None where nothing is wanted then.
    """

    node: Node
    namespace: str
    listening: list[ElementHandlers]
    at_end: AtEnd | None = None
    is_emptied: bool = False


class Rewriting:
    """The transformer of a stream of bytes."""

    def __init__(
        self,
        elements: Sequence[ElementHandlers],
        documents: Sequence[DocumentHandlers],
        charset: Charset,
    ) -> None:
        self._elements = elements
        self._documents = documents
        self._scanner = markup.Scanner()
        self._charset = charset
        self._decoder = charset.decoder()
        self._root = Node("", {}, None)
        self._open: list[_Open] = []
        self._hearing = dict.fromkeys(elements, 0)  # in how many open elements each hears
        self._heard_by: Sequence[ElementHandlers | DocumentHandlers] = documents
        self._emptied = 0  # of the open elements
        self._is_in_text = False
        self._out: deque[str] = deque()

    async def transform(self, chunk: Any, controller: Any) -> None:
        """Let some bytes pass."""
        data = bytes_of(chunk)
        if data is None:
            raise JsTypeError(_NO_BYTES)
        text = self._decoder.decode(data)
        for start in range(0, len(text), _PIECE):
            await self._feed(text[start : start + _PIECE])
            self._send(controller)
            if start + _PIECE < len(text):
                await asyncio.sleep(_PAUSE_S)

    async def flush(self, controller: Any) -> None:
        """Let the rest pass, and what handlers put behind everything."""
        await self._feed(self._decoder.decode(b"", final=True), is_last=True)
        await self._end_text()
        end = content.DocumentEnd()
        await self._call([each.end for each in self._documents if each.end is not None], end)
        self._out.append(await content.written(end.pieces))
        self._send(controller)

    def _send(self, controller: Any) -> None:
        out = "".join(self._out)
        self._out.clear()
        if out:
            controller.enqueue(Uint8Array.new(bytearray(self._charset.encode(out))))

    async def _feed(self, text: str, *, is_last: bool = False) -> None:
        for token in self._scanner.feed(text, is_last=is_last):
            match token:
                case markup.Text():
                    await self._text(token)
                case markup.StartTag():
                    await self._end_text()
                    await self._start(token)
                case markup.EndTag():
                    await self._end_text()
                    await self._end(token)
                case markup.Comment():
                    await self._end_text()
                    await self._comment(token)
                case markup.Doctype():
                    await self._doctype(token)
                case markup.Rest():
                    self._put(token.raw)

    # -- tags

    async def _start(self, tag: markup.StartTag) -> None:
        tag = self._readable(tag)
        name = tag.written.lower()
        parent = self._open[-1] if self._open else None
        namespace, within = _namespaces(name, parent)
        node = self._node(name, tag, self._root if parent is None else parent.node)
        has_end = not (name in _VOID if within == _HTML else tag.is_self_closing)
        opened = _Open(node, within, [e for e in self._elements if e.selector.matches(node)])
        handlers = [each.element for each in opened.listening if each.element is not None]
        if handlers:
            is_removed = self._emptied > 0
            element = Element(tag, namespace, has_end=has_end, is_removed=is_removed)
            await self._call(handlers, element)
            self._put(await element.applied())
            opened.at_end, opened.is_emptied = element.at_end, element.content.is_removed
        else:
            self._put(tag.raw)
        if has_end:
            self._push(opened)
            if within == _HTML and name in _RAW_TEXT:
                self._scanner.raw_text = name

    def _readable(self, tag: markup.StartTag) -> markup.StartTag:
        shown = self._charset.shown
        if shown(tag.raw) is tag.raw:
            return tag
        attributes = [replace(each, value=shown(each.value)) for each in tag.attributes]
        return replace(tag, attributes=tuple(attributes))

    def _node(self, name: str, tag: markup.StartTag, parent: Node) -> Node:
        parent.children += 1
        of_type = parent.children_of[name] = parent.children_of.get(name, 0) + 1
        # Of an attribute that stands twice the first counts.
        attributes = {each.name: each.value for each in reversed(tag.attributes)}
        above = None if parent is self._root else parent
        return Node(name, attributes, above, parent.children, of_type)

    async def _end(self, tag: markup.EndTag) -> None:
        self._scanner.raw_text = None
        wanted = [each.at_end for each in self._popped(tag.written.lower()) if each.at_end]
        if not wanted:
            self._put(tag.raw)
            return
        end = content.EndTag(tag.written, content.Mutations())
        for each in wanted:
            if each.name is not None:
                end.rename(each.name)
            if each.is_wanted:
                end.take(each.mutations)
            if each.handler is not None:
                end = end.again()
                await self._call([each.handler], end)
        self._put(await end.applied(tag.raw))

    def _push(self, opened: _Open) -> None:
        self._open.append(opened)
        self._emptied += opened.is_emptied
        self._count(opened.listening, 1)

    def _popped(self, name: str) -> list[_Open]:
        """Take the elements off that an end tag closes, the innermost first; it may be none."""
        index = len(self._open) - 1
        while index >= 0 and self._open[index].node.name != name:
            index -= 1
        if index < 0:
            return []
        closed = self._open[: index - 1 if index else None : -1]
        del self._open[index:]
        self._emptied -= sum(each.is_emptied for each in closed)
        self._count([each for opened in closed for each in opened.listening], -1)
        return closed

    # -- between tags

    async def _text(self, token: markup.Text) -> None:
        self._is_in_text = True
        await self._text_piece(token.raw, is_last=False)

    async def _end_text(self) -> None:
        if self._is_in_text:
            self._is_in_text = False
            await self._text_piece("", is_last=True)

    async def _text_piece(self, text: str, *, is_last: bool) -> None:
        handlers = [each.text for each in self._heard_by if each.text is not None]
        if not handlers:
            self._put(text)
            return
        piece = content.Text(self._charset.shown(text), is_last=is_last)
        await self._call(handlers, piece)
        self._put(await piece.applied())

    async def _comment(self, token: markup.Comment) -> None:
        comment = content.Comment(self._charset.shown(token.text))
        handlers = [each.comments for each in self._heard_by if each.comments is not None]
        await self._call(handlers, comment)
        self._put(await comment.applied(token.raw))

    async def _doctype(self, token: markup.Doctype) -> None:
        ids = (token.name, token.public_id, token.system_id)
        doctype = content.Doctype(*(jsnull if each is None else each for each in ids))
        handlers = [each.doctype for each in self._documents if each.doctype is not None]
        await self._call(handlers, doctype)
        self._put(token.raw)

    # -- handlers

    def _count(self, listening: Sequence[ElementHandlers], change: int) -> None:
        """Note that an element of theirs has begun or ended: few do so while another is open."""
        had = [each for each in listening if self._hearing[each]]
        for each in listening:
            self._hearing[each] += change
        if had != [each for each in listening if self._hearing[each]]:
            heard = [each for each, count in self._hearing.items() if count]
            self._heard_by = [*heard, *self._documents]

    async def _call(self, handlers: Sequence[Any], token: content.Token) -> None:
        try:
            for handler in handlers:
                result = pinned(handler, token)
                if inspect.isawaitable(result):
                    await result
        except Exception as error:
            raise python_error(error) from error
        finally:
            token.end()

    def _put(self, text: str) -> None:
        if text and not self._emptied:
            self._out.append(text)


def _namespaces(name: str, parent: _Open | None) -> tuple[str, str]:
    """Give the namespace that an element tells, and the one of what is within."""
    outside = _HTML if parent is None else parent.namespace
    namespace = _ROOTS.get(name, outside)
    if name in _WITH_HTML_WITHIN.get(outside, ()):
        return _HTML, _HTML
    return namespace, namespace
