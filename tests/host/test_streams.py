"""Streams, by the answers that workerd gives to the same calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.host.js.numeric import Uint8Array
from pydo.host.js.object import JsObject
from pydo.host.js.response import Response
from pydo.host.js.stream import STREAM_CLASSES, ReadableStream
from pydo.host.js.value import jsnull
from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from pathlib import Path

    from pydo.host.promise import JsPromise


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = Project(tmp_path)
    yield project
    project.close()


CLASSES: dict[str, Any] = {cls.name: cls for cls in STREAM_CLASSES}
Writable = CLASSES["WritableStream"]
Transform = CLASSES["TransformStream"]


def readable(strategy: Any = None, **source: Any) -> Any:
    return ReadableStream.new(JsObject(source), strategy)


def writable(strategy: Any = None, **sink: Any) -> Any:
    return Writable.new(JsObject(sink), strategy)


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(coroutine, 5))


async def said(action: Callable[[], Awaitable[Any]] | Callable[[], Any]) -> str:
    """Give `Name: message` of what an action raises, else what it gives."""
    try:
        result: Any = action()
        if hasattr(result, "__await__"):
            result = await result
    except JsException as error:
        return f"{error.name}: {error.message}"
    return str(result)


def holding(*chunks: Any, **source: Any) -> tuple[Any, Any]:
    """Give a stream of chunks that goes on, and its controller."""
    held: list[Any] = []

    def start(controller: Any) -> None:
        held.append(controller)
        for chunk in chunks:
            controller.enqueue(chunk)

    return readable(start=start, **source), held[0]


# -- reading


def test_chunks_come_in_the_order_in_which_they_were_put() -> None:
    async def main() -> list[Any]:
        stream, controller = holding(1, "two")
        controller.enqueue(3)
        controller.close()
        return [chunk async for chunk in stream]

    assert run(main()) == [1, "two", 3]


def test_a_reader_waits_for_what_is_not_there_yet() -> None:
    async def main() -> Any:
        stream, controller = holding()
        reading = stream.getReader().read()
        await asyncio.sleep(0)
        controller.enqueue("late")
        result = await reading
        return result.value, result.done

    assert run(main()) == ("late", False)


@pytest.mark.parametrize(
    ("mark", "pulled"),
    [({"highWaterMark": 0}, 0), (None, 1), ({"highWaterMark": 3}, 3)],
)
def test_pull_fills_the_queue_to_its_mark(mark: Any, pulled: int) -> None:
    async def main() -> int:
        count = 0

        def pull(controller: Any) -> None:
            nonlocal count
            count += 1
            controller.enqueue(count)

        readable(mark, pull=pull)
        await asyncio.sleep(0.01)
        return count

    assert run(main()) == pulled


def test_pull_is_not_called_again_while_it_runs() -> None:
    async def main() -> tuple[list[Any], int]:
        running = most = 0

        async def pull(controller: Any) -> None:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            controller.enqueue("x")
            running -= 1

        stream = readable(pull=pull)
        reader = stream.getReader()
        results = await asyncio.gather(*(reader.read() for _ in range(5)))
        return [result.value for result in results], most

    assert run(main()) == (["x"] * 5, 1)


def _closed() -> Any:
    stream, controller = holding()
    controller.close()
    return stream, controller


def _errored() -> Any:
    stream, controller = holding()
    controller.error(JsException("RangeError", "boo"))
    return stream, controller


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (lambda: _closed()[1].enqueue(1), "TypeError: Unable to enqueue"),
        (_closed()[1].close, "TypeError: This ReadableStream is closed."),
        (lambda: _errored()[1].enqueue(1), "TypeError: Unable to enqueue"),
        (lambda: _errored()[0].getReader().read(), "RangeError: boo"),
        (
            lambda: readable(type="x"),
            'TypeError: "x" is not a valid type of ReadableStream.',
        ),
        (
            lambda: readable().getReader(JsObject({"mode": "byob"})),
            "TypeError: This ReadableStream does not support BYOB reads.",
        ),
        (
            lambda: CLASSES["CompressionStream"].new("zip"),
            "TypeError: The compression format must be either 'deflate', 'deflate-raw' or 'gzip'.",
        ),
    ],
)
def test_what_a_stream_refuses_is_said_in_the_words_of_production(
    action: Callable[[], Any], expected: str
) -> None:
    async def main() -> str:
        return await said(action)

    assert run(main()) == expected


def test_the_desired_size_tells_how_the_stream_ended() -> None:
    async def main() -> list[Any]:
        return [_closed()[1].desiredSize, _errored()[1].desiredSize, holding(1)[1].desiredSize]

    assert run(main()) == [0, jsnull, 0]


def test_a_locked_stream_refuses_everyone_but_its_reader() -> None:
    async def main() -> list[str]:
        stream, _ = holding(1)
        reader = stream.getReader()
        words = [
            await said(stream.getReader),
            await said(stream.cancel),
            await said(stream.tee),
            await said(lambda: stream.pipeTo(writable())),
        ]
        reader.releaseLock()
        return [*words, await said(reader.read), await said(lambda: reader.closed)]

    locked = "TypeError: This ReadableStream is currently locked to a reader."
    released = "TypeError: This ReadableStream reader has been released."
    assert run(main()) == [locked, locked, locked[:-1] + ",", locked, released, released]


@pytest.mark.parametrize("how", ["start", "pull"])
def test_an_error_in_a_callback_reaches_the_reader(how: str) -> None:
    async def failing(_: Any) -> None:
        raise JsException("Error", "broken")

    async def main() -> str:
        return await said(readable(**{how: failing}).getReader().read)

    assert run(main()) == "Error: broken"


def test_cancelling_tells_the_source_why_and_ends_the_stream() -> None:
    async def main() -> tuple[list[Any], bool]:
        why: list[Any] = []
        stream = readable(cancel=why.append, start=lambda c: c.enqueue(1))
        await stream.cancel("enough")
        result = await stream.getReader().read()
        return why, result.done

    assert run(main()) == (["enough"], True)


def test_stopping_an_iteration_early_cancels_unless_told_otherwise() -> None:
    async def main() -> list[Any]:
        why: list[Any] = []
        stream = readable(pull=lambda c: c.enqueue(1), cancel=why.append)
        iterator = stream.values()
        await iterator.next()
        await iterator.return_("over")
        kept, _ = holding(1, 2)
        iterator = kept.values(JsObject({"preventCancel": True}))
        await iterator.next()
        await iterator.return_()
        return [why, stream.locked, (await kept.getReader().read()).value]

    assert run(main()) == [["over"], False, 2]


def test_a_byte_reader_gets_as_many_as_fit() -> None:
    async def main() -> list[Any]:
        def start(controller: Any) -> None:
            controller.enqueue(Uint8Array.new(bytearray(b"abc")))
            controller.close()

        reader = readable(type="bytes", start=start).getReader(JsObject({"mode": "byob"}))
        got = []
        for _ in range(3):
            result = await reader.read(Uint8Array.new(bytearray(2)))
            got.append((result.value.to_bytes(), result.done))
        return got

    assert run(main()) == [(b"ab", False), (b"c", False), (b"", True)]


def test_a_byte_reader_waits_for_the_least_that_is_asked() -> None:
    async def main() -> bytes:
        stream, controller = holding(type="bytes")
        for _ in range(3):
            controller.enqueue(Uint8Array.new(bytearray(b"ab")))
        reader = stream.getReader(JsObject({"mode": "byob"}))
        result = await reader.readAtLeast(5, Uint8Array.new(bytearray(10)))
        return bytes(result.value.to_bytes())

    assert run(main()) == b"ababab"


def test_both_branches_of_a_tee_get_everything() -> None:
    async def main() -> list[list[Any]]:
        stream, controller = holding(1, 2)
        first, second = stream.tee()
        controller.close()
        return [[c async for c in first], [c async for c in second]]

    assert run(main()) == [[1, 2], [1, 2]]


def test_the_source_of_a_tee_is_cancelled_when_both_branches_are() -> None:
    async def main() -> list[list[Any]]:
        why: list[Any] = []
        first, second = readable(cancel=why.append).tee()
        await first.cancel("one")
        before = list(why)
        await second.cancel("two")
        return [before, why]

    assert run(main()) == [[], ["two"]]


def test_a_stream_is_made_of_what_can_be_iterated() -> None:
    async def numbers() -> Any:
        yield 1
        yield 2

    async def main() -> list[Any]:
        of_list = [c async for c in ReadableStream.from_(["a", "b"])]
        return [*of_list, *[c async for c in ReadableStream.from_(numbers())]]

    assert run(main()) == ["a", "b", 1, 2]


def test_an_iterable_runs_in_the_turns_of_whoever_made_the_stream(project: Project) -> None:
    # It may use storage, though it is the Worker that reads.
    result = project.run("""
