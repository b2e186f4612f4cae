"""What workerd and Node wrote, read and written again.

`fixtures.json` holds rows of name, writer, bytes in hex, and the value as a text that leaves
nothing open: doubles and dates as their bits, `#n` for an object seen before.  The writer is
workerd 2026-04-26, with a compatibility date where that makes a difference, or the V8 of Node 20
where that writes something else.
"""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.clone import CloneDecodeError, Codec, Kind, Model

if TYPE_CHECKING:
    from collections.abc import Callable


class Singleton:
    pass


NULL = Singleton()


class HoleType:
    pass


HOLE = HoleType()


class BigInt(int):
    pass


@dataclass(eq=False)
class JsObject:
    members: dict[str, object]


@dataclass(eq=False)
class JsArray:
    items: list[object]


@dataclass(eq=False)
class JsMap:
    pairs: list[tuple[object, object]] = field(default_factory=list[tuple[object, object]])


@dataclass(eq=False)
class JsSet:
    elements: list[object] = field(default_factory=list[object])


@dataclass(eq=False)
class JsDate:
    ms: float


@dataclass(eq=False)
class JsBuffer:
    content: bytearray


@dataclass(eq=False)
class JsView:
    name: str
    buffer: JsBuffer
    offset: int
    length: int


@dataclass(eq=False)
class JsError:
    name: str
    message: str | None
    members: dict[str, object]


@dataclass(eq=False)
class JsRegExp:
    source: str
    flags: str


@dataclass(eq=False)
class JsBoxed:
    primitive: object


def make_map() -> tuple[object, Callable[[object, object], object]]:
    made = JsMap()
    return made, lambda key, value: made.pairs.append((key, value))


def make_set() -> tuple[object, Callable[[object], object]]:
    made = JsSet()
    return made, made.elements.append


JS = Model(
    undefined=None,
    null=NULL,
    hole=HOLE,
    parts={
        JsObject: (Kind.OBJECT, lambda v: v.members),
        JsArray: (Kind.ARRAY, lambda v: v.items),
        JsMap: (Kind.MAP, lambda v: v.pairs),
        JsSet: (Kind.SET, lambda v: v.elements),
        JsDate: (Kind.DATE, lambda v: v.ms),
        JsBuffer: (Kind.BUFFER, lambda v: v.content),
        JsView: (Kind.VIEW, lambda v: (v.name, v.buffer, v.offset, v.length)),
        JsError: (Kind.ERROR, lambda v: (v.name, v.message, v.members)),
        JsRegExp: (Kind.REGEXP, lambda v: (v.source, v.flags)),
        JsBoxed: (Kind.BOXED, lambda v: v.primitive),
        BigInt: (Kind.BIGINT, int),
    },
    make_object=JsObject,
    make_array=JsArray,
    make_map=make_map,
    make_set=make_set,
    make_date=JsDate,
    make_buffer=JsBuffer,
    make_view=JsView,
    make_error=JsError,
    make_regexp=JsRegExp,
    make_boxed=JsBoxed,
    make_bigint=BigInt,
)
CODEC = Codec(JS)
OLD_ERRORS = Codec(JS, enhanced_errors=False)


def text(value: object) -> str:
    return Text().of(value)


class Text:
    def __init__(self) -> None:
        self.seen: dict[int, int] = {}

    def of(self, value: object) -> str:
        primitive = primitive_text(value)
        if primitive is not None:
            return primitive
        if id(value) in self.seen:
            return f"#{self.seen[id(value)]}"
        number = self.seen[id(value)] = len(self.seen)
        return f"{number}={self.body(value)}"

    def body(self, value: object) -> str:  # noqa: C901 - one for each kind
        match value:
            case JsObject(members):
                return "{" + self.members(members) + "}"
            case JsArray(items):
                return "[" + ",".join(self.items(items)) + "]"
            case JsMap(pairs):
                return "Map{" + ",".join(f"{self.of(k)}=>{self.of(v)}" for k, v in pairs) + "}"
            case JsSet(elements):
                return "Set{" + ",".join(map(self.of, elements)) + "}"
            case JsDate(ms=ms):
                return "Date " + struct.pack(">d", ms).hex()
            case JsBuffer(content):
                return "ArrayBuffer " + content.hex()
            case JsView(name, buffer, offset, length):
                return f"{name}({self.of(buffer)},{offset},{length})"
            case JsRegExp(source, flags):
                return f"RegExp({string_text(source)},{string_text(flags)})"
            case JsBoxed(primitive):
                return f"Boxed({self.of(primitive)})"
            case JsError(name, message, members):
                shown = "none" if message is None else string_text(message)
                own = {k: v for k, v in sorted(members.items()) if k != "stack" or v is not None}
                return f"Error({string_text(name)},{shown},{{{self.members(own)}}})"
            case _:
                raise AssertionError(value)

    def members(self, members: dict[str, object]) -> str:
        return ",".join(f"{string_text(key)}:{self.of(value)}" for key, value in members.items())

    def items(self, items: list[object]) -> list[str]:
        parts: list[str] = []
        holes = 0
        for item in items:
            if item is HOLE:
                holes += 1
                continue
            if holes:
                parts.append(f"empty*{holes}")
                holes = 0
            parts.append(self.of(item))
        return [*parts, f"empty*{holes}"] if holes else parts


def primitive_text(value: object) -> str | None:
    if value is None:
        return "undefined"
    if value is NULL:
        return "null"
    match value:
        case bool():
            return str(value).lower()
        case BigInt():
            return f"{value}n"
        case int():
            return str(value)
        case float():
            return "f" + struct.pack(">d", value).hex()
        case str():
            return string_text(value)
        case _:
            return None


