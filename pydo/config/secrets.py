"""Which files and variables give a Worker its secrets on this machine.

`.dev.vars.<env>`, or else `.dev.vars`; if there is neither, `.env`, `.env.local`, `.env.<env>` and
`.env.<env>.local`, each over those before it.  Source: cloudflare/workers-sdk
`packages/wrangler/src/dev/dev-vars.ts` and `src/config/dot-env.ts`.  Unlike wrangler up to now
(workers-sdk issue 15068), an environment that `CLOUDFLARE_ENV` names chooses files as `--env` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydo.config.read import read_source
from pydo.config.source import shortest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pydo.config.diagnostics import Diagnostics

__all__ = ["Secrets", "Wanted", "read_environ", "read_secrets", "secret_files"]

_PROCESS = "process.env"  # as wrangler says it
_LOADS_DOTENV = "CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV"
_INCLUDES_PROCESS = "CLOUDFLARE_INCLUDE_PROCESS_ENV"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where to look: the project's directory, the environment, and the files of `--env-file`.

    `environ` is what the process was started with.
    """

    home: Path
    env: str | None = None
    env_files: Sequence[Path] = ()
    environ: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Secrets:
    """The values found, and the names of what they were found in, in that order."""

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    origins: tuple[str, ...] = ()


def secret_files(wanted: Wanted) -> frozenset[Path]:
    """Name every file that counts or would count if it existed."""
    dev_vars = () if wanted.env_files else _dev_vars(wanted)
    return frozenset((*dev_vars, *_dotenvs(wanted)))


def read_secrets(wanted: Wanted, diagnostics: Diagnostics, *, chosen: bool = False) -> Secrets:
    """Read what there is; `chosen` tells that the configuration names its secrets.

    Then the variables of the process are looked at as well.  Files of `--env-file` that do not
    exist are told to `diagnostics`.

    Raises:
        ConfigError: a file cannot be read.

    """
    loads_dotenv = _flag(wanted.environ, _LOADS_DOTENV, diagnostics, default=True)
    includes_process = _flag(wanted.environ, _INCLUDES_PROCESS, diagnostics, default=False)
    if not wanted.env_files:
        for path in _dev_vars(wanted):
            if path.is_file():
                return Secrets(_parse(path), (shortest(path),))
    if not loads_dotenv:
        return Secrets()
    for path in wanted.env_files:
        if not (wanted.home / path).is_file():
            hint = "paths are taken from the directory of the configuration"
            diagnostics.warn(f"--env-file: there is no file {wanted.home / path}", hint=hint)
    environ = wanted.environ if includes_process or chosen else {}
    values, found = _read_dotenvs([*_dotenvs(wanted)], environ)
    origins = (*map(shortest, found), *([_PROCESS] if includes_process or chosen else []))
    return Secrets({**environ, **values}, origins)


def read_environ(
    directory: Path, env: str | None, env_files: Sequence[Path], environ: Mapping[str, str]
) -> Mapping[str, str]:
    """Give the variables of the process as the .env files of a working directory complete them.

    So they may hold `CLOUDFLARE_ENV` and what else rules pydo itself; a variable that is set goes
    before them.
    """
    paths = [*_dotenvs(Wanted(directory, env, env_files))]
    if not any(path.is_file() for path in paths):
        return environ
    values, _ = _read_dotenvs(paths, environ)
    return {**environ, **values}


def _dev_vars(wanted: Wanted) -> Iterator[Path]:
    if wanted.env:
        yield wanted.home / f".dev.vars.{wanted.env}"
    yield wanted.home / ".dev.vars"


def _dotenvs(wanted: Wanted) -> Iterator[Path]:
    if wanted.env_files:
        yield from (wanted.home / path for path in wanted.env_files)
        return
    yield wanted.home / ".env"
    yield wanted.home / ".env.local"
    if wanted.env:
        yield wanted.home / f".env.{wanted.env}"
        yield wanted.home / f".env.{wanted.env}.local"


def _read_dotenvs(
    paths: Sequence[Path], environ: Mapping[str, str]
) -> tuple[Mapping[str, str], tuple[Path, ...]]:
    found = tuple(path for path in paths if path.is_file())
    if not found:
        return {}, ()
    # Here and not above: most projects have no such file.
    from pydo.config.dotenv import expand  # noqa: PLC0415 - as said

    values: dict[str, str] = {}
    for path in found:
        values |= _parse(path)
    return expand(values, environ), found


def _parse(path: Path) -> dict[str, str]:
    from pydo.config.dotenv import parse  # noqa: PLC0415 - as above

    return parse(read_source(path).text)


def _flag(
    environ: Mapping[str, str], name: str, diagnostics: Diagnostics, *, default: bool
) -> bool:
    value = environ.get(name)
    if value is None:
        return default
    if value.lower() not in {"true", "false"}:
        diagnostics.error(f'Expected {name} to be "true" or "false", but got "{value}"')
    return value.lower() == "true"
