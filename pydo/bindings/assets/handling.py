"""Which file a path means: `html_handling` and `not_found_handling`.

Each way of handling is a list of steps for a path: a file to serve if it is there, or to serve at
another path, to which the client is then sent.  Source: cloudflare/workers-sdk
`packages/workers-shared/asset-worker/src/handler.ts` (`getIntent`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pydo.bindings.assets.folder import Asset

__all__ = ["Found", "Intent", "Moved", "find_intent"]


@dataclass(frozen=True, slots=True)
class Found:
    """An asset to serve, with 200 or 404."""

    asset: Asset
    status: int = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """The path, not encoded, at which the asset is served."""

    path: str


Intent: TypeAlias = Found | Moved | None
_Steps: TypeAlias = "Iterator[tuple[str, str | None]]"  # a file, and where it is served if not here
_Find: TypeAlias = "Callable[[str], Asset | None]"


def find_intent(
    path: str, find: _Find, html: str, not_found: str, *, is_settled: bool = False
) -> Intent:
    """Say what to do with a path; `is_settled` allows no further redirection."""
    for file, destination in _HANDLING[html](path):
        asset = find(file)
        if asset is None:
            continue
        if destination is None:
            return Found(asset)
        if is_settled or find(destination) is not None:
            continue
        there = find_intent(destination, find, html, not_found, is_settled=True)
        if isinstance(there, Found) and there.asset == asset:
            return Moved(destination)
    return _not_found(path, find, not_found)


def _not_found(path: str, find: _Find, handling: str) -> Intent:
    if handling == "single-page-application":
        asset = find("/index.html")
        return None if asset is None else Found(asset)
    if handling == "404-page":
        while path:
            path = path.rpartition("/")[0]
            asset = find(f"{path}/404.html")
            if asset is not None:
                return Found(asset, 404)
    return None


def _auto(path: str) -> _Steps:
    if path.endswith("/index"):
        yield path, None
        yield f"{path}.html", path.removesuffix("index")
        yield f"{path.removesuffix('/index')}.html", path.removesuffix("/index")
    elif path.endswith("/index.html"):
        yield path, path.removesuffix("index.html")
        yield f"{path.removesuffix('/index.html')}.html", path.removesuffix("/index.html")
    elif path.endswith("/"):
        yield f"{path}index.html", None
        yield f"{path[:-1]}.html", path[:-1]
    elif path.endswith(".html"):
        bare = path.removesuffix(".html")
        yield path, bare
        yield f"{bare}/index.html", f"{bare}/"
    yield path, None
    yield f"{path}.html", None
    yield f"{path}/index.html", f"{path}/"


def _force(path: str) -> _Steps:
    if path.endswith("/index"):
        yield path, None
        yield f"{path}.html", path.removesuffix("index")
        yield f"{path.removesuffix('/index')}.html", path.removesuffix("index")
    elif path.endswith("/index.html"):
        yield path, path.removesuffix("index.html")
        yield f"{path.removesuffix('/index.html')}.html", path.removesuffix("index.html")
    elif path.endswith("/"):
        yield f"{path}index.html", None
        yield f"{path[:-1]}.html", None
    elif path.endswith(".html"):
        slashed = f"{path.removesuffix('.html')}/"
        yield path, slashed
        yield path, None
        yield f"{slashed}index.html", slashed
    yield path, None
    yield f"{path}.html", f"{path}/"
    yield f"{path}/index.html", f"{path}/"


def _drop(path: str) -> _Steps:
    if path in {"/index", "/index.html"}:
        if path == "/index":
            yield path, None
        yield "/index.html", "/"
    elif path.endswith("/index"):
        bare = path.removesuffix("/index")
        yield path, None
        yield f"{bare}.html", bare
        yield f"{path}.html", bare
    elif path.endswith("/index.html"):
        bare = path.removesuffix("/index.html")
        yield path, bare
        yield path, None
        yield f"{bare}.html", bare
    elif path == "/":
        yield "/index.html", None
    elif path.endswith("/"):
        yield f"{path[:-1]}.html", path[:-1]
        yield f"{path[:-1]}/index.html", path[:-1]
    elif path.endswith(".html"):
        bare = path.removesuffix(".html")
        yield path, bare
        yield f"{bare}/index.html", bare
    yield path, None
    yield f"{path}.html", None
    yield f"{path}/index.html", None


def _none(path: str) -> _Steps:
    yield path, None


_HANDLING = {
    "auto-trailing-slash": _auto,
    "force-trailing-slash": _force,
    "drop-trailing-slash": _drop,
    "none": _none,
}
