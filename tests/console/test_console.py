"""Each verb of the console, whole lines."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pydo.config import Diagnostics, SourceFile
from pydo.console import Console, Level
from pydo.errors import JsException
from pydo.runtime.failure import travelling

if TYPE_CHECKING:
    from .conftest import Terminal, UserCode


def test_a_start_is_told_in_wranglers_words(terminal: Terminal) -> None:
    console = terminal.console()

    console.banner("1.2.3")
    console.ready(["http://localhost:8787"])

    assert terminal.text == (
        "\n pydo 1.2.3\n────────────\n[pydo:info] Ready on http://localhost:8787\n"
    )


def test_further_addresses_stand_below_the_first(terminal: Terminal) -> None:
    terminal.console().ready(["http://localhost:1", "http://192.0.2.1:1"])

    assert terminal.text == ("[pydo:info] Ready on http://localhost:1\n- http://192.0.2.1:1\n")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "200 OK"),
        (302, "302 Found"),
        (404, "404 Not Found"),
        (413, "413 Payload Too Large"),
        (414, "414 URI Too Long"),
        (416, "416 Range Not Satisfiable"),
        (418, "418 I'm a teapot"),
        (422, "422 Unprocessable Entity"),
        (500, "500 Internal Server Error"),
        (599, "599"),
    ],
)
def test_a_request_is_one_line(terminal: Terminal, status: int, said: str) -> None:
    terminal.console().request("GET", "/log", status, 14.6)

    assert terminal.text == f"[pydo:info] GET /log {said} (15ms)\n"


def test_the_query_of_a_request_is_not_shown(terminal: Terminal) -> None:
    terminal.console().request("POST", "/in?token=secret", 200, 0.2)

    assert terminal.text == "[pydo:info] POST /in 200 OK (0ms)\n"


def test_a_request_cannot_act_on_the_terminal(terminal: Terminal) -> None:
    terminal.console(colour=True).request("G\x1b[2J", "/\x1b]0;x\x07\n[pydo:info] forged", 200, 1)

    assert "\x1b[2J" not in terminal.text
    assert r"/\x1b]0;x\x07\n[pydo:info] forged" in terminal.text
    assert terminal.text.count("\n") == 1


def test_pydos_own_paths_are_shown_at_debug_only(terminal: Terminal) -> None:
    terminal.console("log").request("GET", "/cdn-cgi/x", 200, 1)
    assert terminal.text == ""

    terminal.console("debug").request("GET", "/cdn-cgi/x", 200, 1)
    assert terminal.text == "[pydo:debug] GET /cdn-cgi/x 200 OK (1ms)\n"


@pytest.mark.parametrize(
    ("status", "style"), [(200, "1;32"), (404, "1;33"), (500, "1;31"), (302, "1;34")]
)
def test_the_colour_of_a_request_is_that_of_its_status(
    terminal: Terminal, status: int, style: str
) -> None:
    terminal.console(colour=True).request("GET", "/", status, 3)

    line = terminal.text
    assert line.startswith("\x1b[32m[pydo:info]\x1b[0m \x1b[1mGET\x1b[0m / ")
    assert f"\x1b[{style}m{status} " in line
    assert line.endswith("\x1b[90m(3ms)\x1b[0m\n")


def test_a_reload_has_a_line_before_and_after(terminal: Terminal) -> None:
    console = terminal.console()

    console.reloading()
    console.reloaded(12.3)

    assert terminal.text == (
        "⎔ Reloading local server...\n⎔ Local server updated and ready (12ms)\n"
    )


def _say_everything(console: Console) -> None:
    console.banner("1.2.3")
    console.debug("d")
    console.say("s")
    console.info("i")
    console.warn("w")
    console.error("e")
    console.reloading()
    console.reloaded(1)
    console.request("GET", "/", 200, 1)


@pytest.mark.parametrize(
    ("level", "lines"),
    [
        (Level.NONE, []),
        (Level.ERROR, ["✘ [ERROR] e"]),
        (Level.WARN, ["▲ [WARNING] w", "✘ [ERROR] e"]),
        (
            Level.INFO,
            ["[pydo:info] i", "▲ [WARNING] w", "✘ [ERROR] e", "[pydo:info] GET / 200 OK (1ms)"],
        ),
    ],
)
def test_a_level_hides_the_rest(terminal: Terminal, level: Level, lines: list[str]) -> None:
    _say_everything(terminal.console(level))

    assert terminal.text.splitlines() == lines


def test_problems_of_a_configuration_keep_their_order(terminal: Terminal) -> None:
    file = SourceFile(Path("wrangler.toml"), "a\nb\n")
    diagnostics = Diagnostics()
    diagnostics.warn("odd", file.span(0))
    diagnostics.error("wrong", file.span(2), "do this")

    terminal.console().diagnostics(diagnostics)

    assert terminal.text == (
        "▲ [WARNING] wrangler.toml:1:1: odd\n    1 │ a\n      ╵ ^\n"
        "✘ [ERROR] wrangler.toml:2:1: wrong\n    2 │ b\n      ╵ ^\n  do this\n"
    )


def test_an_error_of_the_user_comes_with_the_users_frames_only(
    terminal: Terminal, user_code: UserCode
) -> None:
    error = user_code.raised("def f():\n    raise ValueError('boom')\n\nf()")

    terminal.console().user_error(error, user_code.owns, title="Uncaught error in Counter/a")

    assert terminal.text == (
        "✘ [ERROR] Uncaught error in Counter/a\n"
        "Traceback (most recent call last):\n"
        '  File "/app/src/entry.py", line 4, in <module>\n'
        '  File "/app/src/entry.py", line 2, in f\n'
        "ValueError: boom\n"
    )


def test_an_error_that_travelled_is_shown_where_it_was_raised(
    terminal: Terminal, user_code: UserCode
) -> None:
    error = travelling(user_code.raised("1 / 0"), user_code.errors)

    terminal.console().user_error(
        travelling(error, user_code.errors), user_code.owns, title="Uncaught error"
    )

    assert terminal.text == (
        "✘ [ERROR] Uncaught error\n"
        "Traceback (most recent call last):\n"
        '  File "/app/src/entry.py", line 1, in <module>\n'
        "ZeroDivisionError: division by zero\n"
    )


def test_an_error_of_productions_kind_is_called_by_its_own_name(
    terminal: Terminal, user_code: UserCode
) -> None:
    error = JsException("TypeError", "no\x1b[2J")

    terminal.console().user_error(error, user_code.owns, title="Uncaught error")

    assert terminal.text == "✘ [ERROR] Uncaught error\nTypeError: no\\x1b[2J\n"


def test_code_that_does_not_load_is_shown_with_file_and_line(
    terminal: Terminal, user_code: UserCode
) -> None:
    error = user_code.raised("def f(:\n    pass")

    terminal.console().user_error(error, user_code.owns, title="entry.py:1: invalid syntax")

    lines = terminal.text.splitlines()
    assert lines[0] == "✘ [ERROR] entry.py:1: invalid syntax"
    assert lines[1] == '  File "/app/src/entry.py", line 1'
    assert lines[-1] == "SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    "title", ["Counter is not exported", "ImportError: Counter is not exported"]
)
def test_an_error_that_its_title_says_already_is_not_said_twice(
    terminal: Terminal, user_code: UserCode, title: str
) -> None:
    error = ImportError("Counter is not exported")

    terminal.console().user_error(error, user_code.owns, title=title)

    assert terminal.text == f"✘ [ERROR] {title}\n"


def test_an_error_of_the_user_is_not_shown_at_none(terminal: Terminal, user_code: UserCode) -> None:
    terminal.console("none").user_error(ValueError("boom"), user_code.owns, title="t")

    assert terminal.text == ""


def test_what_an_encoding_does_not_have_is_replaced() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", line_buffering=True)

    Console(out, colour=False).warn("naïve")

    assert raw.getvalue() == b"? [WARNING] na?ve\n"


def test_a_console_that_nobody_reads_falls_silent() -> None:
    class Closed(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(32, text)

    console = Console(Closed(), colour=False)

    console.info("one")
    console.error("two")

    assert not console.shows(Level.ERROR)


def test_a_console_whose_stream_the_worker_has_closed_falls_silent() -> None:
    out = io.StringIO()
    console = Console(out, colour=False)
    out.close()

    console.info("one")

    assert not console.shows(Level.ERROR)


def test_colours_are_for_terminals_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    def is_coloured(out: io.StringIO) -> bool:
        Console(out).error("x")
        return "\x1b[" in out.getvalue()

    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert is_coloured(Screen())
    assert not is_coloured(io.StringIO())
    monkeypatch.setenv("TERM", "dumb")
    assert not is_coloured(Screen())
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert is_coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_coloured(Screen())