def string_text(value: str) -> str:
    raw = value.encode("utf-16-be", "surrogatepass")
    units = struct.unpack(f">{len(raw) // 2}H", raw)
    return '"' + "".join(map(unit_text, units)) + '"'


def unit_text(unit: int) -> str:
    plain = 0x20 <= unit < 0x7F and chr(unit) not in '"\\'
    return chr(unit) if plain else f"\\u{unit:04x}"


Row = tuple[str, str, str, str]
ROWS: list[Row] = [
    (name, writer, data, shown)
    for name, writer, data, shown in json.loads(
        Path(__file__).with_name("fixtures.json").read_text(encoding="ascii")
    )
]


def each(rows: list[Row]) -> pytest.MarkDecorator:
    ids = [f"{name} by {writer}" for name, writer, _, _ in rows]
    return pytest.mark.parametrize(("name", "writer", "data", "shown"), rows, ids=ids)


# What is not written again as it was read, and why.
NOT_THE_SAME = {
    "negative zero": "read as 0, which is what Python sees",
    "boxed negative zero": "read as 0, which is what Python sees",
    "map with NaN key": "V8 has a double 1 here, which it writes as such",
    "array with holes": "V8 writes holes sparsely",
    "holes at both ends": "V8 writes holes sparsely",
    "holes only": "V8 writes holes sparsely",
    "filled after the fact": "V8 takes it for an array with holes",
    "sparse of 1000": "V8 writes holes sparsely",
    "sparse of 100000": "V8 writes holes sparsely",
    "array with an own property": "the property is not kept",
    "holes and a property": "the property is not kept",
    "resizable buffer": "the limit is not kept",
    "length-tracking view": "the limit is not kept",
    "fixed view of a resizable buffer": "the limit is not kept",
    "length-tracking dataview": "the limit is not kept",
}


@each(ROWS)
def test_what_was_written_is_read(name: str, writer: str, data: str, shown: str) -> None:
    del name, writer
    assert text(CODEC.decode(bytes.fromhex(data))) == shown


@each([row for row in ROWS if row[1].startswith("workerd")])
def test_what_workerd_wrote_is_written_again_byte_for_byte(
    name: str, writer: str, data: str, shown: str
) -> None:
    del shown
    codec = OLD_ERRORS if writer == "workerd 2026-01-01" else CODEC
    value = codec.decode(bytes.fromhex(data))

    again = codec.encode(value).hex()

    assert (again == data) is (name not in NOT_THE_SAME)


@each(ROWS)
def test_a_value_that_is_cut_off_is_an_error(name: str, writer: str, data: str, shown: str) -> None:
    del name, writer, shown
    raw = bytes.fromhex(data)
    ends = range(len(raw)) if len(raw) < 500 else range(0, len(raw), 97)

    for end in ends:
        try:
            value = CODEC.decode(raw[:end])
        except CloneDecodeError:
            continue
        # All of a view's buffer, and nothing of the view.
        assert isinstance(value, JsBuffer)
        assert raw[end] == ord("V")


# Node's V8 knows no Float16Array and no host objects of workerd's.
FOR_NODE = [row for row in ROWS if row[0] != "float16array" and row[1] != "workerd 2026-04-26"]

# For each line of hex, a line that shows the value in it as far as Node shows values.
NODE_READS = """
const v8 = require("v8"), util = require("util");
for (const line of require("fs").readFileSync(0, "utf8").split("\\n").filter(Boolean)) {
  let shown;
  try {
    const reader = new v8.Deserializer(Buffer.from(line, "hex"));
    reader.readHeader();
    shown = util.inspect(reader.readValue(), {
      depth: 60, maxArrayLength: null, maxStringLength: null, breakLength: Infinity,
    });
  } catch (error) { shown = "!" + error; }
  console.log(JSON.stringify(shown));
}
"""


def node_reads(lines: list[str]) -> list[str]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not here to read values")
    done = subprocess.run(  # noqa: S603 - our own program
        [node, "-e", NODE_READS], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_node_reads_in_our_bytes_what_it_reads_in_the_original() -> None:
    lost = {"negative zero", "boxed negative zero"} | {
        name for name, why in NOT_THE_SAME.items() if why.endswith("not kept")
    }
    lost.add("error that is its own cause")  # which this V8 can write but not read
    rows = [row for row in FOR_NODE if row[0] not in lost]
    theirs = [row[2] for row in rows]
    ours = [OLD_ERRORS.encode(OLD_ERRORS.decode(bytes.fromhex(data))).hex() for data in theirs]

    shown = node_reads(theirs + ours)

    assert shown[len(rows) :] == shown[: len(rows)]
    assert not [line for line in shown if line.startswith('"!')]


@pytest.mark.parametrize("header", ["", "ff0d", "ff0e"], ids=["none", "13", "14"])
def test_values_of_older_versions_are_read(header: str) -> None:
    rows = [
        row for row in ROWS if header == "ff0e" or not ("Array(" in row[3] or "View(" in row[3])
    ]

    values = [CODEC.decode(bytes.fromhex(header + row[2][4:])) for row in rows]

    assert [text(value) for value in values] == [row[3] for row in rows]


def test_views_of_version_13_have_no_flags() -> None:
    value = CODEC.decode(bytes.fromhex("ff0d 4102 4203010203 5642 0102 4904 240002"))

    assert text(value) == "0=[1=Uint8Array(2=ArrayBuffer 010203,1,2),2]"
