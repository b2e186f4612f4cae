"""What a full disk and damaged files do to objects, and what the power's loss may not take."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import subprocess
from typing import TYPE_CHECKING

import apsw
import pytest

from pydo.errors import JsException, StateError
from pydo.runtime.container import Settings
from pydo.runtime.events import AlarmFired
from pydo.runtime.kv import ListOptions

from .conftest import Core, Object, failure_of, on_disk, properties

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pydo.runtime.actor import Actor
    from pydo.runtime.events import Event
    from pydo.runtime.loop import ObjectLoop

FULL = "database or disk is full: SQLITE_FULL"


class Filler(Object):
    """Writes as much as it is told to, and rings."""

    rung = 0

    async def handle(self, event: Event) -> object:
        if isinstance(event, AlarmFired):
            Filler.rung += 1
            return None
        return await super().handle(event)

    async def fill(self, size: int, key: str) -> None:
        self.actor.kv.put(key, bytes(size))

    async def set_alarm(self, at_ms: int) -> None:
        self.actor.set_alarm(at_ms)

    async def keys(self) -> list[str]:
        return [key for key, _ in self.actor.kv.list(ListOptions())]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None:
        pytest.skip("this system has no mount")
    done = subprocess.run(  # noqa: S603 - found above
        [mount, "-t", "tmpfs", "-o", "size=1m", "none", str(place)],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("only root may mount a small disk")
    yield place
    subprocess.run([umount, "--lazy", str(place)], check=True)  # noqa: S603 - as above


@pytest.fixture
def small(loop: ObjectLoop, disk: Path) -> Iterator[Core]:
    """A runtime on a disk of one megabyte."""
    core = Core(loop, disk)
    yield core
    core.runtime.close()


def fill_up(disk: Path) -> None:
    with (disk / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass


async def test_a_full_disk_breaks_the_object_and_loses_nothing_acknowledged(small: Core) -> None:
    stub = small.stub(Filler)
    acknowledged: list[str] = []
    error: JsException | None = None
    for number in range(100):
        try:
            await stub.call("fill", 30_000, f"{number:03}")
        except JsException as raised:
            error = raised
            break
        acknowledged.append(f"{number:03}")

    assert error is not None
    assert error.message == FULL
    assert properties(error)["durableObjectReset"] is True
    assert len(acknowledged) > 5
    assert await small.stub(Filler).call("keys") == acknowledged
    assert (await failure_of(stub.call("keys"))).message == FULL


async def test_an_object_recovers_when_there_is_room_again(small: Core, disk: Path) -> None:
    (disk / "ballast").write_bytes(bytes(700_000))
    await small.stub(Filler).call("fill", 1000, "before")
    assert (await failure_of(small.stub(Filler).call("fill", 500_000, "big"))).message == FULL

    (disk / "ballast").unlink()
    await small.stub(Filler).call("fill", 500_000, "big")

    assert await small.stub(Filler).call("keys") == ["before", "big"]


async def test_turns_that_share_a_commit_are_all_lost_and_nothing_of_them_is_acknowledged(
    small: Core, disk: Path
) -> None:
    stub = small.stub(Filler)
    await stub.call("fill", 10, "first")
    (disk / "ballast").write_bytes(bytes(600_000))

    results = await asyncio.gather(
        *(stub.call("fill", 100_000, f"{n}") for n in range(8)), return_exceptions=True
    )

    assert {getattr(each, "message", None) for each in results} == {FULL}
    assert await small.stub(Filler).call("keys") == ["first"]


async def test_an_object_that_cannot_be_made_says_that_the_disk_is_full(
    small: Core, disk: Path
) -> None:
    await small.stub(Filler, "other").call("fill", 10, "a")
    fill_up(disk)

    error = await failure_of(small.stub(Filler, "new").call("fill", 10, "a"))
    (disk / "ballast").unlink()
    await small.stub(Filler, "new").call("fill", 10, "a")

    assert error.message == FULL
    assert await small.stub(Filler, "new").call("keys") == ["a"]
    assert await small.stub(Filler, "other").call("keys") == ["a"]


async def test_an_alarm_that_cannot_be_noted_is_not_acknowledged_and_others_ring(
    small: Core, disk: Path
) -> None:
    Filler.rung = 0
    now_ms = small.loop.clock.now_ms()
    await small.stub(Filler, "early").call("set_alarm", now_ms + 1000)
    fill_up(disk)

    outcomes = await asyncio.gather(
        *(small.stub(Filler, f"late {n}").call("set_alarm", now_ms + 1000) for n in range(5)),
        return_exceptions=True,
    )
    assert [getattr(each, "message", None) for each in outcomes] == [FULL] * 5
    await small.advance(2)
    (disk / "ballast").unlink()
    await small.advance(60)

    assert Filler.rung >= 1


def bring_into_the_file(file: Path) -> None:
    connection = apsw.Connection(str(file))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def damage(file: Path) -> None:
    file.write_bytes(b"no database, whatever it is called" * 500)
    file.with_name(f"{file.name}-wal").unlink(missing_ok=True)


async def test_a_damaged_file_is_told_with_its_path_and_other_objects_go_on(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    stub, other = core.stub(Object), core.stub(Object, "other")
    await asyncio.gather(stub.call("put", 1), other.call("put", 2))
    stub.container.crash()
    damage(stub.file)

    with caplog.at_level(logging.ERROR, "pydo.runtime"):
        errors = [await failure_of(core.stub(Object).call(m)) for m in ("get", "get")]
        errors.append(await failure_of(core.stub(Object).call("put", 3)))

    assert {each.message for each in errors} == {"file is not a database: SQLITE_NOTADB"}
    assert len(caplog.messages) == 1
    assert f"{stub.file} is damaged (file is not a database)" in caplog.messages[0]
    assert await other.call("get") == 2


async def test_a_damaged_page_is_found_when_it_is_read(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    stub = core.stub(Filler)
    await stub.call("fill", 20_000, "a")
    stub.container.crash()
    bring_into_the_file(stub.file)
    with stub.file.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096)

    with caplog.at_level(logging.ERROR, "pydo.runtime"):
        error = await failure_of(core.stub(Filler).call("keys"))

    assert error.message.startswith("database disk image is malformed: SQLITE_CORRUPT")
    assert str(stub.file) in caplog.text


async def test_an_object_that_was_damaged_works_again_when_its_file_is_put_back(
    core: Core, tmp_path: Path
) -> None:
    stub = core.stub(Object)
    await stub.call("put", 1)
    stub.container.crash()
    on_disk(stub.file)  # brings the log into the file
    shutil.copy(stub.file, tmp_path / "copy")
    damage(stub.file)
    await failure_of(core.stub(Object).call("get"))

    shutil.copy(tmp_path / "copy", stub.file)
    core.stub(Object).container.crash()

    assert await core.stub(Object).call("get") == 1


async def test_damaged_metadata_is_told_with_its_path_and_what_to_do(
    core: Core, tmp_path: Path
) -> None:
    (tmp_path / "Object").mkdir()
    damage(tmp_path / "Object" / "metadata.sqlite")

    for _ in range(2):
        with pytest.raises(StateError, match=r"metadata\.sqlite cannot be read .*put it back"):
            core.stub(Object)


async def test_with_full_durability_each_commit_is_forced_to_the_disk(
    start: Callable[..., Core],
) -> None:
    class Asked(Object):
        def mode(self) -> object:
            return self.actor.database.opened().pragma("synchronous")

    core = start(settings=Settings(syncs_commits=True))
    stub = core.stub(Asked)
    await stub.call("put", 1)

    assert await stub.call("mode") == 2
    assert on_disk(stub.file) == {"n": 1}


async def test_the_size_of_an_object_is_told_from_80_percent_of_the_limit_on(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    core.runtime.budget.most_bytes = 100_000
    stub = core.stub(Filler)
    await stub.call("fill", 60_000, "a")
    await stub.call("fill", 60_000, "b")
    stub.container.crash()
    bring_into_the_file(stub.file)

    with caplog.at_level(logging.WARNING, "pydo.runtime"):
        for _ in range(2):
            assert await core.stub(Filler).call("keys") == ["a", "b"]
            core.stub(Filler).container.crash()

    (message,) = caplog.messages
    assert f"{stub.file} has" in message


async def test_an_object_may_be_no_larger_than_in_production_if_strict(
    start: Callable[..., Core],
) -> None:
    core = start(settings=Settings(is_strict=True))
    core.runtime.budget.most_bytes = 100_000
    await core.stub(Filler).call("fill", 60_000, "a")

    error = await failure_of(core.stub(Filler).call("fill", 60_000, "b"))

    assert error.message == FULL
    assert await core.stub(Filler).call("keys") == ["a"]


async def test_an_object_whose_constructor_met_the_full_disk_is_made_anew(
    small: Core, disk: Path
) -> None:
    class Eager(Filler):
        def __init__(self, actor: Actor) -> None:
            super().__init__(actor)
            actor.sql.execute("CREATE TABLE IF NOT EXISTS t (a)", ())

    await small.stub(Filler).call("fill", 10, "a")
    fill_up(disk)
    error = await failure_of(small.stub(Eager).call("keys"))
    (disk / "ballast").unlink()

    assert error.message == FULL
    assert await small.stub(Eager).call("keys") == []


async def test_alarms_are_found_again_when_the_metadata_was_lost(
    start: Callable[..., Core], caplog: pytest.LogCaptureFixture
) -> None:
    Filler.rung = 0
    core = start()
    now_ms = core.loop.clock.now_ms()
    await core.stub(Filler, "with").call("set_alarm", now_ms + 1000)
    await core.stub(Filler, "without").call("fill", 10, "a")
    damaged = core.stub(Filler, "damaged")
    await damaged.call("set_alarm", now_ms + 1000)
    core.runtime.close()
    damage(damaged.file)
    for file in damaged.namespace.directory.glob("metadata.sqlite*"):
        file.unlink()

    with caplog.at_level(logging.WARNING, "pydo.runtime"):
        again = start()
        again.namespace(Filler)
        await again.advance(5)

    assert Filler.rung == 1
    assert "the alarms of 3 objects are read from them" in caplog.text


async def test_a_file_that_a_power_loss_has_emptied_is_made_anew_from_its_log(core: Core) -> None:
    stub = core.stub(Object)
    await stub.call("put", 7)
    stub.container.crash()
    assert stub.file.with_name("db.sqlite-wal").stat().st_size > 0

    stub.file.write_bytes(b"")

    assert await core.stub(Object).call("get") == 7
    assert on_disk(stub.file) == {"n": 7}


async def test_a_file_without_content_and_without_a_log_has_stored_nothing(core: Core) -> None:
    stub = core.stub(Object)
    stub.file.parent.mkdir(parents=True)
    stub.file.touch()

    assert await stub.call("get") == 0
    await stub.call("put", 1)
    assert on_disk(stub.file) == {"n": 1}


async def test_the_alarm_of_a_damaged_object_waits_until_its_file_is_put_back(
    core: Core, tmp_path: Path
) -> None:
    Filler.rung = 0
    stub = core.stub(Filler)
    await stub.call("set_alarm", core.loop.clock.now_ms() + 1000)
    stub.container.crash()
    bring_into_the_file(stub.file)
    shutil.copy(stub.file, tmp_path / "copy")
    damage(stub.file)

    await core.advance(5000)
    assert Filler.rung == 0
    shutil.copy(tmp_path / "copy", stub.file)
    await core.advance(2000)

    assert Filler.rung == 1


async def test_an_object_whose_folder_cannot_be_made_says_so(core: Core) -> None:
    stub = core.stub(Object)
    stub.file.parent.parent.mkdir(parents=True, exist_ok=True)
    stub.file.parent.touch()  # a file is where the folder belongs

    error = await failure_of(stub.call("put", 1))

    assert error.message == "unable to open database file: SQLITE_CANTOPEN"


async def test_emptying_an_object_fails_as_a_whole_on_a_full_disk(small: Core, disk: Path) -> None:
    class Emptying(Filler):
        async def empty(self) -> None:
            self.actor.delete_all()

    await small.stub(Emptying).call("fill", 300_000, "a")
    fill_up(disk)

    error = await failure_of(small.stub(Emptying).call("empty"))
    (disk / "ballast").unlink()

    assert error.message.startswith(FULL)
    assert await small.stub(Emptying).call("keys") == ["a"]


async def test_a_folder_in_the_place_of_a_file_is_told_with_its_path(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    stub = core.stub(Object)
    stub.file.mkdir(parents=True)

    with caplog.at_level(logging.ERROR, "pydo.runtime"):
        errors = [await failure_of(stub.call("get")), await failure_of(stub.call("put", 1))]

    assert {each.message for each in errors} == {"unable to open database file: SQLITE_CANTOPEN"}
    (message,) = caplog.messages
    assert message.startswith(f"{stub.file} cannot be used (unable to open database file): make it")


async def test_metadata_that_a_power_loss_has_emptied_are_found_again(
    start: Callable[..., Core],
) -> None:
    Filler.rung = 0
    core = start()
    stub = core.stub(Filler)
    await stub.call("set_alarm", core.loop.clock.now_ms() + 1000)
    metadata = stub.namespace.metadata.path
    core.runtime.close()
    for log in metadata.parent.glob("metadata.sqlite-*"):
        log.unlink()
    metadata.write_bytes(b"")

    again = start()
    again.namespace(Filler)
    await again.advance(5)

    assert Filler.rung == 1
