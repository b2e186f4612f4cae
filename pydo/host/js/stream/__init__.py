"""Streams: chunks from a source to a sink, as fast as the slower of the two."""

from pydo.host.js.stream.bytecontroller import (
    ReadableByteStreamController,
    ReadableStreamBYOBRequest,
)
from pydo.host.js.stream.compression import (
    CompressionStream,
    DecompressionStream,
    TextDecoderStream,
    TextEncoderStream,
)
from pydo.host.js.stream.controller import ReadableStreamDefaultController
from pydo.host.js.stream.identity import FixedLengthStream, IdentityTransformStream
from pydo.host.js.stream.readable import ReadableStream, joined
from pydo.host.js.stream.reader import ReadableStreamBYOBReader, ReadableStreamDefaultReader
from pydo.host.js.stream.strategy import ByteLengthQueuingStrategy, CountQueuingStrategy
from pydo.host.js.stream.transform import TransformStream, TransformStreamDefaultController
from pydo.host.js.stream.writable import WritableStream, WritableStreamDefaultWriter
from pydo.host.js.stream.writes import WritableStreamDefaultController

__all__ = ["STREAM_CLASSES", "ReadableStream", "joined"]

STREAM_CLASSES = (
    ByteLengthQueuingStrategy,
    CompressionStream,
    CountQueuingStrategy,
    DecompressionStream,
    FixedLengthStream,
    IdentityTransformStream,
    ReadableByteStreamController,
    ReadableStream,
    ReadableStreamBYOBReader,
    ReadableStreamBYOBRequest,
    ReadableStreamDefaultController,
    ReadableStreamDefaultReader,
    TextDecoderStream,
    TextEncoderStream,
    TransformStream,
    TransformStreamDefaultController,
    WritableStream,
    WritableStreamDefaultController,
    WritableStreamDefaultWriter,
)
