"""Workers KV: keys and values with an expiration and metadata.

What is refused, and in which words, is as measured of wrangler's KV.  Sources:
cloudflare/workerd src/workerd/api/kv.c++, cloudflare/workers-sdk
`packages/miniflare/src/workers/kv/{namespace,validator}.worker.ts`.
"""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydo.bindings.outside import outside, rejecting
from pydo.bindings.store import Entry
from pydo.errors import JsException
from pydo.host.js.array import JsArray
from pydo.host.js.buffer import ArrayBuffer, JsBuffer
from pydo.host.js.collection import JsMap
from pydo.host.js.error import JsError, JsTypeError
from pydo.host.js.json import parse, stringify
from pydo.host.js.object import JsObject
from pydo.host.js.stream import ReadableStream, joined
from pydo.host.js.text import js_number, js_string
from pydo.host.js.value import JsProxy, jsnull, options
from pydo.host.promise import JsPromise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydo.bindings.store import KvStore

__all__ = ["KvNamespace"]

_MOST_KEY = 512  # bytes
_MOST_VALUE = 25 * 1024 * 1024
_MOST_METADATA = 1024
_MOST_KEYS = 1000  # of one list
_MOST_OF_BULK = 100
_LEAST_TTL_S = 60
_LEAST_CACHE_TTL_S = 30
_INT32 = 2**31
_LIST = list  # the name is taken by KV's own
_VALUES = (
    "KV put() accepts only strings, ArrayBuffers, ArrayBufferViews, and ReadableStreams as values."
)
_TYPES = 'Unknown response type. Possible types are "text", "arrayBuffer", "json", and "stream".'
_RANGE = "Value out of range. Must be between -2147483648 and 2147483647 (inclusive)."
_PARAMETER = "Failed to execute '{}' on 'KvNamespace': parameter {} is not of type '{}'."


class KvNamespace(JsProxy):
    """A key-value store."""

    __slots__ = ("_store",)

    def __init__(self, store: KvStore) -> None:
        self._store = store

    def get(self, *given: Any, **named: Any) -> JsPromise:
        """Give the value of a key, or null; of several keys a Map.

        Raises:
            JsException: a `TypeError` when no key is given.

        """
        return self._get("get", given, named, has_metadata=False)

    def getWithMetadata(self, *given: Any, **named: Any) -> JsPromise:
        """Give value and metadata of a key, each or both null; of several keys a Map.

        Raises:
            JsException: a `TypeError` when no key is given.

        """
        return self._get("getWithMetadata", given, named, has_metadata=True)

    @rejecting
    def put(self, *given: Any, **named: Any) -> JsPromise:
        """Set a key to a text, bytes or a stream of them."""
        key = _key(_given("put", given, 1, "string"))
        value = _given("put", given, 2, "string or JsObject")
        putting = _Putting(key, self._entry_options(options(_third(given), named)))
        if isinstance(value, ReadableStream):
            return JsPromise.of(self._put_stream(putting, value))
        data = _bytes(value)
        return outside(lambda: self._put(putting, data))

    @rejecting
    def delete(self, *given: Any, **_: Any) -> JsPromise:
        """Delete a key, whether it is there or not."""
        key = _key(_given("delete", given, 1, "string"))

        def work() -> None:
            _check_key("DELETE", key)
            self._store.delete(key)

        return outside(work)

    @rejecting
    def list(self, selection: Any = None, *_: Any, **named: Any) -> JsPromise:
        """Give the keys that the options select, up to a thousand at once."""
        found = options(selection, named)
        prefix, cursor = (_optional(found.get(name)) for name in ("prefix", "cursor"))
        limit = found.get("limit")
        wanted = 0 if limit is None or limit is jsnull else _int32(limit)
        return outside(lambda: self._list(prefix, cursor, wanted if wanted > 0 else _MOST_KEYS))

    # -- what is done outside

    def _get(
        self, method: str, given: tuple[Any, ...], named: Mapping[str, Any], *, has_metadata: bool
    ) -> JsPromise:
        key = _given(method, given, 1, "string or Array")
        try:
            reading = _Reading.of(given[1] if len(given) > 1 else None, named, has_metadata)
            if isinstance(key, (JsArray, _LIST)):
                items = cast("Sequence[Any]", key)
                keys = [each for each in items if isinstance(each, str)]
                return outside(lambda: self._get_bulk(keys, len(items), reading))
            name = _key(key)
        except JsException as error:
            return JsPromise.rejected(error)
        return outside(lambda: self._get_one(name, reading))

    def _get_one(self, key: str, reading: _Reading) -> Any:
        _check_key("GET", key)
        reading.check_ttl("GET")
        entry = self._store.get(key)
        value = jsnull if entry is None else reading.value(entry.value)
        if not reading.has_metadata:
            return value
        members = {"value": value, "metadata": _metadata(entry), "cacheStatus": jsnull}
        return JsObject(members)

    def _get_bulk(self, keys: Sequence[str], count: int, reading: _Reading) -> JsMap:
        _check_bulk(keys, count, reading.type)
        reading.check_ttl("GET_BULK")
        found = JsMap.new()
        for key in keys:
            entry = self._store.get(_well_formed(key))
            found.set(key, jsnull if entry is None else reading.of_many(entry))
        return found

    def _entry_options(self, found: Mapping[str, Any]) -> _EntryOptions:
        metadata = found.get("metadata")
        text = None if metadata is None else stringify(metadata)
        return _EntryOptions(
            expiration=_int32_or_none(found.get("expiration")),
            ttl=_int32_or_none(found.get("expirationTtl")),
            metadata=text,
            is_broken=metadata is not None and text is None,
        )

    async def _put_stream(self, putting: _Putting, stream: ReadableStream) -> None:
        data = await joined(stream)
        await outside(lambda: self._put(putting, data))

    def _put(self, putting: _Putting, data: bytes) -> None:
        _check_key("PUT", putting.key)
        expiration = putting.options.expires_at(self._store.now())
        metadata = putting.options.checked_metadata()
        if len(data) > _MOST_VALUE:
            raise _failed(
                "PUT", 413, f"Value length of {len(data)} exceeds limit of {_MOST_VALUE}."
            )
        self._store.put(putting.key, Entry(data, expiration, metadata))

    def _list(self, prefix: str, cursor: str, limit: int) -> JsObject:
        if limit > _MOST_KEYS:
            text = f"Invalid key_count_limit of {limit}. Please specify an integer less than 1000."
            raise _failed("GET", 400, text)
        _check_length("GET", prefix)
        rows = self._store.select(_well_formed(prefix), _decoded(cursor), limit + 1)
        keys = JsArray([_listed(*row) for row in rows[:limit]])
        members: dict[str, Any] = {"keys": keys, "list_complete": len(rows) <= limit}
        if len(rows) > limit:
            members["cursor"] = base64.b64encode(rows[limit - 1][0].encode()).decode()
        return JsObject({**members, "cacheStatus": jsnull})


