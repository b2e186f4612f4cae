"""Objects within an object: `ctx.facets`, and `ctx.exports` and `ctx.props` that name their class.

What workerd does was asked of wrangler 4.86 with the same calls in JavaScript, where that knows
them; the rest (`clone`, what is told of an alarm and of stubs that are sent) is of newer sources.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pydo.runtime.clock import ManualClock
from pydo.runtime.observer import Observer

from .project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pydo.runtime.lifecycle import State
    from pydo.runtime.observer import ObjectLabel

CODE = """
MADE = []

def options(**members):
    return to_js(members, dict_converter=Object.fromEntries)

class Parent(DurableObject):
    def facet(self, name, **members):
        cls = self.ctx.exports.Child
        return self.ctx.facets.get(name, create_proxy(lambda: options(**{"class": cls, **members})))

class Child(Parent):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        MADE.append(1)
        self.number = len(MADE)

    def add(self, key="n"):
        count = (self.ctx.storage.kv.get(key) or 0) + 1
        self.ctx.storage.kv.put(key, count)
        return count

    def made(self):
        return self.number

    def props(self):
        return [str(self.ctx.id), type(self.ctx.id) is str, self.ctx.props.to_py()]

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)
        return "slept"

    async def nest(self, depth):
        if not depth:
            return "bottom"
        inner = self.facet(str(depth))
        await inner.add()
        return await inner.nest(depth - 1)

    async def set_alarm(self):
        await self.ctx.storage.setAlarm(2**42)

    async def empty(self):
        await self.ctx.storage.deleteAll()

    def reset(self):
        self.ctx.abort("by itself")

class Named(WorkerEntrypoint):
    def props(self):
        return self.ctx.props.to_py()

    async def fetch(self, request):
        return Response(request.url)

class A(Parent):
    async def run(self):
        ctx, s, facet = self.ctx, self.ctx.storage, self.facet
        {body}

    async def again(self):
        ctx, s, facet = self.ctx, self.ctx.storage, self.facet
        {again}

    def take(self, value):
        return type(value).__name__

async def main(env, ctx):
    return {main}
"""
RUN = "await env.A.getByName('a').run()"


class Moves(Observer):
    """Where objects went, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def moved(self, label: ObjectLabel, before: State, after: State) -> None:
        super().moved(label, before, after)
        self.seen.append((str(label), after.value))


class Family(Project):
    def __init__(self, directory: Path, date: str = "2026-09-01") -> None:
        super().__init__(directory, date=date, clock=ManualClock())
        self.moves = Moves()
        for each in self.bound.values():
            each.observer = self.moves

    def ask_for(self, body: str, *, again: str = "pass", main: str = RUN) -> Any:
        """Run a body in an object of the class `A`."""
        indented = [each.replace("\n", "\n        ") for each in (body, again)]
        code = CODE.replace("{body}", indented[0]).replace("{again}", indented[1])
        return self.run(code.replace("{main}", main))

    def advance(self, seconds: float) -> None:
        self.loop.run_until_complete(self.loop.advance(seconds))


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Family]:
    family = Family(tmp_path)
    yield family
    family.close()


def error(expression: str) -> str:
    return f"await attempt({expression})"


# -- starting


def test_a_facet_stores_apart_from_its_parent_and_its_siblings(family: Family) -> None:
    found = family.ask_for(
        "s.kv.put('n', 10)\n"
        "return [await facet('a').add(), await facet('a').add(), await facet('b').add(),"
        " s.kv.get('n')]"
    )

    assert found == [1, 2, 1, 10]


def test_a_facet_has_its_parents_id_or_another_and_the_props_of_its_class(family: Family) -> None:
    found = family.ask_for(
        "E = ctx.exports\n"
        "other = E.A.idFromName('other')\n"
        "cls = E.Child(props=options(x=1))\n"
        "found = [(await each.props()).to_py() for each in (facet('a'), facet('b', id='free'),"
        " facet('c', id=other), facet('d', **{'class': cls}))]\n"
        "return [*found, str(ctx.id), str(other)]"
    )

    assert found[:4] == [
        [found[4], False, {}],
        ["free", True, {}],
        [found[5], False, {}],
        [found[4], False, {"x": 1}],
    ]


