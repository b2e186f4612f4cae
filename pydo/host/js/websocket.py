"""`WebSocket`, `WebSocketPair` and `WebSocketRequestResponsePair`: sockets as user code holds them.

What may be done with a socket, and when, is the core's to say (`pydo.runtime.socket`); here are its
events and its names.  Source: src/workerd/api/web-socket.{h,c++}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydo.errors import JsException
from pydo.host.clone import encode
from pydo.host.execution import ExecutionContext
from pydo.host.js.blob import Blob
from pydo.host.js.buffer import ArrayBuffer, bytes_of
from pydo.host.js.dial import Dialing, checked_address
from pydo.host.js.error import JsError, JsTypeError, as_error
from pydo.host.js.event import CloseEvent, ErrorEvent, Event, MessageEvent
from pydo.host.js.target import EventTarget
from pydo.host.js.text import integer, js_string, truthy, usv
from pydo.host.js.value import JsProxy, NativeClass, jsnull, options
from pydo.host.model import CODEC
from pydo.host.outgoing import Joined
from pydo.host.portability.bridge import raw
from pydo.host.pythonerror import python_error
from pydo.host.scope import running_flags
from pydo.runtime.closing import ReadyState, check_close
from pydo.runtime.failure import exit_error
from pydo.runtime.hibernation import LARGEST_ATTACHMENT
from pydo.runtime.pipe import Close, new_pipe
from pydo.runtime.scope import EXECUTION
from pydo.runtime.socket import LOST_TEXT, Socket, Use, running_scope, socket_pair

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.runtime.accepted import Accepted
    from pydo.runtime.pipe import Frame, Lost

__all__ = [
    "WebSocket",
    "WebSocketPair",
    "WebSocketRequestResponsePair",
    "view_of",
]


class WebSocket(EventTarget):
    """A WebSocket: one of a pair, a response's, an accepted one, or one to another server."""

    __slots__ = (
        "_binary_type",
        "_dialing",
        "_extensions",
        "_protocol",
        "_request",
        "_url",
        "socket",
    )

    CONNECTING = READY_STATE_CONNECTING = int(ReadyState.CONNECTING)
    OPEN = READY_STATE_OPEN = int(ReadyState.OPEN)
    CLOSING = READY_STATE_CLOSING = int(ReadyState.CLOSING)
    CLOSED = READY_STATE_CLOSED = int(ReadyState.CLOSED)

    socket: Socket
    _url: Any
    _protocol: Any
    _extensions: Any
    _binary_type: str
    _request: object
    _dialing: Dialing | None

    def __init__(self, *arguments: Any, **__: object) -> None:
        if not arguments:
            raise JsTypeError(
                "Failed to construct 'WebSocket': constructor parameter 1 is not of type 'string'."
            )
        address, protocols = checked_address(*arguments[:2])
        self._take(Socket(new_pipe()[0], Use.CONSTRUCTED))
        self._url = usv(js_string(arguments[0]))  # as it was given
        self._dialing = Dialing.begun(address, protocols)
        self._dialing.when_done(self._opened)

    @classmethod
    def of(cls, socket: Socket) -> WebSocket:
        """Give the view of a socket."""
        self: WebSocket = object.__new__(WebSocket)
        self._take(socket)
        return self

    def _take(self, socket: Socket) -> None:
        EventTarget.__init__(self)
        self.socket = socket
        self._url, self._protocol, self._extensions = jsnull, "", ""
        self._binary_type = "blob" if running_flags().websocket_standard_binary_type else _BUFFER
        self._request, self._dialing = None, None

    # -- what it is

    @property
    def readyState(self) -> int:
        """How far it is opened or closed."""
        return int(self.socket.phase.ready_state)

    @property
    def url(self) -> Any:
        """Where it leads; null for one of a pair."""
        return self._url

    @property
    def protocol(self) -> Any:
        """The sub-protocol that the server chose."""
        return self._protocol

    @property
    def extensions(self) -> Any:
        """The extensions that the server chose."""
        return self._extensions

    @property
    def binaryType(self) -> str:
        """What bytes arrive as: `blob` or `arraybuffer`."""
        return self._binary_type

    @binaryType.setter
    def binaryType(self, value: Any) -> None:
        text = js_string(value)
        if text in {"blob", _BUFFER}:
            self._binary_type = text

    # -- what is done with it

    def accept(self, given: Any = None, *_: object, **named: object) -> None:
        """Take it: from now on its events come here.

        Raises:
            JsException: a `TypeError`; something else was done with it.

        """
        half_open = truthy(options(given, named).get("allowHalfOpen"))
        replies = running_flags().web_socket_auto_reply_to_close and not half_open
        self._request = EXECUTION.get()
        self.socket.accept(self._hear, replies=replies)

    def send(self, *message: Any) -> None:
        """Send a text, or the bytes of a buffer; anything else as JavaScript's text of it.

        Raises:
            JsException: it is not accepted, or it is closed.

        """
        if not message:
            raise JsTypeError(
                "Failed to execute 'send' on 'WebSocket': parameter 1 is not of type 'ArrayBuffer "
                "or ArrayBufferView or string'."
            )
        self._check_request()
        value = message[0]
        if type(value) is str:
            self.socket.send(value if value.isascii() else usv(value))
            return
        raw(value, "send")
        content = bytes_of(value)
        self.socket.send(usv(js_string(value)) if content is None else content)

    def close(self, code: Any = None, reason: Any = None, *_: object) -> None:
        """Send a close frame; without a code it names none.

        Raises:
            JsException: the code or the reason cannot be sent, or it is not accepted.

        """
        self._check_request()
        number = None if code is None else integer(code)
        text = None if reason is None else usv(js_string(reason))
        limits_reason = running_flags().websocket_close_reason_byte_limit
        if self._dialing is not None:
            check_close(number, text, limits_reason=limits_reason)
            self._dialing.give_up()
        else:
            self.socket.close(number, text, limits_reason=limits_reason)

    def serializeAttachment(self, *value: Any) -> None:
        """Keep a copy of a value with the socket, over the sleep of the object too.

        Raises:
            JsException: it has no clone, or is too large.

        """
        if not value:
            raise JsTypeError(
                "Failed to execute 'serializeAttachment' on 'WebSocket': parameter 1 is not of "
                "type 'JsValue'."
            )
        content = encode(value[0])
        if len(content) > LARGEST_ATTACHMENT:
            raise JsError(
                f"A WebSocket 'attachment' cannot be larger than {LARGEST_ATTACHMENT} bytes."
                f"'attachment' was {len(content)} bytes."
            )
        self.socket.attachment = content

    def deserializeAttachment(self, *_: object) -> Any:
        """Give a copy of what is kept with the socket; null when nothing is."""
        content = self.socket.attachment
        return jsnull if content is None else CODEC.decode(content)

    def _check_request(self) -> None:
        if self._request is not None and self._request is not EXECUTION.get():
            raise JsError(_ANOTHER_REQUEST)

    # -- its connection to another server

    def _opened(self, outcome: Joined | JsException) -> None:
        self._dialing = None
        socket = self.socket
        if isinstance(outcome, Joined):
            socket.end = outcome.end
            self._protocol = jsnull if outcome.protocol is None else outcome.protocol
            self._extensions = jsnull
            replies = running_flags().web_socket_auto_reply_to_close
            socket.open(running_scope(), self._hear, replies=replies)
            self.dispatch(Event.trusted("open"))
            return
        socket.cut()
        socket.use = Use.RELEASED
        self.dispatch(_error_event(as_error(outcome)))
        self.dispatch(
            CloseEvent.trusted(
                "close",
                code=1006,
                reason="Failed to establish websocket connection",
                wasClean=False,
            )
        )

    # -- what it hears

    def _hear(self, frame: Frame) -> None:
        try:
            self.dispatch(self._event_of(frame))
        except (SystemExit, KeyboardInterrupt) as error:
            self._fail(exit_error(error))
            raise
        except Exception as error:
            self._fail(error)
            raise
        if isinstance(frame, Close) and isinstance(self._request, ExecutionContext):
            self.socket.end_with_request()

    def _fail(self, raised: Exception) -> None:
        # A listener that raises ends the connection, and the listeners of `error` hear why.
        error = python_error(raised)
        if isinstance(error, JsException) and self.socket.fail():
            self.dispatch(_error_event(as_error(error)))

    def _event_of(self, frame: Frame) -> Event:
        if isinstance(frame, str):
            return MessageEvent.trusted("message", data=frame)
        if isinstance(frame, bytes):
            return MessageEvent.trusted("message", data=self._binary(frame))
        if isinstance(frame, Close):
            return CloseEvent.trusted("close", code=frame.code, reason=frame.reason, wasClean=True)
        return _ending(frame)

    def _binary(self, content: bytes) -> JsProxy:
        if self._binary_type == "blob":
            return Blob.of_bytes(content)
        return ArrayBuffer.new(bytearray(content))


