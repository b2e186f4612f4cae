"""Which configuration file is meant.

wrangler looks upward from where it stands for wrangler.json, then in the same way for
wrangler.jsonc, then for wrangler.toml; a build tool may have left word that another file counts
(cloudflare/workers-sdk `packages/workers-utils/src/config/config-helpers.ts`).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pydo.config.diagnostics import Diagnostics
from pydo.config.read import read_document
from pydo.config.source import shortest
from pydo.errors import ConfigError

if TYPE_CHECKING:
    from pydo.config.source import Span

__all__ = ["NAMES", "Location", "discover", "locate"]

NAMES = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
_REDIRECT = Path(".wrangler", "deploy", "config.json")


@dataclass(frozen=True, slots=True)
class Location:
    """The configuration file to read.

    Where a tool wrote it, `redirect` is the file that names it, and `user_path` the file that it
    was made of, if there is one: .dev.vars and the state are beside that.  `passed_over` are files
    beside it that could be meant as well.
    """

    path: Path
    user_path: Path | None = None
    redirect: Path | None = None
    passed_over: tuple[Path, ...] = ()

    @property
    def home(self) -> Path:
        """The directory of the project."""
        if self.redirect is None:
            return self.path.parent
        return self.redirect.parents[2] if self.user_path is None else self.user_path.parent

    def __str__(self) -> str:
        if self.redirect is None:
            return shortest(self.path)
        user = "<no user config found>" if self.user_path is None else shortest(self.user_path)
        return (
            "Using redirected Wrangler configuration.\n"
            f' - Configuration being used: "{shortest(self.path)}"\n'
            f' - Original user\'s configuration: "{user}"\n'
            f' - Deploy configuration file: "{shortest(self.redirect)}"'
        )


def locate(directory: Path, given: Path | None = None) -> Location:
    """Take the file that `--config` names, from a directory; without one, find it.

    Raises ConfigError as `discover` does.
    """
    return discover(directory) if given is None else Location(directory.absolute() / given)


def discover(start: Path) -> Location:
    """Find the configuration that counts for a directory.

    Raises ConfigError if there is none, or if a tool named one that cannot be meant.
    """
    directory = start.absolute()
    user_path = next(filter(None, (_upward(directory, name) for name in NAMES)), None)
    redirect = _upward(directory, _REDIRECT)
    if redirect is not None:
        return _redirected(redirect, user_path)
    if user_path is None:
        _refuse(
            f"No {', '.join(NAMES[:-1])} or {NAMES[-1]} was found in {directory} or in a directory"
            " above it.",
            hint="`pydo init NAME` makes a project; `--config PATH` names a file elsewhere",
        )
    others = (user_path.with_name(name) for name in NAMES if name != user_path.name)
    return Location(user_path, passed_over=tuple(each for each in others if each.is_file()))


def _upward(directory: Path, name: str | Path) -> Path | None:
    for each in (directory, *directory.parents):
        with contextlib.suppress(OSError):
            if (each / name).is_file():
                return each / name
    return None


def _redirected(redirect: Path, user_path: Path | None) -> Location:
    document = read_document(redirect)
    named = document.values.get("configPath")
    if not isinstance(named, str) or not named:
        _refuse(
            f'A deploy configuration file was found at "{shortest(redirect)}". But this is not '
            'valid - the required "configPath" property was not found.',
            document.value_span(("configPath",)),
            "build the project anew with the tool that wrote this file, or delete it",
        )
    path = Path(redirect.parent, named).resolve()
    if not path.is_file():
        _refuse(
            f'There is a deploy configuration at "{shortest(redirect)}". But the redirected '
            f'configuration path it points to, "{shortest(path)}", does not exist.',
            document.value_span(("configPath",)),
            "build the project anew with the tool that wrote this file, or delete it",
        )
    if user_path is not None and user_path.parent / _REDIRECT != redirect:
        _refuse(
            f'Found both a user configuration file at "{shortest(user_path)}" and a deploy '
            f'configuration file at "{shortest(redirect)}". But these do not share the same base '
            "path so it is not clear which should be used.",
            hint="`--config PATH` says which",
        )
    return Location(path, user_path, redirect)


def _refuse(message: str, span: Span | None = None, hint: str | None = None) -> NoReturn:
    diagnostics = Diagnostics()
    diagnostics.error(message, span, hint)
    raise ConfigError(diagnostics)
