"""Numbers 64 to 73 of the reference's checklist, where they are about what storage keeps."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import apsw

if TYPE_CHECKING:
    from pathlib import Path

    from .lab import Lab

INCREMENT = """
n = (await s.get("n")) or 0
await s.put("n", n + 1)
"""
SLOW_INCREMENT = """
n = (await s.get("n")) or 0
await asyncio.sleep(1)
await s.put("n", n + 1)
"""


def at_once(lab: Lab, program: str, times: int) -> None:
    """Run a program so many times, all begun before any ends."""
    asked = urlencode({"class": "A", "name": "a", "program": program})

    async def run() -> None:
        asking = [lab.loop.create_task(lab.answer(f"http://x/?{asked}")) for _ in range(times)]
        await lab.loop.advance(5)
        await asyncio.gather(*asking)

    lab.loop.run_until_complete(run())


def test_064_increments_lose_no_update(lab: Lab) -> None:
    at_once(lab, INCREMENT, 20)

    assert lab.run_in("return await s.get('n')") == 20


def test_065_increments_that_wait_for_something_else_lose_updates(lab: Lab) -> None:
    at_once(lab, SLOW_INCREMENT, 20)

    assert lab.run_in("return await s.get('n')") == 1


def test_066_an_abort_takes_back_its_turn(lab: Lab) -> None:
    lab.run_in("await s.put('before', 1)")

    said = lab.run_in("await s.put('k', 1)\nctx.abort('enough')")

    assert said == "Error: enough"
    assert lab.run_in("return list(await s.list())") == ["before"]


def test_067_an_exception_takes_nothing_back(lab: Lab) -> None:
    said = lab.run_in("await s.put('k', 1)\nraise ValueError('mine')")

    assert "mine" in said
    assert lab.run_in("return list(await s.list())") == ["k"]


def test_068_what_was_answered_is_on_the_disk(lab: Lab, tmp_path: Path) -> None:
    lab.run_in("await s.put('k', 1)\nq.exec('CREATE TABLE t AS SELECT 5 AS a')")
    namespace = lab.bound["A"]
    file = namespace.object_directory(namespace.ids.from_name("a")) / "db.sqlite"

    # What a kill would leave is what is in the files now.
    for each in file.parent.glob("db.sqlite*"):
        if not each.name.endswith("-shm"):
            shutil.copy(each, tmp_path / each.name)
    copy = apsw.Connection(str(tmp_path / "db.sqlite"))
    found: list[Any] = copy.execute("SELECT key, a FROM _cf_KV, t").fetchall()
    copy.close()

    assert found == [("k", 5)]


def test_069_what_the_constructor_waits_for_is_there_at_the_first_event(lab: Lab) -> None:
    lab.begin(
        init="""
        async def prepare():
            ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS t (a)")
            await asyncio.sleep(0.01)
            ctx.storage.sql.exec("INSERT INTO t VALUES (1)")
        ctx.blockConcurrencyWhile(prepare)
        """
    )
    asked = urlencode(
        {"class": "A", "name": "a", "program": "return rows(q.exec('SELECT * FROM t'))"}
    )

    async def run() -> str:
        asking = lab.loop.create_task(lab.answer(f"http://x/?{asked}"))
        await lab.loop.advance(1)
        return str((await asking).text)

    assert lab.loop.run_until_complete(run()) == '[[{"a": 1}]]'


def test_070_a_critical_section_that_fails_takes_its_turn_back(lab: Lab) -> None:
    program = """
    await s.put("before", 1)
    async def body():
        await s.put("k", 1)
        raise ValueError("mine")
    await ctx.blockConcurrencyWhile(body)
    """

    said = lab.run_in(program)

    assert "mine" in said
    assert lab.run_in("return [self.seen, await s.get('k')]") == [[], None]


def test_073_a_stub_that_was_used_fails_after_the_reset_and_a_new_one_works(lab: Lab) -> None:
    outcomes = lab.run_in("await s.put('k', 1)", "ctx.abort('enough')", "return await s.get('k')")

    assert outcomes == [None, "Error: enough", "Error: enough"]
    assert lab.run_in("return await s.get('k')") == 1
