"""What is sent to a server that will be killed, and what must be there when it is started again.

Each load notes what it sends and what is answered, and checks it afterwards:

    Numbers    numbers, many at a time, to a few objects, to large ones, and to new ones each
    Alarms     alarms, each of an object of its own
    Travels    numbers, `deleteAll` and returns to the past, one at a time to each object
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine

__all__ = ["Alarms", "Call", "Figures", "LostError", "Numbers", "RefusedError", "Travels"]

Call = Callable[..., Awaitable[Any]]  # call(method, name, *arguments)

_OBJECTS, _WRITERS = 4, 12
_LARGE_BYTES = 400_000  # of each value in a large object: five writes, and its log is written back
_MAKERS = 2
_ARMERS = 4
_TRAVELLERS = 3
_LONGEST_ALARM_MS = 400
_RING_S = 5.0


class LostError(AssertionError):
    """A promise was not kept; the message says which."""


class RefusedError(Exception):
    """The Worker answered with an error."""


@dataclass
class Figures:
    """What was tried and found in all rounds."""

    kills_under_load: int = 0
    kills_at_start: int = 0
    reloads: int = 0  # begun under load, before the kill
    acknowledged: int = 0  # writes
    unanswered_and_kept: int = 0
    unanswered_and_lost: int = 0
    new_objects: int = 0  # acknowledged writes that made one
    alarms_set: int = 0  # and rung
    alarms_rung_twice: int = 0  # the kill came between the handler's end and the note of it
    wipes: int = 0  # acknowledged
    returns: int = 0  # ordered, and made
    returns_after_a_kill: int = 0  # of them: made when the server was started again
    kills_in_a_return: int = 0  # the kill came while an order, or its fulfilment, was asked for
    slowest_start_s: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            f"{each.name:<22}{getattr(self, each.name):>9.6g}" for each in fields(self)
        )


async def _numbers_of(call: Call, name: str) -> set[int]:
    """Give the numbers that an object has, which must be the same in all of their places."""
    places: dict[str, list[int]] = await call("numbers", name)
    found = sorted(places["left key"])
    for place, numbers in places.items():
        if sorted(numbers) != found:
            raise LostError(f"{name} is half there: {place} has {numbers}, not {found}")
    return set(found)


@dataclass
class _Sent:
    """What was sent to one object: all of it, and what was answered."""

    begun: set[int] = field(default_factory=set[int])
    acknowledged: set[int] = field(default_factory=set[int])


class Numbers:
    """Every number that was acknowledged is there, and none that was not sent."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._numbers = itertools.count(1)
        self._sent: dict[str, _Sent] = {}

    def senders(self, number: int, call: Call) -> list[Coroutine[Any, Any, None]]:
        """Give what sends in a round until the server is gone."""
        return [
            *(self._write(call, f"{number}-{i % _OBJECTS}", 0) for i in range(_WRITERS)),
            *(self._write(call, f"{number}-large", _LARGE_BYTES) for _ in range(2)),
            *(self._make(call, f"{number}-new-{i}") for i in range(_MAKERS)),
        ]

    async def _write(self, call: Call, name: str, size: int) -> None:
        for number in self._numbers:
            if not await self._send(call, name, number, size):
                return

    async def _make(self, call: Call, name: str) -> None:
        for number in self._numbers:
            if not await self._send(call, f"{name}-{number}", number, 0):
                return
            self._figures.new_objects += 1

    async def _send(self, call: Call, name: str, number: int, size: int) -> bool:
        sent = self._sent.setdefault(name, _Sent())
        sent.begun.add(number)
        try:
            await call("transact" if number % 5 == 0 else "write", name, number, size)
        except OSError:
            return False
        sent.acknowledged.add(number)
        return True

    async def check(self, call: Call, number: int) -> None:
        """Look at what a round has sent."""
        for name in [each for each in self._sent if each.startswith(f"{number}-")]:
            await self._check(call, name)

    async def check_all(self, call: Call) -> None:
        """Look at what all rounds have sent, and count it."""
        for name, sent in self._sent.items():
            found = await self._check(call, name)
            self._figures.acknowledged += len(sent.acknowledged)
            self._figures.unanswered_and_kept += len(found - sent.acknowledged)
            self._figures.unanswered_and_lost += len(sent.begun - found)

    async def _check(self, call: Call, name: str) -> set[int]:
        found, sent = await _numbers_of(call, name), self._sent[name]
        if lost := sent.acknowledged - found:
            raise LostError(f"{name} has lost {sorted(lost)}, which it had acknowledged")
        if strange := found - sent.begun:
            raise LostError(f"{name} has {sorted(strange)}, which nobody sent")
        return found


