"""Encoding: a writer for each type, found by `type(value)`.

A writer appends the bytes of a value.  One whose value holds others returns a generator that
writes them and yields whatever generators these return in turn: `write` keeps those on a list,
so that depth costs no Python stack.
"""

from __future__ import annotations

import re
from codecs import utf_16_le_encode
from math import copysign
from typing import TYPE_CHECKING, Any, TypeAlias

from pydo.clone import wire
from pydo.clone.errors import CloneError
from pydo.clone.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from pydo.clone.model import Model, Parts

# `Any`: a writer is only ever called with a value of the type under which it is listed.
Write: TypeAlias = "Callable[[Output, Any], Rest | None]"
Rest: TypeAlias = "Iterator[Rest]"

_KEYS_KEPT = 1024


def write(writers: Writers, value: object) -> bytes:
    """Return the bytes of a value, header included."""
    out = Output(writers)
    rest = writers[type(value)](out, value)
    if rest is not None:
        _write_all(rest, value)
    return bytes(out)


def _write_all(rest: Rest, value: object) -> None:
    stack = [rest]
    while stack:
        for inner in stack[-1]:
            stack.append(inner)
            break
        else:
            stack.pop()
        if len(stack) > wire.DEPTH_LIMIT:
            raise CloneError(value, f"objects are nested more than {wire.DEPTH_LIMIT} deep")


class Writers(dict[type, "Write"]):
    """The writer of each type that a model knows, and the encoded names of members met so far."""

    def __init__(self, model: Model, *, enhanced_errors: bool) -> None:
        super().__init__(_PRIMITIVES)
        self.keys_met: dict[str, bytes] = {}
        for singleton, tag in (
            (model.hole, wire.HOLE),
            (model.undefined, wire.UNDEFINED),
            (model.null, wire.NULL),
        ):
            self[type(singleton)] = _singleton(tag)
        for cls, (kind, parts) in model.parts.items():
            self[cls] = _bind(kind, parts, enhanced_errors=enhanced_errors)

    def __missing__(self, cls: type) -> Write:
        for base in cls.__mro__:
            if base in self:
                self[cls] = self[base]
                return self[base]
        return _refuse


class Output(bytearray):
    """The bytes written so far, and the objects written in them."""

    __slots__ = ("_objects", "_order", "writers")

    def __init__(self, writers: Writers) -> None:
        self.extend(wire.HEADER)
        self.writers = writers
        self._order: dict[int, int] = {}
        # An object that `parts` made for us must live on, or another may get its id().
        self._objects: list[object] = []

    def refers(self, value: object) -> bool:
        """Write a reference to an object written before, or count it as written now."""
        number = len(self._order)
        earlier = self._order.setdefault(id(value), number)
        if earlier == number:
            self._objects.append(value)
            return False
        self.append(wire.REFERENCE)
        self.extend(wire.varint(earlier))
        return True

    def holds(self, value: object) -> bool:
        """Tell whether an object has been written, and write nothing."""
        return id(value) in self._order


# Primitives


_SMALL_INTEGERS = tuple(
    bytes((wire.INT32, wire.zigzag(n))) for n in (*range(64), *range(-64, 0))
)  # a negative number finds its place from the end
_SHORT_STRINGS = tuple(bytes((wire.ONE_BYTE_STRING, n)) for n in range(wire.ONE_BYTE_LIMIT))


def _refuse(_output: Output, value: object) -> None:
    raise CloneError(value)


def _singleton(tag: int) -> Write:
    def write_singleton(out: Output, _value: object) -> None:
        out.append(tag)

    return write_singleton


def _write_bool(out: Output, value: bool) -> None:  # noqa: FBT001 - the value to be written
    out.append(wire.TRUE if value else wire.FALSE)


def _write_int(out: Output, value: int) -> None:
    if -64 <= value < 64:  # noqa: PLR2004 - what a zigzag varint of one byte holds
        out += _SMALL_INTEGERS[value]
    elif -wire.SMALL_INTEGER_LIMIT <= value < wire.SMALL_INTEGER_LIMIT:
        out.append(wire.INT32)
        out += wire.varint(wire.zigzag(value))
    elif -wire.SAFE_INTEGER_LIMIT < value < wire.SAFE_INTEGER_LIMIT:
        _write_double(out, value)
    else:
        _write_bigint(out, value)