@dataclass(frozen=True, slots=True)
class _Reading:
    """How a value is to be given."""

    type: str
    cache_ttl_s: int | None
    has_metadata: bool

    @classmethod
    def of(cls, given: Any, named: Mapping[str, Any], has_metadata: bool) -> _Reading:  # noqa: FBT001 - as in JavaScript
        if isinstance(given, str):
            found: Mapping[str, Any] = {"type": given, **named}
        else:
            found = options(given, named)
        kind = found.get("type")
        ttl = _int32_or_none(found.get("cacheTtl"))
        return cls("text" if kind is None else js_string(kind), ttl, has_metadata)

    def check_ttl(self, method: str) -> None:
        if self.cache_ttl_s is not None and self.cache_ttl_s < _LEAST_CACHE_TTL_S:
            text = f"Invalid cache_ttl of {self.cache_ttl_s}. Cache TTL must be at least 30."
            raise _failed(method, 400, text)

    def value(self, data: bytes) -> Any:
        match self.type:
            case "text":
                return data.decode("utf-8", "replace")
            case "json":
                return parse(data.decode("utf-8", "replace"))
            case "arrayBuffer":
                return ArrayBuffer.new(bytearray(data))
            case "stream":
                return ReadableStream.of_bytes(data)
            case _:
                raise JsTypeError(_TYPES)

    def of_many(self, entry: Entry) -> Any:
        try:
            value = self.value(entry.value)
        except JsException:
            text = "At least one of the requested keys corresponds to a non-json value"
            raise _failed("GET_BULK", 400, text) from None
        if not self.has_metadata:
            return value
        return JsObject({"value": value, "metadata": _metadata(entry)})


