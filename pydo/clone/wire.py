"""The wire format, version 15: tags, tables and limits that both directions share.

V8's src/objects/value-serializer.cc defines it.  workerd's src/workerd/jsg/ser.c++ adds the host
object in which errors are stored from compatibility date 2026-04-21 on.
"""

from __future__ import annotations

from struct import Struct

HEADER = b"\xff\x0f"
VERSION = 15
# workerd reads a value without a header, from its first years, as version 13.
OLDEST_VERSION = 13
VIEW_FLAGS_SINCE = 14
# The flag of a view that reaches to the end of its buffer, whatever that is.
VIEW_TRACKS_LENGTH = 1
VERSION_TAG = 0xFF

PADDING = 0x00
UNDEFINED = ord("_")
NULL = ord("0")
TRUE = ord("T")
FALSE = ord("F")
INT32 = ord("I")
UINT32 = ord("U")
DOUBLE = ord("N")
BIGINT = ord("Z")
UTF8_STRING = ord("S")
ONE_BYTE_STRING = ord('"')
TWO_BYTE_STRING = ord("c")
REFERENCE = ord("^")
OBJECT, OBJECT_END = ord("o"), ord("{")
ARRAY, ARRAY_END = ord("A"), ord("$")
SPARSE_ARRAY, SPARSE_ARRAY_END = ord("a"), ord("@")
HOLE = ord("-")
MAP, MAP_END = ord(";"), ord(":")
SET, SET_END = ord("'"), ord(",")
DATE = ord("D")
BUFFER = ord("B")
RESIZABLE_BUFFER = ord("~")
VIEW = ord("V")
REGEXP = ord("R")
BOXED_TRUE = ord("y")
BOXED_FALSE = ord("x")
BOXED_NUMBER = ord("n")
BOXED_BIGINT = ord("z")
BOXED_STRING = ord("s")
ERROR, ERROR_END = ord("r"), ord(".")
ERROR_MESSAGE = ord("m")
ERROR_STACK = ord("s")
ERROR_CAUSE = ord("c")
HOST_OBJECT = ord("\\")

# A varint below these takes one byte, or two.
ONE_BYTE_LIMIT = 1 << 7
TWO_BYTES_LIMIT = 1 << 14
# V8 writes as INT32 what it holds as a small integer: 31 bits in workerd, 32 in Node.
SMALL_INTEGER_LIMIT = 1 << 30
# An integer nearer to zero is a number, in Python an int; others are a BigInt, or a float.
SAFE_INTEGER_LIMIT = 1 << 53
ARRAY_INDEX_LIMIT = (1 << 32) - 1
# Production's stack ends between 3000 and 4000 objects, one inside the other.
DEPTH_LIMIT = 3000
# A few bytes can announce a sparse array of four thousand million items.
HOLES_LIMIT = 1 << 24

DOUBLE_STRUCT = Struct("<d")

# The constructors of views: tag, name, bytes per element.
VIEWS = (
    ("b", "Int8Array", 1),
    ("B", "Uint8Array", 1),
    ("C", "Uint8ClampedArray", 1),
    ("w", "Int16Array", 2),
    ("W", "Uint16Array", 2),
    ("d", "Int32Array", 4),
    ("D", "Uint32Array", 4),
    ("h", "Float16Array", 2),
    ("f", "Float32Array", 4),
    ("F", "Float64Array", 8),
    ("q", "BigInt64Array", 8),
    ("Q", "BigUint64Array", 8),
    ("?", "DataView", 1),
)

# V8 tells these classes by a tag; every other error is an Error.
ERROR_TAGS = {
    "EvalError": ord("E"),
    "RangeError": ord("R"),
    "ReferenceError": ord("F"),
    "SyntaxError": ord("S"),
    "TypeError": ord("T"),
    "URIError": ord("U"),
}

# workerd's host object for an error, and the names that it tells by their place in this list;
# the first stands for all others, which follow as a string.
HOST_ERROR = 10
HOST_ERROR_NAMES = (
    "",
    "Error",
    "TypeError",
    "RangeError",
    "ReferenceError",
    "SyntaxError",
    "WasmCompileError",
    "WasmLinkError",
    "WasmRuntimeError",
    "WasmSuspendError",
    "EvalError",
    "URIError",
    "AggregateError",
    "SuppressedError",
)

# The letters of a RegExp's flags, each with its bit, in the order in which JavaScript lists them.
REGEXP_FLAGS = (
    ("d", 1 << 7),
    ("g", 1 << 0),
    ("i", 1 << 1),
    ("m", 1 << 2),
    ("s", 1 << 5),
    ("u", 1 << 4),
    ("v", 1 << 8),
    ("y", 1 << 3),
)


_ONE_BYTE = tuple(bytes((number,)) for number in range(ONE_BYTE_LIMIT))


def varint(number: int) -> bytes:
    """Encode a number that is not negative: seven bits a byte, the lowest first."""
    if number < ONE_BYTE_LIMIT:
        return _ONE_BYTE[number]
    if number < TWO_BYTES_LIMIT:
        return bytes((number & 0x7F | 0x80, number >> 7))
    out = bytearray()
    while number >= ONE_BYTE_LIMIT:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number: int) -> int:
    """Fold the sign of a 32-bit number into its lowest bit."""
    return number << 1 if number >= 0 else ~number << 1 | 1