def test_a_facet_is_started_once_and_by_its_first_event(family: Family) -> None:
    found = family.ask_for(
        "calls = []\n"
        "async def start():\n"
        "    calls.append(1)\n"
        "    await asyncio.sleep(0)\n"
        "    return {'class': ctx.exports.Child}\n"
        "stubs = [ctx.facets.get('a', create_proxy(start)) for _ in range(3)]\n"
        "before = len(calls)\n"
        "counts = await asyncio.gather(*[each.add() for each in stubs])\n"
        "return [before, list(counts), len(calls)]"
    )

    assert found == [0, [1, 2, 3], 1]


def test_a_stub_of_a_facet_takes_requests(family: Family) -> None:
    found = family.ask_for(
        "cls = {'class': ctx.exports.Child}\n"
        "stub = ctx.facets.get('a', create_proxy(lambda: cls))\n"
        "return [str(stub), stub.constructor.name, " + error("stub.fetch('http://x/')") + "]"
    )

    assert found[:2] == ["[object Fetcher]", "Fetcher"]
    assert found[2].endswith("Handler does not export a fetch() function.")


def test_a_facet_starts_within_a_section_that_waits_for_it(family: Family) -> None:
    found = family.ask_for(
        "async def body(_=None):\n"
        "    return await facet('a').add()\n"
        "return [await ctx.blockConcurrencyWhile(body), await s.transaction(body)]"
    )

    assert found == [1, 2]


def test_a_callback_that_fails_is_the_error_of_every_call(family: Family) -> None:
    found = family.ask_for(
        "calls = []\n"
        "def start():\n"
        "    calls.append(1)\n"
        "    raise js.RangeError.new('no')\n"
        "get = lambda: ctx.facets.get('a', create_proxy(start)).add()\n"
        f"return [{error('get()')}, {error('get()')}, len(calls)]"
    )

    assert found == ["RangeError: no", "RangeError: no", 1]


NO_CLASS = (
    "TypeError: Incorrect type for the 'class' field on 'StartupOptions': the provided value is not"
    " of type 'DurableObjectClass or LoopbackDurableObjectNamespace or"
    " LoopbackColoLocalActorNamespace'."
)
NO_OPTIONS = (
    "TypeError: Cannot initialize N7workerd3api19DurableObjectFacets14StartupOptionsE with"
    " required members from an undefined or null value."
)
FAILED, FACETS = "Failed to execute", "'DurableObjectFacets'"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{}", NO_CLASS),
        ("{'class': Child}", NO_CLASS),
        ("{'class': ctx.exports.Named}", NO_CLASS),
        ("None", NO_OPTIONS),
        ("{'class': ctx.exports.A}", "TypeError: Method add does not exist"),
    ],
)
def test_what_is_no_class_of_objects_starts_nothing(family: Family, given: str, said: str) -> None:
    stub = f"ctx.facets.get('a', create_proxy(lambda: {given}))"

    assert family.ask_for(f"return {error(f'{stub}.add()')}") == said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("get()", f"{FAILED} 'get' on {FACETS}: parameter 1 is not of type 'string'."),
        ("get('a', 5)", f"{FAILED} 'get' on {FACETS}: parameter 2 is not of type 'function'."),
        ("abort('a')", f"{FAILED} 'abort' on {FACETS}: parameter 2 is not of type 'JsValue'."),
        ("get('é' * 129, create_proxy(print))", "Facet name is too long (max 256 characters)."),
    ],
)
def test_wrong_arguments_are_refused(family: Family, call: str, said: str) -> None:
    found = family.ask_for(
        f"try:\n    ctx.facets.{call}\nexcept JsException as error:\n    return told(error)"
    )

    assert found == f"TypeError: {said}"