@dataclass(frozen=True, slots=True)
class _EntryOptions:
    """What `put` is told besides key and value."""

    expiration: int | None
    ttl: int | None
    metadata: str | None
    is_broken: bool  # metadata that JSON has no text for

    def expires_at(self, now: int) -> int | None:
        if self.ttl is not None:
            what = f"Invalid expiration_ttl of {self.ttl}."
            if self.ttl <= 0:
                raise _failed("PUT", 400, f"{what} Please specify integer greater than 0.")
            if self.ttl < _LEAST_TTL_S:
                raise _failed("PUT", 400, f"{what} Expiration TTL must be at least 60.")
            return now + self.ttl
        if self.expiration is not None:
            what = f"Invalid expiration of {self.expiration}."
            if self.expiration <= now:
                raise _failed(
                    "PUT",
                    400,
                    f"{what} Please specify integer greater than the current number of seconds"
                    " since the UNIX epoch.",
                )
            if self.expiration < now + _LEAST_TTL_S:
                text = "Expiration times must be at least 60 seconds in the future."
                raise _failed("PUT", 400, f"{what} {text}")
        return self.expiration

    def checked_metadata(self) -> str | None:
        if self.is_broken:
            raise _failed("PUT", 500, "Internal Server Error")
        length = len((self.metadata or "").encode("utf-8", "surrogatepass"))
        if length > _MOST_METADATA:
            text = f"Metadata length of {length} exceeds limit of {_MOST_METADATA}."
            raise _failed("PUT", 413, text)
        return self.metadata


@dataclass(frozen=True, slots=True)
class _Putting:
    key: str
    options: _EntryOptions


def _given(method: str, given: tuple[Any, ...], position: int, kind: str) -> Any:
    if len(given) < position:
        raise JsTypeError(_PARAMETER.format(method, position, kind))
    return given[position - 1]


def _third(given: tuple[Any, ...]) -> Any:
    return given[2] if len(given) > 2 else None  # noqa: PLR2004 - as it is called


def _key(value: Any) -> str:
    key = value if type(value) is str else js_string(value)
    if not key:
        raise JsTypeError("Key name cannot be empty.")
    if key in {".", ".."}:
        raise JsTypeError(f'"{key}" is not allowed as a key name.')
    return key


def _check_key(method: str, key: str) -> None:
    if any("\ud800" <= each <= "\udfff" for each in key):
        raise _failed(method, 400, "Could not URL-decode key name")
    _check_length(method, key)


def _well_formed(text: str) -> str:
    """Give a text as UTF-8 can carry it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _check_length(method: str, text: str) -> None:
    length = len(text.encode("utf-8", "replace"))
    if length > _MOST_KEY:
        raise _failed(
            method,
            414,
            f"UTF-8 encoded length of {length} exceeds key length limit of {_MOST_KEY}.",
        )


def _check_bulk(keys: Sequence[str], count: int, kind: str) -> None:
    if count > _MOST_OF_BULK:
        raise _failed("GET_BULK", 400, "You can request a maximum of 100 keys")
    if count < 1:
        raise _failed("GET_BULK", 400, "You must request a minimum of 1 key")
    if kind not in {"text", "json"}:
        text = f'"{kind}" is not a valid type. Use "json" or "text"'
        raise _failed("GET_BULK", 400, text)
    for key in keys:
        if not key:
            raise _failed("GET_BULK", 400, "Key names must not be empty")
        if key in {".", ".."}:
            text = f'Illegal key name "{key}". Please use a different name.'
            raise _failed("GET_BULK", 400, text)
        _check_length("GET_BULK", key)


def _failed(method: str, status: int, text: str) -> JsError:
    return JsError(f"KV {method} failed: {status} {text}")


def _bytes(value: Any) -> bytes:
    if isinstance(value, JsBuffer):
        return value.view().tobytes()
    if value is None or value is jsnull or isinstance(value, (str, int, float)):
        return js_string(value).encode("utf-8", "replace")
    raise JsTypeError(_VALUES)


def _optional(value: Any) -> str:
    return "" if value is None or value is jsnull else js_string(value)


def _int32_or_none(value: Any) -> int | None:
    return None if value is None else _int32(value)


def _int32(value: Any) -> int:
    number = js_number(value)
    if math.isnan(number):
        return 0
    if not -_INT32 <= number < _INT32:
        raise JsTypeError(_RANGE)
    return int(number)


def _metadata(entry: Entry | None) -> Any:
    return jsnull if entry is None or entry.metadata is None else parse(entry.metadata)


def _listed(key: str, expiration: int | None, metadata: str | None) -> JsObject:
    members: dict[str, Any] = {"name": key}
    if expiration is not None:
        members["expiration"] = expiration
    if metadata is not None:
        members["metadata"] = parse(metadata)
    return JsObject(members)


def _decoded(cursor: str) -> str:
    try:
        return base64.b64decode(cursor).decode()
    except (binascii.Error, ValueError):
        return ""