class A(DurableObject):
    async def fetch(self, request):
        async def counted():
            for number in range(3):
                await self.ctx.storage.put("number", number)
                yield to_js(f"{await self.ctx.storage.get('number')} ".encode())
        return Response(js.ReadableStream.from_(create_proxy(counted())))

async def main(env, ctx):
    return await (await env.A.getByName("a").fetch("http://x/")).text()
""")

    assert result == "0 1 2 "


# -- as a body


@pytest.mark.parametrize("chunk", [1, "text"])
def test_a_body_is_made_of_bytes_alone(chunk: Any) -> None:
    async def main() -> str:
        stream, controller = holding(chunk)
        controller.close()
        return await said(Response.new(stream).text)

    assert run(main()) == "TypeError: This ReadableStream did not return bytes."


def test_a_body_is_read_from_a_stream_that_goes_on() -> None:
    async def main() -> str:
        left = 3

        async def pull(controller: Any) -> None:
            nonlocal left
            await asyncio.sleep(0)
            controller.enqueue(Uint8Array.new(bytearray(b"hi ")))
            left -= 1
            if left == 0:
                controller.close()

        return str(await Response.new(readable(pull=pull)).text())

    assert run(main()) == "hi hi hi "


# -- writing


def test_writes_reach_the_sink_one_after_the_other() -> None:
    async def main() -> list[Any]:
        log: list[Any] = []

        async def write(chunk: Any, _: Any) -> None:
            log.append(("begin", chunk))
            await asyncio.sleep(0)
            log.append(("end", chunk))

        writer = writable(write=write, close=lambda: log.append("close")).getWriter()
        first, second = writer.write(1), writer.write(2)
        await writer.close()
        await first
        await second
        return log

    assert run(main()) == [("begin", 1), ("end", 1), ("begin", 2), ("end", 2), "close"]


def test_what_a_writable_stream_refuses_is_said_in_the_words_of_production() -> None:
    async def main() -> list[str]:
        writer = writable().getWriter()
        await writer.close()
        words = [await said(lambda: writer.write(1)), await said(writer.close)]
        stream = writable()
        writer = stream.getWriter()
        words += [await said(stream.getWriter), await said(stream.abort), await said(stream.close)]
        writer.releaseLock()
        return [*words, await said(lambda: writer.write(1)), await said(lambda: writer.closed)]

    closed = "TypeError: This WritableStream has been closed."
    locked = "TypeError: This WritableStream is currently locked to a writer."
    released = "TypeError: This WritableStream writer has been released."
    assert run(main()) == [closed, closed, locked, locked, locked, released, released]


def test_an_error_of_the_sink_is_that_of_all_later_writes() -> None:
    async def write(*_: Any) -> None:
        raise JsException("Error", "wr")

    async def main() -> list[str]:
        writer = writable(write=write).getWriter()
        return [await said(lambda: writer.write(1)), await said(lambda: writer.write(2))]

    assert run(main()) == ["Error: wr", "Error: wr"]


def test_abort_tells_the_sink_why_and_refuses_later_writes() -> None:
    async def main() -> list[Any]:
        why: list[Any] = []
        writer = writable(abort=why.append).getWriter()
        await writer.abort("rs")
        return [why, await said(lambda: writer.write(1))]

    assert run(main()) == [["rs"], "Error: rs"]


def test_a_writer_is_told_when_there_is_room() -> None:
    async def main() -> list[Any]:
        gate = asyncio.get_running_loop().create_future()
        writer = writable({"highWaterMark": 1}, write=lambda *_: gate).getWriter()
        sizes = [writer.desiredSize]
        first = writer.write(1)
        sizes.append(writer.desiredSize)
        ready = asyncio.ensure_future(_wait(writer.ready))
        await asyncio.sleep(0)
        sizes.append(ready.done())
        gate.set_result(None)
        await ready
        await first
        return [*sizes, writer.desiredSize]

    assert run(main()) == [1, 0, False, 1]


async def _wait(promise: JsPromise) -> None:
    await promise


# -- pipes and transforms


def test_a_transform_changes_what_passes_and_adds_at_the_end() -> None:
    async def main() -> list[Any]:
        stream = Transform.new(
            JsObject(
                {
                    "transform": lambda chunk, c: c.enqueue(chunk * 2),
                    "flush": lambda c: c.enqueue("end"),
                }
            )
        )
        writer = stream.writable.getWriter()
        writer.write(1)
        writer.write(2)
        writer.close()
        return [chunk async for chunk in stream.readable]

    assert run(main()) == [2, 4, "end"]


def test_a_transform_holds_writers_up_until_somebody_reads() -> None:
    async def main() -> list[bool]:
        stream = Transform.new()
        writing = asyncio.ensure_future(_wait(stream.writable.getWriter().write("a")))
        await asyncio.sleep(0.01)
        before = writing.done()
        await stream.readable.getReader().read()
        await writing
        return [before, writing.done()]

    assert run(main()) == [False, True]


def test_an_error_of_a_transform_reaches_both_sides() -> None:
    def transform(*_: Any) -> None:
        raise JsException("Error", "tt")

    async def main() -> list[str]:
        stream = Transform.new(JsObject({"transform": transform}))
        writer = stream.writable.getWriter()
        writing = writer.write(1)
        return [await said(stream.readable.getReader().read), await said(lambda: writing)]

    assert run(main()) == ["Error: tt", "Error: tt"]


def test_a_terminated_transform_ends_and_refuses() -> None:
    async def main() -> list[Any]:
        stream = Transform.new(JsObject({"transform": lambda _, c: c.terminate()}))
        writer = stream.writable.getWriter()
        writer.write(1).catch(lambda _: None)
        result = await stream.readable.getReader().read()
        return [result.done, await said(lambda: writer.write(2))]

    assert run(main()) == [True, "TypeError: The transform stream has been terminated"]


def test_pipes_carry_everything_and_close() -> None:
    async def main() -> list[Any]:
        got: list[Any] = []
        await ReadableStream.from_([1, 2]).pipeTo(
            writable(write=lambda chunk, _: got.append(chunk), close=lambda: got.append("close"))
        )
        return got

    assert run(main()) == [1, 2, "close"]


def test_an_error_of_one_end_of_a_pipe_reaches_the_other() -> None:
    async def main() -> list[Any]:
        aborted: list[Any] = []
        cancelled: list[Any] = []
        stream, controller = holding()
        controller.error(JsException("Error", "src"))
        words = [await said(lambda: stream.pipeTo(writable(abort=aborted.append)))]

        async def write(*_: Any) -> None:
            raise JsException("Error", "dst")

        stream = readable(start=lambda c: c.enqueue(1), cancel=cancelled.append)
        words.append(await said(lambda: stream.pipeTo(writable(write=write))))
        return [*words, aborted[0].message, cancelled[0].message]

    assert run(main()) == ["Error: src", "Error: dst", "src", "dst"]


def test_text_and_compression_pass_through_pipes() -> None:
    async def main() -> list[str]:
        text = (
            ReadableStream.from_([Uint8Array.new(bytearray("hé".encode()[:2]))])
            .pipeThrough(CLASSES["TextDecoderStream"].new())
            .pipeThrough(CLASSES["TextEncoderStream"].new())
        )
        packed = (
            Response.new("hello " * 1000)
            .body.pipeThrough(CLASSES["CompressionStream"].new("gzip"))
            .pipeThrough(CLASSES["DecompressionStream"].new("gzip"))
        )
        unpacked = await Response.new(packed).text()
        broken = Response.new("no gzip").body.pipeThrough(
            CLASSES["DecompressionStream"].new("gzip")
        )
        return [
            await Response.new(text).text(),
            str(unpacked == "hello " * 1000),
            await said(Response.new(broken).text),
        ]

    assert run(main()) == ["h\ufffd", "True", "TypeError: Decompression failed."]


def test_cloudflares_own_transforms_take_bytes_and_count_them() -> None:
    async def main() -> list[Any]:
        identity = CLASSES["IdentityTransformStream"].new()
        writer = identity.writable.getWriter()
        reading = identity.readable.getReader().read()
        await writer.write(Uint8Array.new(bytearray(b"ab")))
        first = (await reading).value.to_bytes()
        other = CLASSES["IdentityTransformStream"].new()
        other.readable.getReader().read().catch(lambda _: None)
        refused = await said(lambda: other.writable.getWriter().write("text"))
        fixed = CLASSES["FixedLengthStream"].new(5)
        return [bytes(first), refused.partition(",")[0], fixed.readable.length]

    assert run(main()) == [
        b"ab",
        "TypeError: This TransformStream is being used as a byte stream",
        5,
    ]


def test_strategies_count_chunks_or_bytes() -> None:
    count = CLASSES["CountQueuingStrategy"].new(JsObject({"highWaterMark": 3}))
    length = CLASSES["ByteLengthQueuingStrategy"].new(JsObject({"highWaterMark": 3}))

    assert (count.highWaterMark, count.size("abc")) == (3, 1)
    assert length.size(Uint8Array.new(bytearray(4))) == 4


def test_a_pipe_takes_both_ends_before_anything_flows() -> None:
    async def main() -> tuple[object, ...]:
        response, through = Response.new("abc"), CLASSES["IdentityTransformStream"].new()
        answer = Response.new(response.body.pipeThrough(through))
        state = (response.body.locked, through.writable.locked, response.bodyUsed)
        return *state, await said(response.text), await answer.text()

    *state, refusal, text = run(main())

    assert state == [True, True, True]
    assert refusal.startswith("TypeError: Body has already been used.")
    assert text == "abc"


@pytest.mark.parametrize(
    "use",
    [
        "js.ReadableStream.new(pull=fails).getReader().read()",
        "js.ReadableStream.new(start=fails).getReader().read()",
        "js.ReadableStream.from_(create_proxy(generated())).getReader().read()",
        "js.WritableStream.new(write=fails).getWriter().write('a')",
        "js.Response.new('a').body.pipeThrough(js.TransformStream.new(transform=fails)).values().next()",
        "js.ReadableStream.new(cancel=fails).cancel()",
    ],
)
def test_a_task_that_a_callback_has_cancelled_is_an_error_of_the_stream(
    project: Project, use: str
) -> None:
    result = project.run(f"""
