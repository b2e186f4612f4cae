"""What the programs in Python are written with."""

import inspect
import json

from js import (
    CompressionStream,
    DecompressionStream,
    FixedLengthStream,
    IdentityTransformStream,
    ReadableStream,
    TextDecoderStream,
    TransformStream,
    Uint8Array,
    WritableStream,
)
from pyodide.ffi import JsProxy, jsnull

from_iterable = ReadableStream.from_


def encoded(text):
    return to_js(text.encode())


def octets(given):
    return to_js(bytes(given)) if isinstance(given, list) else Uint8Array.new(given)


def sleep(ms):
    return asyncio.sleep(ms / 1000)


def range_error(text):
    return js.RangeError.new(text)


def raising(error):
    def function(*_):
        raise error

    return function


async def start_later(*_):
    raise range_error("st")


def numbers():
    yield 1
    yield 2


async def numbers_later():
    yield 1
    yield 2


def obj(**members):
    kept = {
        name: create_proxy(value) if callable(value) and not isinstance(value, JsProxy) else value
        for name, value in members.items()
    }
    return to_js(kept, dict_converter=Object.fromEntries)


def holding(strategy=None, **callbacks):
    held = []
    source = obj(start=held.append, **callbacks)
    stream = ReadableStream.new(source, *([] if strategy is None else [obj(**strategy)]))
    return stream, held[0]


def writable(strategy=None, **callbacks):
    return WritableStream.new(obj(**callbacks), *([] if strategy is None else [obj(**strategy)]))


def transforming(**callbacks):
    return TransformStream.new(obj(**callbacks))


def sinking(**callbacks):
    held = []
    return writable(start=lambda controller, *_: held.append(controller), **callbacks), held[0]


def controlled(**callbacks):
    held = []
    return transforming(start=lambda controller, *_: held.append(controller), **callbacks), held[0]


def noting_sink(seen):
    return writable(
        write=lambda chunk, *_: seen.append(chunk), close=lambda *_: seen.append("close")
    )


def noting(seen):
    return lambda reason=None, *_: seen.append(reason)


def aborting(seen):
    return {"abort": lambda reason=None, *_: seen.append("abort " + show(reason))}


def cancelling(seen):
    return {"cancel": lambda reason=None, *_: seen.append("cancel " + show(reason))}


def gated():
    """Give a sink's `write` that waits, and what it waits for."""
    gates = []

    def write(*_):
        gates.append(asyncio.get_running_loop().create_future())
        return gates[-1]

    return gates, write


def ticking(seen):
    count = 0

    async def pull(controller):
        nonlocal count
        await sleep(2)
        controller.enqueue(count)
        count += 1

    return ReadableStream.new(obj(pull=pull, **cancelling(seen)))


def quiet(*promises):
    for promise in promises:
        promise.catch(create_proxy(lambda *_: None))


def writer_of(stream):
    writer = stream.getWriter()
    quiet(writer.closed, writer.ready)
    return writer


async def cat(stream):
    return b"".join([chunk.to_bytes() async for chunk in stream])


async def everything(stream):
    return "|".join([show(chunk) async for chunk in stream])


def joined(seen):
    return ",".join(map(str, seen))


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def show(value):
    if value is None:
        return "undefined"
    if value is jsnull:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, JsException):
        return told(value)
    if not isinstance(value, JsProxy):
        return str(value)
    name = value.constructor.name
    if name == "DataView":
        return f"DataView({value.byteLength})"
    if hasattr(value, "byteLength"):
        return f"{name}({joined(value)})"
    if hasattr(value, "done") and not hasattr(value, "add_done_callback"):
        return f"{{{show(value.value)} {show(value.done)}}}"
    return f"[{name}]"


async def run(program):
    log = []

    def note(*values):
        log.extend(map(show, values))

    async def say(name, action):
        async def answer():
            result = action() if inspect.isfunction(action) else action
            return await result if inspect.isawaitable(result) else result

        task = asyncio.ensure_future(answer())
        done, _ = await asyncio.wait({task}, timeout=0.05)
        if not done:
            log.append(f"{name}=HANGS")
        elif task.exception() is None:
            log.append(f"{name}={show(task.result())}")
        else:
            log.append(f"{name}=! {show(task.exception())}")

    try:
        await program(say, note)
    except Exception as error:
        log.append(f"! {show(error)}")
    return log
