"""`pyodide.http`: a response as Python code reads it, and `pyfetch`.

Source: pyodide/pyodide src/py/pyodide/http/pyfetch.py.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.js.abort import AbortController, AbortSignal
from pydo.host.js.array import JsArray
from pydo.host.js.object import JsObject
from pydo.host.tojs import to_js

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydo.host.js.buffer import ArrayBuffer
    from pydo.host.js.response import Response
    from pydo.host.promise import JsPromise

__all__ = ["AbortError", "BodyUsedError", "FetchResponse", "HttpStatusError", "names"]

_MODULE = "pyodide.http"  # what tracebacks call it
_CLIENT_ERROR, _NO_ERROR = 400, 600


class BodyUsedError(OSError):
    """The body was read before."""

    __module__ = _MODULE

    def __init__(self, *args: Any) -> None:
        super().__init__("Response body is already used")
        del args


class HttpStatusError(OSError):
    """The status is one of failure."""

    __module__ = _MODULE

    def __init__(self, status: int, status_text: str, url: str) -> None:
        self.status = status
        self.status_text = status_text
        self.url = url
        kind = "Client" if status < 500 else "Server"  # noqa: PLR2004 - the standard's classes
        super().__init__(f"{status} {kind} Error: {status_text} for url: {url}")


class AbortError(OSError):
    """There was no response; the cause says why."""

    __module__ = _MODULE

    def __init__(self, reason: Any) -> None:
        super().__init__(reason.message)


class FetchResponse:
    """A response; `workers.Response` is a kind of it."""

    __module__ = _MODULE

    def __init__(
        self,
        url: str,
        js_response: Response,
        abort_controller: Any = None,
        abort_signal: Any = None,
    ) -> None:
        self._url = url
        self.js_response = js_response
        self.abort_controller = abort_controller
        self.abort_signal = abort_signal

    @property
    def body_used(self) -> bool:
        """Whether the body was read."""
        return self.js_response.bodyUsed

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by their names in lower case."""
        return {str(name): str(value) for name, value in self.js_response.headers}

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.js_response.ok

    @property
    def redirected(self) -> bool:
        """Whether redirections were followed."""
        return self.js_response.redirected

    @property
    def status(self) -> int:
        """The status."""
        return self.js_response.status

    @property
    def status_text(self) -> str:
        """The words of the status."""
        return self.js_response.statusText

    @property
    def type(self) -> str:
        """The kind of response."""
        return self.js_response.type

    @property
    def url(self) -> str:
        """Where it came from."""
        return self.js_response.url

    def raise_for_status(self) -> None:
        """Raise if the status is one of failure.

        Raises:
            HttpStatusError: it is 400 or more.

        """
        if _CLIENT_ERROR <= self.status < _NO_ERROR:
            raise HttpStatusError(self.status, self.status_text, self.url)

    def clone(self) -> FetchResponse:
        """Copy the response; both can be read."""
        if self.js_response.bodyUsed:
            raise BodyUsedError
        return FetchResponse(
            self._url, self.js_response.clone(), self.abort_controller, self.abort_signal
        )

    def abort(self, reason: Any = None) -> None:
        """Give up the rest of the response.

        Raises:
            ValueError: it came by another way than `pyfetch`.

        """
        if self.abort_controller is None:
            raise ValueError("abort_controller is not set")
        self.abort_controller.abort(None if reason is None else JsException("AbortError", reason))

    async def buffer(self) -> ArrayBuffer:
        """Give the body as an ArrayBuffer."""
        self._raise_if_failed()
        buffer: ArrayBuffer = await self._read(self.js_response.arrayBuffer())
        return buffer

    async def text(self) -> str:
        """Give the body as text."""
        self._raise_if_failed()
        return str(await self._read(self.js_response.text()))

    async def string(self) -> str:
        """Give the body as text."""
        return await self.text()

    async def json(self, **options: Any) -> Any:
        """Give the value that the body writes in JSON; `options` are those of `json.loads`."""
        return json.loads(await self.text(), **options)

    async def memoryview(self) -> memoryview:
        """Give the body as a view of its bytes."""
        return (await self.buffer()).to_memoryview()

    async def bytes(self) -> bytes:
        """Give the body as bytes."""
        return (await self.buffer()).to_bytes()

    async def _read(self, promise: JsPromise) -> Any:
        signal = self.abort_signal
        try:
            return await promise
        except JsException as error:
            # Pyodide takes the reason of a signal that has none for the error that it has.
            raise AbortError(signal.reason if signal else error) from error
        except asyncio.CancelledError as stopped:
            if self.abort_controller:
                self.abort_controller.abort(_reason(stopped))
            raise

    def _raise_if_failed(self) -> None:
        signal = self.abort_signal
        if signal and signal.aborted:
            raise AbortError(signal.reason)
        if self.js_response.bodyUsed:
            raise BodyUsedError


def _reason(stopped: asyncio.CancelledError) -> JsException | None:
    return JsException("AbortError", "\n".join(map(str, stopped.args))) if stopped.args else None


def names(fetch: Callable[..., Any]) -> dict[str, Any]:
    """Give what `pyodide.http` holds; `fetch` is what `pyfetch` goes through by default."""

    async def pyfetch(
        url: Any, /, *, signal: Any = None, fetcher: Any = None, **options: Any
    ) -> FetchResponse:
        controller = AbortController.new()
        if signal:
            signal = AbortSignal.any(JsArray([signal, controller.signal]))
        else:
            signal = controller.signal
        if options:
            init = to_js({**options, "signal": signal}, dict_converter=JsObject.fromEntries)
        else:
            init = JsObject({"signal": signal})
        try:
            return FetchResponse(url, await (fetcher or fetch)(url, init), controller, signal)
        except asyncio.CancelledError as stopped:
            controller.abort(_reason(stopped))
            raise
        except JsException as error:
            raise AbortError(error) from error

    return {
        "AbortError": AbortError,
        "BodyUsedError": BodyUsedError,
        "FetchResponse": FetchResponse,
        "HttpStatusError": HttpStatusError,
        "pyfetch": pyfetch,
    }
