"""What the core tells, as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.console import ConsoleObserver
from pydo.errors import JsException
from pydo.runtime.failure import travelling
from pydo.runtime.lifecycle import State
from pydo.runtime.memory import Loss
from pydo.runtime.observer import ObjectLabel

if TYPE_CHECKING:
    from .conftest import Terminal, UserCode

_LABEL = ObjectLabel("Counter", "ab" * 32, "a")


def test_a_reset_that_user_code_caused_comes_with_its_traceback(
    terminal: Terminal, user_code: UserCode
) -> None:
    error = travelling(user_code.raised("1 / 0"), user_code.errors, durableObjectReset=True)

    ConsoleObserver(terminal.console(), user_code.owns).was_reset(_LABEL, error)

    assert terminal.text == (
        "✘ [ERROR] Counter/a was reset\n"
        "Traceback (most recent call last):\n"
        '  File "/app/src/entry.py", line 1, in <module>\n'
        "ZeroDivisionError: division by zero\n"
    )


def test_a_reset_that_pydo_caused_comes_with_its_reason(
    terminal: Terminal, user_code: UserCode
) -> None:
    reason = JsException("Error", "Durable Object reset because its code was updated.")

    ConsoleObserver(terminal.console(), user_code.owns).was_reset(
        _LABEL, travelling(reason, user_code.errors)
    )

    assert terminal.text == (
        "▲ [WARNING] Counter/a was reset: Durable Object reset because its code was updated.\n"
    )


def test_an_error_that_nobody_waits_for_names_its_owner(
    terminal: Terminal, user_code: UserCode
) -> None:
    observer = ConsoleObserver(terminal.console(), user_code.owns)

    observer.uncaught("waitUntil", user_code.raised("raise KeyError('k')"))

    assert terminal.text == (
        "✘ [ERROR] Uncaught error in waitUntil\n"
        "Traceback (most recent call last):\n"
        '  File "/app/src/entry.py", line 1, in <module>\n'
        "KeyError: 'k'\n"
    )


def test_what_runs_too_long_is_named_with_its_line(terminal: Terminal, user_code: UserCode) -> None:
    observer = ConsoleObserver(terminal.console(), user_code.owns)

    observer.blocked("Counter/a", "/app/src/entry.py:7")
    observer.stuck("Counter/a", 1.04, "/app/src/entry.py:7")
    observer.interrupted("Counter/a", 30.04, "/app/src/entry.py:7")
    observer.unstoppable("Counter/a", 30.04, "/app/src/entry.py:7")

    assert terminal.text == (
        "▲ [WARNING] Counter/a holds the event loop for more than 100 ms: /app/src/entry.py:7. "
        "Nothing else is answered meanwhile, here as on Cloudflare; wait with await, or do less at "
        "a time.\n"
        "▲ [WARNING] Counter/a has been running for 1.0 s without a pause: /app/src/entry.py:7\n"
        "✘ [ERROR] Counter/a was stopped after 30.0 s without a pause: /app/src/entry.py:7\n"
        "✘ [ERROR] Counter/a has been running for 30.0 s in code that cannot be stopped: "
        "/app/src/entry.py:7\n"
        "  press Ctrl-C twice to end pydo; all that was acknowledged is on disk\n"
    )


@pytest.mark.parametrize(
    ("level", "said"), [("log", ""), ("debug", "[pydo:debug] Counter/a: idle → absent\n")]
)
def test_the_states_of_an_object_are_told_at_debug_only(
    terminal: Terminal, user_code: UserCode, level: str, said: str
) -> None:
    observer = ConsoleObserver(terminal.console(level), user_code.owns)

    observer.moved(_LABEL, State.IDLE, State.ABSENT)

    assert terminal.text == said


def test_the_name_of_an_object_cannot_act_on_the_terminal(
    terminal: Terminal, user_code: UserCode
) -> None:
    label = ObjectLabel("Counter", "ab" * 32, "\x1b[2J")

    ConsoleObserver(terminal.console(), user_code.owns).was_reset(
        label, JsException("Error", "why")
    )

    assert terminal.text == "▲ [WARNING] Counter/\\x1b[2J was reset: why\n"


def test_what_was_lost_is_told_once_for_each_attribute_of_a_class(
    terminal: Terminal, user_code: UserCode
) -> None:
    may_forget = ["Counter.cache", "draft"]
    observer = ConsoleObserver(terminal.console(), user_code.owns, may_forget)
    history, cache = Loss("history", "list, 12 items"), Loss("cache", "dict, 3 items")
    draft = Loss("draft", "str, 3 characters")
    other = ObjectLabel("Counter", "cd" * 32, "b")

    observer.memory_lost(_LABEL, State.HIBERNATED, [history, cache, draft])
    observer.memory_lost(other, State.HIBERNATED, [history])
    observer.memory_lost(other, State.ABSENT, [history, Loss("total", "int")])

    assert terminal.text == (
        "▲ [WARNING] Counter lost in-memory state when it hibernated: history (list, 12 items)."
        " Keep it in ctx.storage or a socket attachment.\n"
        "▲ [WARNING] Counter lost in-memory state when it was evicted: total (int)."
        " Keep it in ctx.storage.\n"
    )


def test_streams_that_a_reload_cuts_are_told_of(terminal: Terminal, user_code: UserCode) -> None:
    observer = ConsoleObserver(terminal.console(), user_code.owns)

    observer.streams_cut("the Worker", 1, 5.0)
    observer.streams_cut("the Worker", 2, 0.5)

    assert terminal.text == (
        "▲ [WARNING] the Worker: 1 stream was cut 5 s after the code was replaced\n"
        "▲ [WARNING] the Worker: 2 streams were cut 0.5 s after the code was replaced\n"
    )


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "Counter/a: 1 socket was closed (1012)"), (3, "Counter/a: 3 sockets were closed (1012)")],
)
def test_sockets_that_do_not_outlive_a_reload_are_told_of(
    terminal: Terminal, user_code: UserCode, count: int, text: str
) -> None:
    ConsoleObserver(terminal.console(), user_code.owns).sockets_shut("Counter/a", count)

    assert text in terminal.text
    assert "acceptWebSocket()" in terminal.text