def test_names_are_of_any_characters(family: Family) -> None:
    names = ["é" * 128, "../x", "a\0b", "7"]

    found = family.ask_for(f"return [await facet(each).add() for each in {names!r}]")

    assert found == [1, 1, 1, 1]


def test_facets_nest_three_deep(family: Family) -> None:
    found = family.ask_for(f"return [await facet('a').nest(2), {error('facet(chr(98)).nest(3)')}]")

    assert found[0] == "bottom"
    assert found[1] == (
        "Error: Facet nesting depth limit exceeded. The maximum depth including the root Durable"
        " Object is 4."
    )


# -- ending


def test_an_aborted_facet_fails_its_callers_and_keeps_what_it_stores(family: Family) -> None:
    found = family.ask_for(
        "stub = facet('a')\n"
        "await stub.add()\n"
        "waiting = asyncio.ensure_future(attempt(stub.sleep(60)))\n"
        "await stub.made()\n"
        "ctx.facets.abort('a', js.TypeError.new('enough'))\n"
        f"return [await waiting, {error('stub.add()')}, await facet('a').add()]"
    )

    assert found == ["TypeError: enough", "TypeError: enough", 2]
    assert ("Child/a/a", "absent") in family.moves.seen


def test_a_deleted_facet_has_stored_nothing(family: Family) -> None:
    found = family.ask_for(
        "stub = facet('a')\n"
        "await stub.nest(1)\n"
        "await stub.add()\n"
        "ctx.facets.delete('a')\n"
        "ctx.facets.delete('never there')\n"
        f"return [{error('stub.add()')}, await facet('a').add()]"
    )

    assert found == ["Error: Facet was deleted.", 1]


def test_a_clone_stores_what_the_other_stored(family: Family) -> None:
    found = family.ask_for(
        "one, two = facet('one'), facet('two')\n"
        "await one.add()\nawait one.nest(1)\nawait two.add('other')\n"
        "ctx.facets.clone('one', 'two')\n"
        f"return [{error('two.add()')}, await facet('two').add(), await facet('two').add('other'),"
        " await one.add()]"
    )

    assert found == ["Error: Facet was cloned-over.", 2, 1, 2]


def test_delete_all_deletes_the_facets(family: Family) -> None:
    found = family.ask_for(
        "stub = facet('a')\n"
        "await stub.add()\n"
        "await s.deleteAll()\n"
        f"return [{error('stub.add()')}, await facet('a').add()]"
    )

    assert found == ["Error: Facet was deleted.", 1]


def test_delete_all_in_a_facet_deletes_its_own_alone(family: Family) -> None:
    found = family.ask_for(
        "s.kv.put('n', 1)\nstub = facet('a')\n"
        "await stub.add()\nawait facet('b').add()\n"
        "await stub.empty()\n"
        "return [s.kv.get('n'), await stub.add(), await facet('b').add()]"
    )

    assert found == [1, 1, 2]


def test_a_facet_resets_alone(family: Family) -> None:
    found = family.ask_for(
        "stub = facet('a')\n"
        "await stub.add()\n"
        f"return [{error('stub.reset()')}, {error('stub.add()')}, await facet('a').add()]"
    )

    assert found == ["Error: by itself", "Error: by itself", 2]


def test_a_reset_parent_takes_its_facets_along(family: Family) -> None:
    found = family.ask_for(
        "await facet('a').add()\nctx.abort('gone')",
        again="return [await facet('a').add(), await facet('a').made()]",
        main=f"[{error(RUN.removeprefix('await '))}, await env.A.getByName('a').again()]",
    )

    assert found == ["Error: gone", [2, 2]]


def test_an_alarm_of_a_facet_resets_it(family: Family) -> None:
    found = family.ask_for(
        f"stub = facet('a')\nawait stub.add()\n"
        f"return [{error('stub.set_alarm()')}, await facet('a').add()]"
    )

    assert found == ["Error: Facets currently cannot set alarms.", 2]