def _write_float(out: Output, value: float) -> None:
    # To JavaScript 1.0 is the integer 1; -0.0 is not the integer 0.
    if value.is_integer() and -wire.SMALL_INTEGER_LIMIT <= value < wire.SMALL_INTEGER_LIMIT:
        integer = int(value)
        if integer or copysign(1.0, value) > 0:
            _write_int(out, integer)
            return
    _write_double(out, value)


def _write_double(out: Output, value: float) -> None:
    out.append(wire.DOUBLE)
    out += wire.DOUBLE_STRUCT.pack(value)


def _write_bigint(out: Output, value: int) -> None:
    size = (value.bit_length() + 63) // 64 * 8
    out.append(wire.BIGINT)
    out += wire.varint(size << 1 | (value < 0))
    out += abs(value).to_bytes(size, "little")


def _write_str(out: Output, value: str) -> None:
    if value.isascii():
        raw = value.encode()
    elif _find_wide(value):
        _write_two_byte(out, value)
        return
    else:
        raw = value.encode("latin-1")
    if len(raw) < wire.ONE_BYTE_LIMIT:
        out += _SHORT_STRINGS[len(raw)]
    else:
        out.append(wire.ONE_BYTE_STRING)
        out += wire.varint(len(raw))
    out += raw


# Faster than to fail at encoding, which Japanese text would do each time.
_find_wide = re.compile("[^\0-\xff]").search


def _write_two_byte(out: Output, value: str) -> None:
    raw, _ = utf_16_le_encode(value, "surrogatepass")
    size = wire.varint(len(raw))
    # V8 reads the characters where they lie, so they must lie at an even offset.
    if (len(out) + 1 + len(size)) % 2:
        out.append(wire.PADDING)
    out.append(wire.TWO_BYTE_STRING)
    out += size
    out += raw


_PRIMITIVES: dict[type, Write] = {
    bool: _write_bool,
    int: _write_int,
    float: _write_float,
    str: _write_str,
}


# Objects


def _bind(kind: Kind, parts: Parts, *, enhanced_errors: bool) -> Write:
    if kind is Kind.BIGINT:
        return lambda out, value: _write_bigint(out, parts(value))
    if kind is Kind.VIEW:
        return lambda out, value: _write_view(out, value, parts)
    if kind is Kind.ERROR and enhanced_errors:
        begin: Write = _write_host_error
    else:
        begin = _OBJECTS[kind]

    def write_object(out: Output, value: object) -> Rest | None:
        return None if out.refers(value) else begin(out, parts(value))

    return write_object


def _write_object(out: Output, members: dict[str, object]) -> Rest:
    writers, keys_met = out.writers, out.writers.keys_met
    out.append(wire.OBJECT)
    for key, member in members.items():
        raw = keys_met.get(key)
        if raw is None:
            _write_key(out, key)
        else:
            out += raw
        rest = writers[type(member)](out, member)
        if rest is not None:
            yield rest
    out.append(wire.OBJECT_END)
    out += wire.varint(len(members))


def _write_key(out: Output, key: object) -> None:
    if not isinstance(key, str):
        raise CloneError(key, f"the name of a member is {key!r}, not a string")
    start = len(out)
    if _is_index(key):
        _write_int(out, int(key))
    else:
        _write_str(out, key)
    # Names come again and again; one in two-byte characters looks different at an odd offset.
    if out[start] not in {wire.TWO_BYTE_STRING, wire.PADDING}:
        keys_met = out.writers.keys_met
        if len(keys_met) >= _KEYS_KEPT:
            keys_met.clear()
        keys_met[key] = bytes(out[start:])


def _is_index(key: str) -> bool:
    """Tell whether a name is an array index, which V8 holds, and so writes, as a number."""
    if not (key.isascii() and key.isdecimal()) or len(key) > 10:  # noqa: PLR2004 - of 2**32
        return False
    return (key[0] != "0" or key == "0") and int(key) < wire.ARRAY_INDEX_LIMIT


def _write_array(out: Output, items: list[object]) -> Rest:
    # V8 writes an array with holes sparsely, but reads this form as well.
    writers, size = out.writers, wire.varint(len(items))
    out.append(wire.ARRAY)
    out += size
    for item in items:
        rest = writers[type(item)](out, item)
        if rest is not None:
            yield rest
    out += bytes((wire.ARRAY_END, 0)) + size


