"""Decoding: a function for each tag, found in a table.

A function returns the value that it read.  For a value that holds others it returns `PENDING`
and leaves a generator on the reader's stack, which fills the value and yields whenever another
such value has to be filled first; `read` runs these, so that depth costs no Python stack.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, TypeAlias

from pydo.clone import wire
from pydo.clone.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydo.clone.model import Model

Read: TypeAlias = "Callable[[Reader], object]"
Rest: TypeAlias = "Iterator[None]"

PENDING = object()
_DONE = object()


def read(model: Model, data: bytes) -> object:
    """Return the value that the bytes hold.

    Raises:
        CloneDecodeError: They are damaged, or of another version.

    """
    reader = Reader(model, data)
    try:
        if data[:2] != wire.HEADER:
            reader.old_header()
        value = _value(reader)
        if value is PENDING:
            value = _fill_all(reader)
    except (IndexError, struct.error):
        reader.fail("the data ends too early")
    if reader.offset > len(data):
        reader.fail("the data ends too early")
    return value


def _fill_all(reader: Reader) -> object:
    stack = reader.stack
    while stack:
        if len(stack) > wire.DEPTH_LIMIT:
            reader.fail(f"objects are nested more than {wire.DEPTH_LIMIT} deep")
        if next(stack[-1], _DONE) is _DONE:
            stack.pop()
    return reader.filled


def _value(reader: Reader) -> object:
    tag = reader.data[reader.offset]
    reader.offset += 1
    return _READERS[tag](reader)


def _padded(reader: Reader) -> object:
    reader.skip_padding()
    return _value(reader)


def _string(reader: Reader) -> str:
    reader.skip_padding()
    read_string = _STRINGS.get(reader.data[reader.offset])
    if read_string is None:
        reader.fail("a string was expected")
    reader.offset += 1
    return read_string(reader)


_STRINGS = {
    wire.UTF8_STRING: Reader.utf8_string,
    wire.ONE_BYTE_STRING: Reader.one_byte_string,
    wire.TWO_BYTE_STRING: Reader.two_byte_string,
}


def _add(reader: Reader, value: object, rest: Rest) -> object:
    reader.objects.append(value)
    reader.stack.append(rest)
    return PENDING


def _reference(reader: Reader) -> object:
    number = reader.varint()
    if number >= len(reader.objects):
        reader.fail(f"a reference to object {number}, of {len(reader.objects)}")
    value = reader.objects[number]
    size = reader.buffers.get(number)
    return value if size is None else _view_of(reader, value, size)


def _object(reader: Reader) -> object:
    members: dict[str, object] = {}
    made = reader.model.make_object(members)
    return _add(reader, made, _fill_object(reader, members, made))


def _fill_object(reader: Reader, members: dict[str, object], made: object) -> Rest:
    data, readers, present = reader.data, _READERS, len(members)
    while True:
        start = reader.offset + 2
        # Nearly every name is short and in Latin letters.
        if data[start - 2] == wire.ONE_BYTE_STRING and data[start - 1] < wire.ONE_BYTE_LIMIT:
            end = start + data[start - 1]
            key = data[start:end].decode("latin-1")
            reader.offset = end
        elif reader.ends(wire.OBJECT_END):
            break
        else:
            key = _key(reader)
        tag = data[reader.offset]
        reader.offset += 1
        value = readers[tag](reader)
        if value is PENDING:
            yield
            value = reader.filled
        members[key] = value
    reader.expect(len(members) - present, of="members")
    reader.filled = made


def _key(reader: Reader) -> str:
    key = _value(reader)
    if type(key) not in {str, int, float}:
        reader.fail("the name of a member is no string and no number")
    return str(key)


def _array(reader: Reader) -> object:
    items: list[object] = []
    made = reader.model.make_array(items)
    return _add(reader, made, _fill_array(reader, items, made, reader.varint()))


def _fill_array(reader: Reader, items: list[object], made: object, length: int) -> Rest:
    data, readers = reader.data, _READERS
    for _ in range(length):
        tag = data[reader.offset]
        reader.offset += 1
        value = readers[tag](reader) if tag != wire.HOLE else reader.model.hole
        if value is PENDING:
            yield
            value = reader.filled
        items.append(value)
    if data[reader.offset : reader.offset + 2] == _NO_MEMBERS:
        reader.offset += 2
        reader.expect(length, of="items")
    else:
        yield from _fill_members(reader, items, wire.ARRAY_END)
    reader.filled = made


_NO_MEMBERS = bytes((wire.ARRAY_END, 0))


def _sparse_array(reader: Reader) -> object:
    length = reader.varint()
    reader.holes_left -= length
    if reader.holes_left < 0:
        reader.fail(f"sparse arrays of more than {wire.HOLES_LIMIT} items in all")
    items = [reader.model.hole] * length
    made = reader.model.make_array(items)
    return _add(reader, made, _fill_sparse_array(reader, items, made))


def _fill_sparse_array(reader: Reader, items: list[object], made: object) -> Rest:
    yield from _fill_members(reader, items, wire.SPARSE_ARRAY_END)
    reader.filled = made


def _fill_members(reader: Reader, items: list[object], end: int) -> Rest:
    """Fill the items of an array that come with their index; members with a name are lost."""
    count = 0
    while not reader.ends(end):
        key = _key(reader)
        value = _value(reader)
        if value is PENDING:
            yield
            value = reader.filled
        if key.isdecimal() and int(key) < len(items):
            items[int(key)] = value
        count += 1
    reader.expect(count, of="members")
    reader.expect(len(items), of="items")


def _map(reader: Reader) -> object:
    made, add = reader.model.make_map()
    return _add(reader, made, _fill_map(reader, add, made))


def _fill_map(reader: Reader, add: Callable[[object, object], object], made: object) -> Rest:
    count = 0
    while not reader.ends(wire.MAP_END):
        key = _value(reader)
        if key is PENDING:
            yield
            key = reader.filled
        value = _value(reader)
        if value is PENDING:
            yield
            value = reader.filled
        add(key, value)
        count += 2
    reader.expect(count, of="keys and values")
    reader.filled = made


def _set(reader: Reader) -> object:
    made, add = reader.model.make_set()
    return _add(reader, made, _fill_set(reader, add, made))


def _fill_set(reader: Reader, add: Callable[[object], object], made: object) -> Rest:
    count = 0
    while not reader.ends(wire.SET_END):
        value = _value(reader)
        if value is PENDING:
            yield
            value = reader.filled
        add(value)
        count += 1
    reader.expect(count, of="elements")
    reader.filled = made


def _date(reader: Reader) -> object:
    made = reader.model.make_date(reader.double())
    reader.objects.append(made)
    return made


def _buffer(reader: Reader) -> object:
    return _buffer_of(reader, reader.varint())


def _resizable_buffer(reader: Reader) -> object:
    # Of a buffer that could grow, what it holds now is kept.
    size, largest = reader.varint(), reader.varint()
    if size > largest:
        reader.fail("a buffer is larger than its own limit")
    return _buffer_of(reader, size)


def _buffer_of(reader: Reader, size: int) -> object:
    content = bytearray(reader.take(size))
    if len(content) < size:
        reader.fail("the data ends within a buffer")
    made = reader.model.make_buffer(content)
    reader.buffers[len(reader.objects)] = size
    reader.objects.append(made)
    return _view_of(reader, made, size)


_VIEWS = {ord(tag): (name, width) for tag, name, width in wire.VIEWS}


def _view_of(reader: Reader, buffer: object, size: int) -> object:
    """Return the view that follows its buffer, or the buffer if none does."""
    if reader.data[reader.offset : reader.offset + 1] != bytes((wire.VIEW,)):
        return buffer
    reader.offset += 1
    tag, offset, length = reader.varint(), reader.varint(), reader.varint()
    flags = reader.varint() if reader.has_view_flags else 0
    if tag not in _VIEWS:
        reader.fail(f"{tag:#04x} is no kind of view")
    name, width = _VIEWS[tag]
    if flags & wire.VIEW_TRACKS_LENGTH:
        length = max(size - offset, 0) // width * width
    if offset + length > size or offset % width or length % width:
        reader.fail(f"{length} bytes from {offset} on are no {name} over {size} bytes")
    made = reader.model.make_view(name, buffer, offset, length)
    reader.objects.append(made)
    return made


def _regexp(reader: Reader) -> object:
    source, bits = _string(reader), reader.varint()
    flags = "".join(letter for letter, bit in wire.REGEXP_FLAGS if bits & bit)
    made = reader.model.make_regexp(source, flags)
    reader.objects.append(made)
    return made


def _boxed(unbox: Read) -> Read:
    def read_boxed(reader: Reader) -> object:
        made = reader.model.make_boxed(unbox(reader))
        reader.objects.append(made)
        return made

    return read_boxed


_ERROR_NAMES = {tag: name for name, tag in wire.ERROR_TAGS.items()}


def _error(reader: Reader) -> object:
    # In this order V8 writes them: before version 12 of V8 the cause came before the stack.
    tag = reader.varint()
    name = _ERROR_NAMES.get(tag, "Error")
    if tag in _ERROR_NAMES:
        tag = reader.varint()
    message = None
    if tag == wire.ERROR_MESSAGE:
        message = _string(reader)
        tag = reader.varint()
    members: dict[str, object] = {}
    made = reader.model.make_error(name, message, members)
    return _add(reader, made, _fill_error(reader, members, made, tag))


def _fill_error(reader: Reader, members: dict[str, object], made: object, tag: int) -> Rest:
    while tag != wire.ERROR_END:
        if tag == wire.ERROR_STACK:
            members["stack"] = _string(reader)
        elif tag == wire.ERROR_CAUSE:
            value = _value(reader)
            if value is PENDING:
                yield
                value = reader.filled
            members["cause"] = value
        else:
            reader.fail(f"{tag:#04x} is no part of an error")
        tag = reader.varint()
    reader.filled = made


def _host_object(reader: Reader) -> object:
    kind, tag = reader.varint(), reader.varint()
    if kind != wire.HOST_ERROR or tag >= len(wire.HOST_ERROR_NAMES):
        reader.fail(f"an object of workerd's kind {kind} is not supported")
    name = wire.HOST_ERROR_NAMES[tag] or _string(reader)
    message = _string(reader)
    if not reader.ends(wire.OBJECT):
        reader.fail("an error without members")
    members: dict[str, object] = {}
    made = reader.model.make_error(name, message, members)
    _add(reader, made, _fill_object(reader, members, made))
    # The object that carries the members is numbered too.
    reader.objects.append(made)
    return PENDING


def _constant(value: object) -> Read:
    return lambda _reader: value


_BY_TAG: dict[int, Read] = {
    wire.PADDING: _padded,
    wire.UNDEFINED: lambda reader: reader.model.undefined,
    wire.NULL: lambda reader: reader.model.null,
    wire.TRUE: _constant(value=True),
    wire.FALSE: _constant(value=False),
    wire.INT32: Reader.int32,
    wire.UINT32: Reader.varint,
    wire.DOUBLE: Reader.number,
    wire.BIGINT: Reader.bigint,
    **_STRINGS,
    wire.REFERENCE: _reference,
    wire.OBJECT: _object,
    wire.ARRAY: _array,
    wire.SPARSE_ARRAY: _sparse_array,
    wire.MAP: _map,
    wire.SET: _set,
    wire.DATE: _date,
    wire.BUFFER: _buffer,
    wire.RESIZABLE_BUFFER: _resizable_buffer,
    wire.REGEXP: _regexp,
    wire.BOXED_TRUE: _boxed(_constant(value=True)),
    wire.BOXED_FALSE: _boxed(_constant(value=False)),
    wire.BOXED_NUMBER: _boxed(Reader.number),
    wire.BOXED_BIGINT: _boxed(Reader.bigint),
    wire.BOXED_STRING: _boxed(_string),
    wire.ERROR: _error,
    wire.HOST_OBJECT: _host_object,
}
_READERS = [_BY_TAG.get(tag, Reader.unknown) for tag in range(256)]
