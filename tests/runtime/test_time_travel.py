"""Point-in-time recovery, as an object's code meets it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from pydo.errors import JsException
from pydo.runtime.container import Settings
from pydo.runtime.events import AlarmFired, Event
from pydo.runtime.history.log import Retention

from .conftest import Object, failure_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Core, Stub

NOTHING = "00000000-00000000-00000000-" + "0" * 32
NOT_KEPT = "This Durable Object's storage back-end does not implement point-in-time recovery."
DAY_S = 24 * 3600


class Traveller(Object):
    """Writes, asks for bookmarks, and returns to them."""

    async def handle(self, event: Event) -> object:
        if isinstance(event, AlarmFired):
            self.write(self.read("rang") + 1, "rang")
            return None
        return await super().handle(event)

    async def bookmark(self) -> str:
        return await self.actor.current_bookmark()

    async def put_and_bookmark(self, number: int) -> str:
        bookmark = self.actor.current_bookmark()
        self.write(number)
        return await bookmark

    async def at(self, time_ms: int) -> str:
        return self.actor.bookmark_at(time_ms)

    async def restore(self, bookmark: str) -> str:
        return self.actor.restore_next(bookmark)

    async def abort(self) -> None:
        self.actor.abort(None)

    async def restore_and_abort(self, bookmark: str) -> None:
        self.actor.restore_next(bookmark)
        self.actor.abort(None)

    async def wipe(self) -> None:
        self.actor.delete_all()

    async def run(self, text: str) -> list[Any]:
        return self.actor.database.writing().execute(text).fetchall()

    async def set_alarm(self, at_ms: int) -> None:
        self.actor.set_alarm(at_ms)

    async def alarm(self) -> int | None:
        return self.actor.alarm.get()


@pytest.fixture
def stub(core: Core) -> Stub:
    return core.stub(Traveller)


async def again(stub: Stub) -> Stub:
    """End the object's session; a stub for the next one."""
    await failure_of(stub.call("abort"))
    return type(stub)(stub.namespace, stub.id)