def _write_map(out: Output, pairs: Collection[tuple[object, object]]) -> Rest:
    out.append(wire.MAP)
    for pair in pairs:
        for part in pair:
            rest = out.writers[type(part)](out, part)
            if rest is not None:
                yield rest
    out.append(wire.MAP_END)
    out += wire.varint(2 * len(pairs))


def _write_set(out: Output, elements: Collection[object]) -> Rest:
    out.append(wire.SET)
    for element in elements:
        rest = out.writers[type(element)](out, element)
        if rest is not None:
            yield rest
    out.append(wire.SET_END)
    out += wire.varint(len(elements))


def _write_date(out: Output, milliseconds: float) -> None:
    out.append(wire.DATE)
    out += wire.DOUBLE_STRUCT.pack(milliseconds)


def _write_buffer(out: Output, content: bytes | bytearray) -> None:
    out.append(wire.BUFFER)
    out += wire.varint(len(content))
    out += content


_VIEW_TAGS = {name: ord(tag) for tag, name, _ in wire.VIEWS}


def _write_view(out: Output, value: object, parts: Parts) -> None:
    # The buffer comes first and is numbered before the view, once for all its views.
    if out.holds(value):
        out.refers(value)
        return
    name, buffer, offset, length = parts(value)
    out.writers[type(buffer)](out, buffer)
    out.refers(value)
    out += bytes((wire.VIEW, _VIEW_TAGS[name]))
    out += wire.varint(offset) + wire.varint(length)
    out.append(0)


def _write_regexp(out: Output, parts: tuple[str, str]) -> None:
    source, flags = parts
    out.append(wire.REGEXP)
    _write_str(out, source)
    out += wire.varint(sum(bit for letter, bit in wire.REGEXP_FLAGS if letter in flags))


def _write_boxed(out: Output, primitive: object) -> None:
    if isinstance(primitive, str):
        out.append(wire.BOXED_STRING)
        _write_str(out, primitive)
        return
    start = len(out)
    out.writers[type(primitive)](out, primitive)
    tag = out[start]
    if tag == wire.INT32:
        out[start + 1 :] = wire.DOUBLE_STRUCT.pack(primitive)
    out[start] = _BOXED_TAGS[tag]


_BOXED_TAGS = {
    wire.TRUE: wire.BOXED_TRUE,
    wire.FALSE: wire.BOXED_FALSE,
    wire.INT32: wire.BOXED_NUMBER,
    wire.DOUBLE: wire.BOXED_NUMBER,
    wire.BIGINT: wire.BOXED_BIGINT,
}


def _write_error(out: Output, parts: tuple[str, str | None, dict[str, object]]) -> Rest:
    name, message, members = parts
    out.append(wire.ERROR)
    if name in wire.ERROR_TAGS:
        out.append(wire.ERROR_TAGS[name])
    for tag, text in ((wire.ERROR_MESSAGE, message), (wire.ERROR_STACK, members.get("stack"))):
        if isinstance(text, str):
            out.append(tag)
            _write_str(out, text)
    if "cause" in members:
        out.append(wire.ERROR_CAUSE)
        cause = members["cause"]
        rest = out.writers[type(cause)](out, cause)
        if rest is not None:
            yield rest
    out.append(wire.ERROR_END)


def _write_host_error(out: Output, parts: tuple[str, str | None, dict[str, object]]) -> Rest:
    name, message, members = parts
    tag = wire.HOST_ERROR_NAMES.index(name) if name in wire.HOST_ERROR_NAMES else 0
    out += bytes((wire.HOST_OBJECT, wire.HOST_ERROR, tag))
    if not tag:
        _write_str(out, name)
    _write_str(out, message or "")
    # workerd collects the members in an object of its own, which is numbered like any other.
    out.refers(object())
    return _write_object(out, members)


_OBJECTS: dict[Kind, Write] = {
    Kind.OBJECT: _write_object,
    Kind.ARRAY: _write_array,
    Kind.MAP: _write_map,
    Kind.SET: _write_set,
    Kind.DATE: _write_date,
    Kind.BUFFER: _write_buffer,
    Kind.REGEXP: _write_regexp,
    Kind.BOXED: _write_boxed,
    Kind.ERROR: _write_error,
}
