"""Events: `Event` and its kinds, in workerd's words and with its shortcuts.

An event has one target: nothing bubbles, and `timeStamp` is 0.  Sources: src/workerd/api/basics.h,
src/workerd/api/events.h.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydo.host.js.array import JsArray
from pydo.host.js.error import DOMException, JsTypeError
from pydo.host.js.text import integer, js_string, truthy
from pydo.host.js.value import JsProxy, NativeClass, cross, jsnull, options

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CloseEvent", "CustomEvent", "ErrorEvent", "Event", "ExtendableEvent", "MessageEvent"]

_AT_TARGET = 2


class EventClass(NativeClass):
    """An event class, with the numbers of the phases."""

    NONE = 0
    CAPTURING_PHASE = 1
    AT_TARGET = _AT_TARGET
    BUBBLING_PHASE = 3


class Event(JsProxy, metaclass=EventClass):
    """Something that happened."""

    __slots__ = (
        "__dict__",
        "_is_dispatched",
        "_is_prevented",
        "bubbles",
        "cancelBubble",
        "cancelable",
        "composed",
        "isTrusted",
        "is_stopped",
        "target",
        "type",
    )

    _options: ClassVar[str] = "Init"  # workerd's name of the second parameter's type
    _is_trusted: ClassVar[bool] = False

    NONE = 0
    CAPTURING_PHASE = 1
    AT_TARGET = _AT_TARGET
    BUBBLING_PHASE = 3

    type: str
    target: Any
    bubbles: bool
    cancelable: bool
    composed: bool
    cancelBubble: bool
    isTrusted: bool
    is_stopped: bool

    def __init__(self, *arguments: Any, **named: Any) -> None:
        cls = type(self)
        if not arguments:
            raise JsTypeError(_wrong(cls, 1, "string"))
        kind, init, *_ = (*arguments, None)
        if isinstance(init, (str, int, float)):
            raise JsTypeError(_wrong(cls, 2, cls._options))
        given = options(init, named)
        self.type = js_string(kind)
        self.target = None
        self.bubbles = truthy(given.get("bubbles"))
        self.cancelable = truthy(given.get("cancelable"))
        self.composed = truthy(given.get("composed"))
        self.cancelBubble = self.is_stopped = False
        self._is_dispatched = self._is_prevented = False
        self.isTrusted = cls._is_trusted
        self._apply(given)

    @classmethod
    def trusted(cls, kind: str, **given: Any) -> Self:
        """Make an event of the runtime's own."""
        event = cls.new(kind, **given)
        event.isTrusted = True
        return event

    @property
    def currentTarget(self) -> Any:
        """Where it is, or was, dispatched."""
        return self.target

    @property
    def srcElement(self) -> Any:
        """Where it is, or was, dispatched."""
        return self.target

    @property
    def eventPhase(self) -> int:
        """AT_TARGET while it is dispatched, else NONE."""
        return _AT_TARGET if self._is_dispatched else 0

    @property
    def defaultPrevented(self) -> bool:
        """Whether a listener has refused what would come of it."""
        return self.cancelable and self._is_prevented

    @property
    def returnValue(self) -> bool:
        """Whether no listener has refused."""
        return not self.defaultPrevented

    @property
    def timeStamp(self) -> int:
        """When it was made: never told."""
        return 0

    def preventDefault(self, *_: object) -> None:
        """Refuse what would come of it."""
        self._is_prevented = True

    def stopPropagation(self, *_: object) -> None:
        """Keep it from bubbling, which no event does."""
        self.cancelBubble = True

    def stopImmediatePropagation(self, *_: object) -> None:
        """Keep it from the listeners that are still to be called."""
        self.is_stopped = True

    def composedPath(self, *_: object) -> JsArray:
        """Give the target, while it is dispatched."""
        return JsArray([self.target] if self._is_dispatched else [])

    def begin(self, target: Any) -> None:
        """Begin to dispatch it.

        Raises:
            JsException: an `InvalidStateError` while it is dispatched already.

        """
        if self._is_dispatched:
            raise DOMException("The event is already being dispatched.", "InvalidStateError")
        self._is_dispatched, self.target = True, target
        self._is_prevented = False

    def end(self) -> bool:
        """End dispatching it; tells whether no listener has refused, even where none can."""
        self._is_dispatched = False
        return not self._is_prevented

    def _apply(self, given: Mapping[str, Any]) -> None:
        """Read the options that its kind has beside those of all."""


class ExtendableEvent(Event):
    """An event that a handler may extend; user code makes none."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        raise JsTypeError("Illegal constructor")


class CustomEvent(Event):
    """An event with a detail of the user's."""

    __slots__ = ("detail",)
    _options = "CustomEventInit"
    _is_trusted = True  # in workerd what is made by any of these constructors is

    detail: Any

    def _apply(self, given: Mapping[str, Any]) -> None:
        self.detail = cross(given.get("detail"))


class MessageEvent(Event):
    """A message."""

    __slots__ = ("data",)
    _options = "Initializer"
    _is_trusted = True

    data: Any

    def __init__(self, *arguments: Any, **named: Any) -> None:
        if len(arguments) == 1 and not named:
            raise JsTypeError(_wrong(type(self), 2, self._options))
        super().__init__(*arguments, **named)
        self.bubbles = self.cancelable = self.composed = False

    @property
    def origin(self) -> Any:
        """Where it came from: null."""
        return jsnull

    @property
    def lastEventId(self) -> str:
        """The id of the last event: none."""
        return ""

    @property
    def source(self) -> Any:
        """Who sent it: null."""
        return jsnull

    @property
    def ports(self) -> JsArray:
        """The ports that came with it: none."""
        return JsArray([])

    def _apply(self, given: Mapping[str, Any]) -> None:
        self.data = cross(given.get("data"))


class CloseEvent(Event):
    """A WebSocket has closed."""

    __slots__ = ("code", "reason", "wasClean")
    _options = "Initializer"
    _is_trusted = True

    code: int
    reason: str
    wasClean: bool

    def _apply(self, given: Mapping[str, Any]) -> None:
        self.bubbles = self.cancelable = self.composed = False
        self.code = integer(given.get("code"))
        self.reason = _text(given, "reason")
        self.wasClean = truthy(given.get("wasClean"))


class ErrorEvent(Event):
    """Something has failed."""

    __slots__ = ("colno", "error", "filename", "lineno", "message")
    _options = "ErrorEventInit"
    _is_trusted = True

    message: str
    filename: str
    lineno: int
    colno: int
    error: Any

    def _apply(self, given: Mapping[str, Any]) -> None:
        self.bubbles = self.cancelable = self.composed = False
        self.message = _text(given, "message")
        self.filename = _text(given, "filename")
        self.lineno = integer(given.get("lineno"))
        self.colno = integer(given.get("colno"))
        self.error = cross(given.get("error"))


def _wrong(cls: EventClass, position: int, expected: str) -> str:
    return (
        f"Failed to construct '{cls.name}': constructor parameter {position} is not of type "
        f"'{expected}'."
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    return "" if value is None else js_string(value)
