"""Timers, `scheduler`, `navigator`; the answers are workerd's, asked through wrangler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.host.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project of one file."""
    project = Project(tmp_path)
    yield project
    project.close()


def test_callbacks_come_in_the_order_of_their_times_with_their_arguments(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    heard = []
    js.setTimeout(create_proxy(lambda *a: heard.append(a)), 20, "b", None, 1)
    js.setTimeout(create_proxy(lambda: heard.append("a")), "10")
    js.setTimeout(create_proxy(lambda: heard.append(0)))
    js.queueMicrotask(create_proxy(lambda: heard.append("microtask")))
    await js.scheduler.wait(40)
    return heard
""")

    assert answer == ["microtask", 0, "a", ("b", None, 1)]


def test_an_interval_repeats_until_it_is_cleared(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    heard = []
    def tick():
        heard.append(1)
        if len(heard) == 3:
            js.clearInterval(number)
    number = js.setInterval(create_proxy(tick), 1)
    never = js.setTimeout(create_proxy(lambda: heard.append("never")), 5)
    js.clearTimeout(never)
    for nothing in (None, "x", 99999, 1.5, {}):
        js.clearTimeout(nothing)
    await js.scheduler.wait(30)
    return [len(heard), never - number]
""")

    assert answer == [3, 1]


def test_an_object_cannot_clear_the_timer_of_another(project: Project) -> None:
    answer = project.run("""
class A(DurableObject):
    async def clear(self, number):
        js.clearTimeout(number)

async def main(env, ctx):
    heard = []
    number = js.setTimeout(create_proxy(lambda: heard.append("rang")), 20)
    await env.A.get(env.A.idFromName("a")).clear(number)
    await js.scheduler.wait(40)
    return heard
""")

    assert answer == ["rang"]


def test_a_timer_ends_with_its_object(project: Project) -> None:
    answer = project.run("""
heard = []

class A(DurableObject):
    async def start(self):
        js.setInterval(create_proxy(lambda: heard.append("tick")), 5)
        js.setTimeout(create_proxy(lambda: heard.append("late")), 20)

    async def stop(self):
        self.ctx.abort("stop")

async def main(env, ctx):
    stub = env.A.get(env.A.idFromName("a"))
    await stub.start()
    try:
        await stub.stop()
    except JsException:
        heard.clear()
    await js.scheduler.wait(40)
    return heard
""")

    assert answer == []


def test_a_callback_runs_in_a_turn_of_who_set_it(project: Project) -> None:
    answer = project.run("""
class A(DurableObject):
    async def run(self):
        async def store():
            await self.ctx.storage.put("a", 1)
        js.setTimeout(create_proxy(store), 1)
        await js.scheduler.wait(20)
        return await self.ctx.storage.get("a")

async def main(env, ctx):
    return await env.A.get(env.A.idFromName("a")).run()
""")

    assert answer == 1


def test_what_is_no_function_is_refused(project: Project) -> None:
    answer = project.run("""
def refusal(call, *arguments):
    try:
        call(*arguments)
    except JsException as error:
        return told(error)

async def main(env, ctx):
    return [
        refusal(js.setTimeout), refusal(js.setTimeout, "x"), refusal(js.queueMicrotask, 4),
        refusal(js.clearTimeout), refusal(js.clearInterval),
    ]
""")

    scope = "'ServiceWorkerGlobalScope': parameter 1 is not of type"
    assert answer == [
        f"TypeError: Failed to execute 'setTimeout' on {scope} 'function'.",
        f"TypeError: Failed to execute 'setTimeout' on {scope} 'function'.",
        f"TypeError: Failed to execute 'queueMicrotask' on {scope} 'function'.",
        f"TypeError: Failed to execute 'clearTimeout' on {scope} 'JsNumber'.",
        f"TypeError: Failed to execute 'clearInterval' on {scope} 'JsNumber'.",
    ]


def test_a_wait_can_be_aborted(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    wait, signal = js.scheduler.wait, js.AbortSignal.timeout(10)
    return [
        await wait(1),
        await attempt(wait()),
        await attempt(wait(1, signal=5)),
        await attempt(wait(1, signal=js.AbortSignal.abort("r"))),
        await attempt(wait(100_000, {"signal": signal})),
    ]
""")

    assert answer == [
        None,
        "TypeError: Failed to execute 'wait' on 'Scheduler': parameter 1 is not of type 'number'.",
        (
            "TypeError: Incorrect type for the 'signal' field on 'WaitOptions': the provided value"
            " is not of type 'AbortSignal'."
        ),
        "Error: r",
        "TimeoutError: The operation was aborted due to timeout",
    ]


def test_a_listener_runs_in_the_turns_of_who_added_it(project: Project) -> None:
    answer = project.run("""
target, heard = js.EventTarget.new(), []

class A(DurableObject):
    async def listen(self):
        async def store(event):
            await self.ctx.storage.put("heard", event.type)
        target.addEventListener("x", create_proxy(store))

    async def heard(self):
        return await self.ctx.storage.get("heard")

async def main(env, ctx):
    stub = env.A.get(env.A.idFromName("a"))
    await stub.listen()
    target.dispatchEvent(js.Event.new("x"))
    await js.scheduler.wait(10)
    return await stub.heard()
""")

    assert answer == "x"


def test_nothing_is_set_at_the_top_level_of_a_module(project: Project) -> None:
    answer = project.run("""
try:
    js.setTimeout(create_proxy(print), 1)
except JsException as error:
    text = told(error)

async def main(env, ctx):
    return text
""")

    assert answer.startswith("Error: Disallowed operation called within global scope. ")


def test_the_surroundings_are_workerds(project: Project) -> None:
    answer = project.run("""
async def main(env, ctx):
    n, p = js.navigator, js.performance
    return [n.userAgent, n.hardwareConcurrency, n.language, n.platform, str(n),
            p.timeOrigin, abs(p.now() - js.Date.now()) < 1000, str(p), str(js.scheduler)]
""")

    assert answer == [
        "Cloudflare-Workers",
        1,
        "en",
        "",
        "[object Navigator]",
        0,
        True,
        "[object Performance]",
        "[object Scheduler]",
    ]