def _ending(lost: Lost) -> Event:
    if lost.error is None:
        return CloseEvent.trusted("close", code=1006, reason=LOST_TEXT, wasClean=False)
    return _error_event(JsError(lost.error))


def _error_event(error: JsError) -> Event:
    return ErrorEvent.trusted("error", message=f"Uncaught {error.toString()}", error=error)


def view_of(accepted: Accepted) -> WebSocket:
    """Give the view of an accepted socket: the same one until the object sleeps."""
    if not isinstance(accepted.view, WebSocket):
        accepted.view = WebSocket.of(accepted.socket)
    return accepted.view


class WebSocketPair(JsProxy, metaclass=NativeClass):
    """Two WebSockets, each the other's end; `0` usually goes to the client."""

    __slots__ = ("_ends",)

    def __init__(self, *_: object, **__: object) -> None:
        self._ends = tuple(WebSocket.of(each) for each in socket_pair())

    def __iter__(self) -> Iterator[WebSocket]:
        return iter(self._ends)

    def __getitem__(self, index: int) -> WebSocket:
        return self._ends[index]

    @property
    def __members__(self) -> dict[str, Any]:
        return {str(index): end for index, end in enumerate(self._ends)}

    def __getattr__(self, name: str) -> Any:
        members = self.__members__
        if name in members:
            return members[name]
        raise AttributeError(name)


class WebSocketRequestResponsePair(JsProxy, metaclass=NativeClass):
    """A message, and what it is answered with while the object sleeps."""

    __slots__ = ("_request", "_response")

    def __init__(self, *texts: Any, **__: object) -> None:
        for position in (1, 2):
            if len(texts) < position:
                raise JsTypeError(
                    "Failed to construct 'WebSocketRequestResponsePair': constructor parameter "
                    f"{position} is not of type 'string'."
                )
        self._request, self._response = usv(js_string(texts[0])), usv(js_string(texts[1]))

    @property
    def request(self) -> str:
        """The message."""
        return self._request

    @property
    def response(self) -> str:
        """The answer."""
        return self._response


_BUFFER = "arraybuffer"
_ANOTHER_REQUEST = (
    "Cannot perform I/O on behalf of a different request. I/O objects (such as streams, "
    "request/response bodies, and others) created in the context of one request handler cannot be "
    "accessed from a different request's handler. This is a limitation of Cloudflare Workers which "
    "allows us to improve overall performance. (I/O type: Native)"
)