@pytest.mark.parametrize(
    "sent", ["ctx.exports.A.getByName('b').take(facet('a'))", "facet('b').add(facet('a'))"]
)
def test_a_stub_of_a_facet_is_not_sent(family: Family, sent: str) -> None:
    found = family.ask_for(f"return {error(sent)}")

    assert found == (
        "DataCloneError: Stubs pointing to Durable Object facets are not serializable."
    )


# -- living


def test_an_idle_facet_is_let_go_while_its_parent_works(family: Family) -> None:
    family.ask_for("return await facet('a').made()", again="return await facet('a').made()")
    family.loop.run_until_complete(family.answer("http://x/"))

    assert _made(family) == 1
    family.advance(11)
    assert _made(family) == 2


def _made(family: Family) -> int:
    return int(family.ask().text)


def test_a_facet_at_work_keeps_its_parent(family: Family) -> None:
    moved = family.moves.seen
    family.ask_for(
        "stub = facet('f')\n"
        "asyncio.ensure_future(stub.sleep(30)).add_done_callback(lambda _: None)\n"
        "return 1"
    )

    family.advance(29)
    at_work = list(moved)
    family.advance(12)

    assert ("A/a", "absent") not in at_work
    assert ("Child/a/f", "running") in at_work
    assert moved[-2:] == [("Child/a/f", "absent"), ("A/a", "absent")]


def test_new_code_takes_facets_over(family: Family) -> None:
    family.ask_for("return await facet('a').add()")

    assert family.ask_for("return [await facet('a').add(), await facet('a').made()]") == [2, 1]


def test_facets_are_there_again_after_a_restart(tmp_path: Path) -> None:
    for count in (1, 2):
        family = Family(tmp_path)
        assert family.ask_for("return await facet('a').add()") == count
        family.close()

    folders = [each for each in (tmp_path / "A").iterdir() if each.is_dir()]
    assert sorted(each.name for each in (folders[0] / "facets").iterdir()) == ["1", "index"]


# -- exports and props


def test_exports_are_what_the_module_exports(family: Family) -> None:
    found = family.ask_for(
        "E = ctx.exports\n"
        "return [[[each, getattr(E, each).constructor.name] for each in E.object_keys()],"
        " ctx.exports is E, hasattr(E, 'Nope'), ctx.props.to_py(), ctx.container]"
    )

    assert found == [
        [
            ["default", "LoopbackServiceStub"],
            ["Named", "LoopbackServiceStub"],
            ["A", "LoopbackDurableObjectNamespace"],
            ["Child", "LoopbackDurableObjectClass"],
            ["Parent", "LoopbackDurableObjectClass"],
        ],
        True,
        False,
        {},
        None,
    ]


def test_an_entrypoint_is_reached_with_props_and_without(family: Family) -> None:
    found = family.ask_for(
        "pass",
        main="[(await each.props()).to_py() for each in (ctx.exports.Named,"
        " ctx.exports.Named(props=options(x=[1])))]"
        " + [await (await ctx.exports.Named.fetch('http://x/there')).text(), ctx.props.to_py()]",
    )

    assert found == [{}, {"x": [1]}, "http://x/there", {}]


def test_a_class_of_objects_is_their_namespace(family: Family) -> None:
    found = family.ask_for(
        "return str(ctx.id)",
        main=("[str(await ctx.exports.A.getByName('a').run()), str(env.A.idFromName('a'))]"),
    )

    assert found[0] == found[1]


def test_a_class_that_is_called_without_options_is_refused(family: Family) -> None:
    found = family.ask_for(
        "try:\n    ctx.exports.Child()\nexcept JsException as error:\n    return told(error)"
    )

    assert found == (
        "TypeError: Failed to execute '(called as function)' on 'LoopbackDurableObjectClass':"
        " parameter 1 is not of type 'Options'."
    )


def test_there_are_no_exports_before_their_date(tmp_path: Path) -> None:
    family = Family(tmp_path, "2025-11-16")

    found = family.ask_for(
        "return hasattr(ctx, 'exports')",
        main="[await env.A.getByName('a').run(), hasattr(ctx, 'exports')]",
    )

    assert found == [False, False]
    family.close()