async def failing(*_):
    task = asyncio.ensure_future(asyncio.sleep(60))
    task.cancel()
    await task

async def generated():
    yield await failing()

async def main(env, ctx):
    fails = create_proxy(failing)
    return await asyncio.wait_for(attempt({use}), 5)
""")

    assert result.startswith("PythonError: Traceback")
    assert result.endswith("asyncio.exceptions.CancelledError\n")


@pytest.mark.parametrize("kind", ["IdentityTransformStream", "FixedLengthStream"])
def test_what_a_byob_reader_has_left_of_a_chunk_is_in_both_branches(
    project: Project, kind: str
) -> None:
    result = project.run(f"""
async def left(stream):
    reader = stream.getReader(mode="byob")
    await reader.read(js.Uint8Array.new(2))
    reader.releaseLock()
    first, second = map(js.Response.new, stream.tee())
    sent = js.Request.new("http://x", method="POST", body=second.clone().body)
    return [await first.text(), await second.text(), await sent.text()]

async def main(env, ctx):
    pipe = js.{kind}.new(5)
    writer = pipe.writable.getWriter()
    writer.write(to_js(b"hello"))
    writer.close()
    return [await left(js.Response.new("hello").body), await left(pipe.readable)]
""")

    assert result == [["llo", "llo", "llo"], ["llo", "llo", "llo"]]


def test_a_branch_of_what_was_partly_read_promises_no_length() -> None:
    async def main() -> object:
        pipe = CLASSES["FixedLengthStream"].new(5)
        writer, reader = pipe.writable.getWriter(), pipe.readable.getReader()
        writer.write(Uint8Array.new(bytearray(b"he")))
        await reader.read()
        reader.releaseLock()
        return [branch.length for branch in pipe.readable.tee()]

    assert run(main()) == [None, None]
