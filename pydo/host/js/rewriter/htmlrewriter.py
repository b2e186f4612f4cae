"""The class `HTMLRewriter` (src/workerd/api/html-rewriter.c++)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydo.host.js.error import JsTypeError
from pydo.host.js.response import Response
from pydo.host.js.stream.strategy import Strategy, member
from pydo.host.js.stream.transform import connected
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.portability.bridge import borrowed

if TYPE_CHECKING:
    from pydo.host.js.rewriter.handlers import DocumentHandlers, ElementHandlers
    from pydo.host.js.rewriter.rewriting import Rewriting

__all__ = ["HTMLRewriter"]


class HTMLRewriter(JsProxy, metaclass=NativeClass):
    """Handlers for parts of a document, and the passage of documents through them."""

    __slots__ = ("_documents", "_elements")

    def __init__(self, *_: object) -> None:
        self._elements: list[ElementHandlers] = []
        self._documents: list[DocumentHandlers] = []

    def on(self, *given: Any, **named: Any) -> Self:
        """Call the functions of an object for the elements that a selector matches.

        Raises:
            JsException: a `TypeError` for what is no selector, or no such object.

        """
        if not given:
            raise JsTypeError(
                "Failed to execute 'on' on 'HTMLRewriter': parameter 1 is not of type 'string'."
            )
        # Few Workers change HTML, and all of them start.
        from pydo.host.js.rewriter.handlers import ElementHandlers  # noqa: PLC0415 - as said
        from pydo.host.js.rewriter.selector import Selector  # noqa: PLC0415 - as said

        functions = _functions(given, 1, named, "on", "ElementContentHandlers")
        element, comments, text = map(functions.named, ("element", "comments", "text"))
        selector = Selector(js_string(given[0]))
        self._elements.append(ElementHandlers(selector, element, comments, text))
        return self

    def onDocument(self, *given: Any, **named: Any) -> Self:
        """Call the functions of an object for the document.

        Raises:
            JsException: a `TypeError` for what is no such object.

        """
        from pydo.host.js.rewriter.handlers import DocumentHandlers  # noqa: PLC0415 - as in `on`

        functions = _functions(given, 0, named, "onDocument", "DocumentContentHandlers")
        names = ("doctype", "comments", "text", "end")
        self._documents.append(DocumentHandlers(*map(functions.named, names)))
        return self

    def transform(self, response: Any = None, *_: object) -> Response:
        """Give a response like another, whose body has passed the handlers.

        Raises:
            JsException: a `TypeError` for what is no response, for one that was read, or for one in
                characters that cannot be read.

        """
        if not isinstance(response, Response):
            raise JsTypeError(
                "Failed to execute 'transform' on 'HTMLRewriter': parameter 1 is not of type "
                "'Response'."
            )
        from pydo.host.js.rewriter.charset import Charset  # noqa: PLC0415 - as in `on`
        from pydo.host.js.rewriter.rewriting import Rewriting  # noqa: PLC0415 - as in `on`

        body = response.body
        if body is jsnull:
            return response
        if response.bodyUsed or body.locked:
            raise JsTypeError("The ReadableStream has been locked to a reader.")
        charset = Charset(response.headers.get("content-type") or "")
        handlers = tuple(self._elements), tuple(self._documents)
        passage = _Passage(Rewriting(*handlers, charset))
        return Response.new(body.pipeThrough(passage), response)


class _Passage:
    """The two ends of a transform of bytes."""

    def __init__(self, transformer: Rewriting) -> None:
        self.readable, self.writable = connected(transformer, Strategy(None, 1), Strategy(None, 0))
        self.readable.is_bytes = True


class _Functions:
    """The functions of an object of handlers, by their names."""

    def __init__(self, given: Any, interface: str) -> None:
        self._given = given
        self._interface = interface

    def named(self, name: str) -> Any:
        """Give the function, or None.

        Raises:
            JsException: a `TypeError` for what is no function.

        """
        function = member(self._given, name)
        if function is None:
            return None
        if not callable(function):
            raise JsTypeError(
                f"Incorrect type for the '{name}' field on '{self._interface}': the provided value"
                " is not of type 'function'."
            )
        if not isinstance(self._given, JsProxy):
            borrowed(function, "HTMLRewriter")
        return function


def _functions(
    given: tuple[Any, ...], position: int, named: dict[str, Any], method: str, interface: str
) -> _Functions:
    handlers = given[position] if len(given) > position else None
    if named:
        handlers = options(handlers, named)
    if handlers is None or handlers is jsnull or isinstance(handlers, (str, int, float)):
        raise JsTypeError(
            f"Failed to execute '{method}' on 'HTMLRewriter': parameter {position + 1} is not of "
            f"type '{interface}'."
        )
    return _Functions(handlers, interface)
