"""Reader: the bytes of a value, how far they have been read, and the primitives in them.

Bytes are taken without asking whether they are there: where the data ends too early an
IndexError or struct.error says so at the next tag, or `offset` stands behind the end at last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from pydo.clone import wire
from pydo.clone.errors import CloneDecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydo.clone.model import Model

_ZIGZAG = tuple(byte >> 1 ^ -(byte & 1) for byte in range(wire.ONE_BYTE_LIMIT))


class Reader:
    """The state of reading one value.

    `objects` are those read so far, by their number; `buffers` the lengths of the buffers among
    them.  `stack` holds what still has to be filled, `filled` what was filled last.
    `holes_left` bounds what sparse arrays may announce.
    """

    filled: object = None
    has_view_flags = True
    holes_left = wire.HOLES_LIMIT

    def __init__(self, model: Model, data: bytes) -> None:
        self.model = model
        self.data = data
        self.offset = len(wire.HEADER)
        self.objects: list[object] = []
        self.stack: list[Iterator[None]] = []
        self.buffers: dict[int, int] = {}

    def fail(self, message: str) -> NoReturn:
        """Raise the error that says where reading stopped."""
        raise CloneDecodeError(message, min(self.offset, len(self.data)))

    def unknown(self) -> NoReturn:
        """Refuse the tag that has just been read."""
        self.offset -= 1
        self.fail(f"{self.data[self.offset]:#04x} is no tag that a stored value may have here")

    def old_header(self) -> None:
        """Read another header than today's; data without one is of the oldest version."""
        self.offset = 0
        version = wire.OLDEST_VERSION
        if self.data[0] == wire.VERSION_TAG:
            self.offset = 1
            version = self.varint()
        if not wire.OLDEST_VERSION <= version <= wire.VERSION:
            self.fail(f"version {version} of the format is not supported")
        self.has_view_flags = version >= wire.VIEW_FLAGS_SINCE

    def skip_padding(self) -> None:
        """Pass the bytes that bring the next value to an even offset."""
        while self.data[self.offset] == wire.PADDING:
            self.offset += 1

    def ends(self, tag: int) -> bool:
        """Tell whether the tag comes next, and pass it if so."""
        self.skip_padding()
        found = self.data[self.offset] == tag
        self.offset += found
        return found

    def expect(self, count: int, *, of: str) -> None:
        """Read a count that the writer left for comparison."""
        announced = self.varint()
        if announced != count:
            self.fail(f"{count} {of} where {announced} were announced")

    def take(self, size: int) -> bytes:
        """Read raw bytes."""
        start = self.offset
        self.offset = end = start + size
        return self.data[start:end]

    def varint(self) -> int:
        """Read a number of up to 32 bits."""
        data, offset = self.data, self.offset
        byte = data[offset]
        number = byte & 0x7F
        shift = 0
        while byte >= wire.ONE_BYTE_LIMIT:
            offset += 1
            shift += 7
            byte = data[offset]
            # Bits past the 32nd are dropped, as V8 does, or a long run would take ages.
            if shift < 32:  # noqa: PLR2004 - as the line above says
                number |= (byte & 0x7F) << shift
        self.offset = offset + 1
        return number & 0xFFFFFFFF

    def int32(self) -> int:
        """Read an integer with a sign."""
        byte = self.data[self.offset]
        if byte < wire.ONE_BYTE_LIMIT:
            self.offset += 1
            return _ZIGZAG[byte]
        number = self.varint()
        return number >> 1 ^ -(number & 1)

    def double(self) -> float:
        """Read the eight bytes of a double."""
        value: float = wire.DOUBLE_STRUCT.unpack_from(self.data, self.offset)[0]
        self.offset += 8
        return value

    def number(self) -> float:
        """Read a double as Python sees it: an int where it is integral and exact."""
        value = self.double()
        if value.is_integer() and -wire.SAFE_INTEGER_LIMIT < value < wire.SAFE_INTEGER_LIMIT:
            return int(value)
        return value

    def bigint(self) -> object:
        """Read an integer of any size."""
        bits = self.varint()
        magnitude = int.from_bytes(self.take(bits >> 1), "little")
        return self.model.make_bigint(-magnitude if bits & 1 else magnitude)

    def one_byte_string(self) -> str:
        """Read Latin-1."""
        return self.take(self.varint()).decode("latin-1")

    def two_byte_string(self) -> str:
        """Read UTF-16, in which surrogates may stand alone."""
        raw = self.take(self.varint())
        if len(raw) % 2:
            self.fail("half a character")
        return raw.decode("utf-16-le", "surrogatepass")

    def utf8_string(self) -> str:
        """Read UTF-8, which only old versions wrote."""
        return self.take(self.varint()).decode("utf-8", "replace")