async def test_an_object_returns_to_a_bookmark_at_its_next_construction(stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("put", 2)

    await stub.call("restore", bookmark)
    before = await stub.call("get")
    after = await (await again(stub)).call("get")

    assert (before, after) == (2, 1)


async def test_the_abort_of_the_same_turn_does_not_lose_the_order(stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("put", 2)

    await failure_of(stub.call("restore_and_abort", bookmark))

    assert await type(stub)(stub.namespace, stub.id).call("get") == 1


async def test_a_return_is_undone_by_what_it_gives(stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    undo = await stub.call("restore", bookmark)
    await stub.call("put", 3)  # the undoing brings even that back
    stub = await again(stub)
    assert await stub.call("get") == 1

    await stub.call("restore", undo)

    assert await (await again(stub)).call("get") == 3


async def test_a_return_is_taken_back_before_it_is_made(stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    undo = await stub.call("restore", bookmark)
    await stub.call("restore", undo)  # to the end of what is being written
    await stub.call("put", 2)

    assert await (await again(stub)).call("get") == 2


async def test_bookmarks_sort_by_time_across_returns(core: Core, stub: Stub) -> None:
    found = [await stub.call("bookmark")]
    for number in range(3):
        await core.advance(1)
        await stub.call("put", number)
        found.append(await stub.call("bookmark"))
        found.append(await stub.call("restore", found[1]))
        stub = await again(stub)
        await stub.call("put", 10 + number)
        found.append(await stub.call("bookmark"))

    assert found == sorted(set(found))
    assert {len(each) for each in found} == {len(NOTHING)}


async def test_the_bookmark_of_a_turn_has_what_it_writes_after_asking(stub: Stub) -> None:
    bookmark = await stub.call("put_and_bookmark", 5)
    await stub.call("put", 6)

    await stub.call("restore", bookmark)

    assert await (await again(stub)).call("get") == 5


async def test_an_object_that_never_wrote_has_the_first_bookmark(stub: Stub) -> None:
    assert await stub.call("bookmark") == NOTHING

    await stub.call("restore", NOTHING)

    assert await (await again(stub)).call("get") == 0


async def test_a_return_crosses_delete_all_and_schema_changes(stub: Stub) -> None:
    await stub.call("run", "CREATE TABLE t (a)")
    await stub.call("run", "INSERT INTO t VALUES (1)")
    bookmark = await stub.call("bookmark")
    await stub.call("run", "ALTER TABLE t ADD COLUMN b")
    await stub.call("wipe")
    await stub.call("run", "CREATE TABLE other (x)")

    await stub.call("restore", bookmark)
    stub = await again(stub)

    assert [tuple(row) for row in await stub.call("run", "SELECT * FROM t")] == [(1,)]


async def test_a_bookmark_is_found_by_time(core: Core, stub: Stub) -> None:
    start = core.loop.clock.now_ms()
    found: list[str] = []
    for number in range(3):
        await core.advance(1)
        await stub.call("put", number)
        found.append(await stub.call("bookmark"))

    times = [start + 1000, start + 1999, start + 2000, start + 3500]
    by_time = [await stub.call("at", each) for each in times]

    assert by_time == [found[0], found[0], found[1], found[2]]
    assert await stub.call("at", start + 500) == NOTHING


async def test_times_and_bookmarks_that_are_not_kept_are_refused(core: Core, stub: Stub) -> None:
    now = core.loop.clock.now_ms()
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("put", 2)

    messages = {
        name: (await failure_of(stub.call(method, argument))).message
        for name, method, argument in [
            ("none", "restore", "nonsense"),
            ("other", "restore", bookmark[:-1] + ("0" if bookmark[-1] != "0" else "1")),
            ("later", "restore", "7" + bookmark[1:]),
            ("end", "restore", f"00000009-ffffffff-ffffffff-{'f' * 32}"),
            ("future", "at", now + 60_000),
            ("past", "at", now - 31 * DAY_S * 1000),
        ]
    }

    assert messages == {
        "none": 'Bookmark "nonsense" is invalid.',
        "other": f"Bookmark {bookmark[:-1] + ('0' if bookmark[-1] != '0' else '1')} is not one of"
        " this Durable Object's.",
        "later": f"Bookmark 7{bookmark[1:]} is in the future.",
        "end": f"Bookmark 00000009-ffffffff-ffffffff-{'f' * 32} is in the future.",
        "future": "Cannot get a bookmark for a time in the future.",
        "past": "Cannot get a bookmark for a time that is more than 30 days ago.",
    }


async def test_what_was_replaced_30_days_ago_cannot_be_returned_to(core: Core, stub: Stub) -> None:
    await stub.call("put", 1)
    replaced = await stub.call("bookmark")
    await core.advance(1)
    await stub.call("put", 2)
    lasting = await stub.call("bookmark")
    await core.advance(31 * DAY_S)
    await stub.call("put", 3)

    error = await failure_of(stub.call("restore", replaced))
    await stub.call("restore", lasting)

    assert error.message == f"Bookmark {replaced} is older than 30 days."
    assert await (await again(stub)).call("get") == 2


async def test_a_class_without_sql_has_no_past(core: Core) -> None:
    stub = core.stub(Traveller)
    stub.namespace.has_sql = False
    await stub.call("put", 1)

    errors = [
        await failure_of(stub.call("bookmark")),
        await failure_of(stub.call("at", 1)),
        await failure_of(stub.call("restore", NOTHING)),
    ]

    assert {each.message for each in errors} == {NOT_KEPT}
    assert not stub.file.with_name("db.history").exists()


async def test_no_past_is_kept_if_the_settings_say_so(start: Callable[..., Core]) -> None:
    stub = start(settings=Settings(history=None)).stub(Traveller)

    assert (await failure_of(stub.call("bookmark"))).message == NOT_KEPT


# -- alarms


async def test_a_return_brings_the_alarm_back(core: Core, stub: Stub) -> None:
    at = core.loop.clock.now_ms() + 60_000
    await stub.call("set_alarm", at)
    bookmark = await stub.call("bookmark")
    await stub.call("wipe")
    await failure_of(stub.call("restore_and_abort", bookmark))

    await core.advance(61)

    assert await type(stub)(stub.namespace, stub.id).call("get") == 0
    assert await type(stub)(stub.namespace, stub.id).call("read", "rang") == 1


async def test_a_return_takes_the_alarm_away(core: Core, stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("set_alarm", core.loop.clock.now_ms() + 60_000)
    await failure_of(stub.call("restore_and_abort", bookmark))

    await core.advance(61)

    stub = type(stub)(stub.namespace, stub.id)
    assert (await stub.call("read", "rang"), await stub.call("alarm")) == (0, None)
    assert stub.namespace.metadata.alarms() == []


async def test_an_order_survives_the_process_with_its_alarm(
    core: Core, start: Callable[..., Core]
) -> None:
    stub = core.stub(Traveller)
    await stub.call("set_alarm", core.loop.clock.now_ms() + 60_000)
    bookmark = await stub.call("bookmark")
    await stub.call("wipe")
    await stub.call("restore", bookmark)
    core.runtime.close()

    later = start().stub(Traveller)

    assert await later.call("alarm") is not None
    await core.advance(61)
    assert await later.call("read", "rang") == 1


# -- from outside


async def test_a_container_returns_at_once_when_it_is_asked_from_outside(stub: Stub) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("put", 2)

    undo = stub.container.past.restore(bookmark)
    stub = type(stub)(stub.namespace, stub.id)
    found = await stub.call("get")
    stub.container.crash()
    stub.container.past.restore(undo)

    assert (found, await type(stub)(stub.namespace, stub.id).call("get")) == (1, 2)


async def test_a_container_brings_its_history_up_to_date_awake_and_asleep(
    core: Core, stub: Stub
) -> None:
    await stub.call("put", 1)
    history = stub.file.with_name("db.history")
    stub.container.past.archive()
    awake = [each.stat().st_size for each in history.glob("*.frames")]
    stub.container.crash()

    stub.container.past.archive()
    await core.advance(100)

    assert awake == [2 * 4120]
    assert [each.stat().st_size for each in history.glob("*.frames")] == awake


async def test_a_refused_return_leaves_nothing_open(core: Core, stub: Stub) -> None:
    await stub.call("put", 1)
    stub.container.crash()

    with pytest.raises(JsException, match="is invalid"):
        stub.container.past.restore("nonsense")

    assert len(stub.namespace.budget) == 0
    await core.advance(100)
    assert await type(stub)(stub.namespace, stub.id).call("get") == 1


# -- when it cannot be done


async def test_a_return_that_fails_is_tried_again(
    core: Core, stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    await stub.call("put", 1)
    bookmark = await stub.call("bookmark")
    await stub.call("put", 2)
    blocked = stub.file.with_name("db.history") / "restored"
    blocked.mkdir()
    await failure_of(stub.call("restore_and_abort", bookmark))
    with caplog.at_level(logging.WARNING):
        await core.advance(0)
    stub = type(stub)(stub.namespace, stub.id)
    error = await failure_of(stub.call("get"))
    blocked.rmdir()
    await core.advance(20)

    found = await stub.call("get")

    assert error.message == "Point-in-time recovery is not available for now."
    assert "what is to be restored waits" in caplog.text
    assert found == 1


async def test_a_history_that_cannot_be_written_is_told_of(
    stub: Stub, caplog: pytest.LogCaptureFixture
) -> None:
    history = stub.file.with_name("db.history")
    history.parent.mkdir(parents=True)
    history.write_text("in the way")

    with caplog.at_level(logging.WARNING):
        await stub.call("put", 1)
    error = await failure_of(stub.call("bookmark"))
    history.unlink()
    bookmark = await stub.call("bookmark")

    assert "the history of this object is not written for now" in caplog.text
    assert error.message == "Point-in-time recovery is not available for now."
    assert bookmark > NOTHING
    assert await stub.call("get") == 1


async def test_a_small_history_forgets_the_oldest_and_says_so(
    start: Callable[..., Core], caplog: pytest.LogCaptureFixture
) -> None:
    core = start(settings=Settings(history=Retention(most_bytes=5_000_000)))
    stub = core.stub(Traveller)
    await stub.call("put", 0)
    first = await stub.call("bookmark")
    with caplog.at_level(logging.WARNING):
        for number in range(3000):
            await core.advance(0.001)
            await stub.call("put", number)
    last = await stub.call("bookmark")
    await stub.call("put", -1)

    early = await failure_of(stub.call("restore", first))
    at = await failure_of(stub.call("at", core.loop.clock.now_ms() - 3000))
    await stub.call("restore", last)

    assert "its oldest part is let go of" in caplog.text
    assert early.message == f"Bookmark {first} is older than the history."
    assert at.message == "Cannot get a bookmark for a time that is before the history."
    assert await (await again(stub)).call("get") == 2999