class Alarms:
    """Every alarm that was set has rung, or rings now; what it wrote is whole as well."""

    def __init__(self, figures: Figures, random_: random.Random) -> None:
        self._figures = figures
        self._random = random_
        self._pending: dict[str, bool] = {}  # those not known to have rung; whether acknowledged

    def senders(self, number: int, call: Call) -> list[Coroutine[Any, Any, None]]:
        """Give what sends in a round until the server is gone."""
        return [self._arm(call, f"{number}-alarm-{i}") for i in range(_ARMERS)]

    async def _arm(self, call: Call, name: str) -> None:
        for number in itertools.count():
            delay_ms = self._random.randrange(_LONGEST_ALARM_MS)
            self._pending[f"{name}-{number}"] = False
            try:
                await call("arm", f"{name}-{number}", delay_ms)
            except OSError:
                return
            self._pending[f"{name}-{number}"] = True
            await asyncio.sleep(0.02)

    async def check(self, call: Call) -> None:
        """Wait for every alarm that was set."""
        end = time.monotonic() + _RING_S
        while self._pending:
            for name in list(self._pending):
                await self._check(call, name)
            if self._pending and time.monotonic() > end:
                raise LostError(f"the alarms of {sorted(self._pending)} never rang")
            await asyncio.sleep(0.02)

    async def _check(self, call: Call, name: str) -> None:
        is_armed, by_keys, by_rows = await call("rung", name)
        if by_keys != by_rows:
            raise LostError(f"the alarm of {name} is half there: {by_keys} keys, {by_rows} rows")
        if self._pending[name] and not is_armed:
            raise LostError(f"{name} has lost its alarm, which it had acknowledged")
        if not is_armed:
            del self._pending[name]
        elif by_keys:
            del self._pending[name]
            self._figures.alarms_set += 1
            self._figures.alarms_rung_twice += by_keys > 1


@dataclass
class _Travelled:
    """What one object may hold: one state, or several while something is not answered."""

    states: list[set[int]] = field(default_factory=lambda: [set[int]()])
    marks: list[tuple[str, set[int]]] = field(default_factory=list[tuple[str, set[int]]])
    was_ordered: bool = False  # a return, which the next session makes


class Travels:
    """Each object holds what the last answer says, or what was asked for behind it."""

    def __init__(self, figures: Figures, random_: random.Random) -> None:
        self._figures = figures
        self._random = random_
        self._numbers = itertools.count(1)
        self._objects = {f"travel-{i}": _Travelled() for i in range(_TRAVELLERS)}

    def senders(self, call: Call) -> list[Coroutine[Any, Any, None]]:
        """Give what sends in a round until the server is gone."""
        return [self._travel(call, *each) for each in self._objects.items()]

    async def _travel(self, call: Call, name: str, known: _Travelled) -> None:
        try:
            while True:
                await self._step(call, name, known)
        except OSError:
            return

    async def _step(self, call: Call, name: str, known: _Travelled) -> None:
        (now,) = known.states
        number, chance = next(self._numbers), self._random.random()
        if chance < 0.6:
            known.states = [now, now | {number}]
            await call("transact" if chance < 0.2 else "write", name, number)
            known.states = [now | {number}]
        elif chance < 0.7:
            known.states = [now, set(), {number}]
            await call("wipe", name, number)
            known.states = [{number}]
            self._figures.wipes += 1
        elif chance < 0.85 or not known.marks:
            known.marks.append((await call("mark", name), now))
        else:
            await self._return(call, name, known, now)

    async def _return(self, call: Call, name: str, known: _Travelled, now: set[int]) -> None:
        bookmark, earlier = self._random.choice(known.marks)
        self._figures.kills_in_a_return += 1
        known.states = [now, earlier]
        undo = await call("order", name, bookmark)
        known.states, known.was_ordered = [earlier], True
        known.marks.append((undo, now))
        try:
            await call("end", name)
        except RefusedError:
            await self._check(call, name, known)
        self._figures.kills_in_a_return -= 1

    async def check(self, call: Call) -> None:
        """Look at what there is after a kill."""
        for name, known in self._objects.items():
            self._figures.returns_after_a_kill += known.was_ordered
            await self._check(call, name, known)

    async def _check(self, call: Call, name: str, known: _Travelled) -> None:
        found = await _numbers_of(call, name)
        if found not in known.states:
            raise LostError(f"{name} has {sorted(found)}, which is none of {known.states}")
        known.states = [found]
        self._figures.returns += known.was_ordered
        known.was_ordered = False
