"""What `pydo dev` says, one verb for each thing there is to say; the forms are wrangler's.

The words that others may look for (`Ready on http://localhost:8787`, the line of a request) stand
verbatim, whether or not there are colours around them.  Every message is one write, so that
messages from several threads do not mix, and nothing that others wrote reaches the terminal raw
(`visible`).

Sources: cloudflare/workers-sdk `packages/wrangler/src/logger.ts`,
`packages/miniflare/src/shared/log.ts`.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, TextIO

from pydo.console.bindings import format_bindings
from pydo.console.ink import coloured, plain, wants_colour
from pydo.console.level import Level
from pydo.console.visible import visible, visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydo.config import Config, Diagnostics

__all__ = ["Console"]

# Where the releases of Python disagree with each other, or with the wire.
_PHRASES = {
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}


class Console:
    """Writes lines to `out`, which it never closes.

    `level` is one of `Level`'s words; a `colour` of None leaves it to the stream and the
    environment.  If nobody reads `out` any more, the console falls silent.
    """

    def __init__(
        self, out: TextIO, *, colour: bool | None = None, level: str = Level.LOG.value
    ) -> None:
        self._out = out
        self._paint = coloured() if (wants_colour(out) if colour is None else colour) else plain
        self._shown = Level(level).shown

    def shows(self, level: Level) -> bool:
        """Tell whether lines of this kind are shown: saves making what would not be."""
        return level in self._shown

    # -- lines of any kind

    def debug(self, text: str) -> None:
        """Say what only somebody who looks for a fault wants to know."""
        self._write(Level.DEBUG, f"{self._tag(Level.DEBUG)} {visible(text)}")

    def say(self, text: str) -> None:
        """Say something as it is, without a mark before it."""
        self._write(Level.LOG, visible(text))

    def info(self, text: str) -> None:
        """Say what happens."""
        self._write(Level.INFO, f"{self._tag(Level.INFO)} {visible(text)}")

    def warn(self, text: str) -> None:
        """Say what may not be as it was meant."""
        self._write(Level.WARN, f"{self._paint('▲ [WARNING]', 'bold yellow')} {visible(text)}")

    def error(self, text: str) -> None:
        """Say what failed."""
        self._write(Level.ERROR, f"{self._paint('✘ [ERROR]', 'bold red')} {visible(text)}")

    # -- the start

    def banner(self, version: str) -> None:
        """Say who this is."""
        name = f" pydo {version}"
        self._write(Level.LOG, f"\n{self._paint(name, 'bold')}\n{'─' * (len(name) + 1)}")

    def bindings(self, config: Config, served: Sequence[str] = ()) -> None:
        """Say where secrets are from, and show the table of what the Worker finds in its `env`.

        `served` names the Workers that are served together.
        """
        for origin in config.secret_origins:
            self.say(f"Using secrets defined in {origin}")
        if self.shows(Level.LOG):
            self._write(Level.LOG, format_bindings(config, self._paint, served) + "\n")

    def ready(self, urls: Sequence[str]) -> None:
        """Say where the server answers: first the address to use, then any others."""
        first, *others = urls
        self.info("\n".join([f"Ready on {first}", *(f"- {each}" for each in others)]))

    # -- what happens

    def request(self, method: str, path: str, status: int, ms: float) -> None:
        """Show an answered request, without its query; pydo's own paths only at `debug`."""
        level = Level.DEBUG if path.startswith("/cdn-cgi/") else Level.INFO
        if not self.shows(level):
            return
        paint = self._paint
        self._write(
            level,
            f"{self._tag(level)} {paint(visible_line(method), 'bold')}"
            f" {visible_line(path.partition('?')[0])}"
            f" {paint(_status_line(status), _status_style(status))}"
            f" {paint(f'({ms:.0f}ms)', 'bright_black')}",
        )

    def reloading(self) -> None:
        """Say that a change was seen."""
        self._write(Level.LOG, "⎔ Reloading local server...")

    def reloaded(self, ms: float) -> None:
        """Say that the changed Worker serves now."""
        self._write(Level.LOG, f"⎔ Local server updated and ready ({ms:.0f}ms)")

    # -- what went wrong

    def diagnostics(self, diagnostics: Diagnostics) -> None:
        """Show the problems of a configuration, each with its place and what to do."""
        # Here and not above: whoever has diagnostics has loaded it, and others need not.
        from pydo.config import Severity  # noqa: PLC0415 - as said

        for each in diagnostics:
            if each.severity is Severity.ERROR:
                self.error(str(each))
            else:
                self.warn(str(each))

    def user_error(self, error: BaseException, owns: Callable[[str], bool], *, title: str) -> None:
        """Show an error of the Worker's own code under `title`: its traceback, none of pydo's.

        Of an error that has come from one object to another, the traceback is one, from the frame
        of the caller to the place where it was raised.  `owns` tells the files of the project.
        """
        if not self.shows(Level.ERROR):
            return
        # Here and not above: `pydo --help` and `pydo init` need neither.
        from pydo.loader import format_user_error  # noqa: PLC0415 - as said
        from pydo.runtime.failure import origin  # noqa: PLC0415 - as said

        cause = origin(error)
        text = format_user_error(error, owns).rstrip("\n")
        # It has no place, and nothing to add.
        if text in (title, f"{type(cause).__name__}: {title}"):
            self.error(title)
            return
        # A Worker knows this class by another name, and the error's own name says more.
        self.error(f"{title}\n{_CLASS.sub('', text)}")

    # -- writing

    def _tag(self, level: Level) -> str:
        return self._paint(f"[pydo:{level}]", _TAG_STYLES[level])

    def _write(self, level: Level, text: str) -> None:
        if level not in self._shown:
            return
        try:
            self._out.write(f"{text}\n")
        except UnicodeEncodeError:
            encoding = self._out.encoding
            self._write(level, text.encode(encoding, "replace").decode(encoding))
        except (OSError, ValueError):  # nobody reads it any more, or the Worker closed it
            self._shown = frozenset()


_CLASS = re.compile(r"^(?:pydo\.errors|pydo\.host\.js\.error|pyodide\.ffi)\.\w+: ", re.MULTILINE)

_TAG_STYLES = {Level.DEBUG: "bright_black", Level.INFO: "green"}


def _status_line(status: int) -> str:
    try:
        phrase = _PHRASES.get(status) or HTTPStatus(status).phrase
    except ValueError:  # a status of the Worker's own
        return str(status)
    return f"{status} {phrase}"


_STATUS_STYLES = {2: "bold green", 4: "bold yellow", 5: "bold red"}


def _status_style(status: int) -> str:
    return _STATUS_STYLES.get(status // 100, "bold blue")
