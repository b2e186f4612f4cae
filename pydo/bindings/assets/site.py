"""What Cloudflare's asset worker answers, and which requests it leaves to the Worker.

Sources: cloudflare/workers-sdk `packages/workers-shared/asset-worker/src/handler.ts` and
`packages/workers-shared/router-worker/src/worker.ts`.
"""

from __future__ import annotations

import re
import urllib.parse
from functools import lru_cache
from typing import TYPE_CHECKING

from pydo.bindings.assets.asking import Answer, Asking
from pydo.bindings.assets.folder import AssetFolder
from pydo.bindings.assets.handling import Found, Moved, find_intent
from pydo.bindings.assets.metafile import (
    HEADERS,
    REDIRECTS,
    HeaderRule,
    Invalid,
    Metafile,
    Redirect,
    parse_headers,
    parse_redirects,
)
from pydo.bindings.assets.pattern import Pattern, Routes, filled
from pydo.host.js.address import parse_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pydo.config import Assets
    from pydo.host.js.address import Address

__all__ = ["Site"]

_CACHE_CONTROL = "public, max-age=0, must-revalidate"
_READS = {"GET", "HEAD"}
_UNRESERVED = "-_.!~*'()"  # of encodeURIComponent, besides letters and digits
_SLASHES = re.compile("/+")
_NOT_FOUND = 404
_REWRITE = 200


class Site:
    """The assets of a Worker under its configuration.

    `keeps_not_found` says that navigation of a browser gets `not_found_handling` rather than the
    Worker (`assets_navigation_prefers_asset_serving`); `warn` hears what is wrong in `_headers`
    and `_redirects`.
    """

    def __init__(
        self,
        assets: Assets,
        *,
        has_worker: bool,
        keeps_not_found: bool,
        warn: Callable[[str], None],
    ) -> None:
        self._folder = AssetFolder(assets.directory)
        self._html = assets.html_handling
        self._not_found = assets.not_found_handling
        self.has_worker = has_worker
        self._keeps_not_found = keeps_not_found
        self._warn = warn
        first = assets.run_worker_first
        self._worker_is_first = first is True
        self._routes = None if isinstance(first, bool) else Routes(first)
        self._headers = Metafile(assets.directory / HEADERS, self._read_headers)
        self._redirects = Metafile(assets.directory / REDIRECTS, self._read_redirects)
        self._redirects.value("/")  # what is wrong in them is told at the start
        self._headers.value("")

    def route(self, asking: Asking) -> Answer | None:
        """Answer a request from outside, or leave it to the Worker."""
        if self.has_worker and self._worker_is_first:
            return None
        address = _address(asking.url)
        if address is None:
            return None
        if self.has_worker and self._routes is not None:
            to_worker = self._routes.goes_to_worker(address.path)
            if to_worker is not None:
                return None if to_worker else self.answer(asking)
        is_navigation = asking.headers.get("sec-fetch-mode") == "navigate"
        is_last = not self.has_worker or self._routes is not None
        has_last_word = is_last or (self._keeps_not_found and is_navigation)
        handling = self._not_found if has_last_word else "none"
        answer = self._answered(asking, address, handling)
        if answer.is_nothing and self.has_worker:
            return None
        if answer.status == _NOT_FOUND:  # a rewrite to what is not there
            answer = self._answered(asking, address, self._not_found)
        return self._with_headers(answer, address)

    def answer(self, asking: Asking) -> Answer:
        """Answer a request that was sent to the assets themselves."""
        address = _address(asking.url)
        if address is None:
            return Answer(_NOT_FOUND, is_nothing=True)
        return self._with_headers(self._answered(asking, address, self._not_found), address)

    def _answered(self, asking: Asking, address: Address, not_found: str) -> Answer:
        path, redirect = address.path, self._redirects.value(address.path)
        if redirect is not None:
            target = parse_address(redirect.target, address)
            if redirect.status != _REWRITE:
                location = redirect.target if target is None else _location(target, address)
                return _sent_to(location, redirect.status)
            path = path if target is None else target.path
        decoded = _decoded(path)
        intent = find_intent(decoded, self._folder.find, self._html, not_found)
        if intent is None:
            return Answer(_NOT_FOUND, is_nothing=redirect is None)
        if asking.method not in _READS:
            return Answer(405)
        canonical = _encoded(intent.path if isinstance(intent, Moved) else decoded)
        if isinstance(intent, Moved) or canonical != path:
            search = f"?{address.query}" if address.query else ""
            return _sent_to(canonical + search, 307)
        return _served(intent, asking)

    def _with_headers(self, answer: Answer, address: Address) -> Answer:
        rules = self._headers.value("") or ()
        host = address.host or ""
        already: set[str] = set()
        for pattern, rule in rules:
            names = pattern.match(host, address.path)
            if names is None:
                continue
            if rule.fault is not None:
                return Answer(500)
            for name in rule.to_remove:
                answer.headers.pop(name.lower(), None)
            for name, value in rule.to_set.items():
                text = filled(value, names)
                if name in already:
                    answer.headers[name].append(text)
                else:
                    answer.headers[name] = [text]
                    already.add(name)
        return answer

    # -- the files that say more

    def _read_headers(self, text: str) -> Callable[[str], Sequence[tuple[Pattern, HeaderRule]]]:
        rules, invalid = parse_headers(text)
        self._tell(invalid, HEADERS, "header")
        # Of two rules for one pattern the later one counts, in the place of the first.
        latest = {rule.pattern: rule for rule in rules}
        patterns = [(Pattern.of(each), rule) for each, rule in latest.items()]
        ready = [(pattern, rule) for pattern, rule in patterns if pattern is not None]
        return lambda _: ready

    def _read_redirects(self, text: str) -> Callable[[str], Redirect | None]:
        rules, invalid = parse_redirects(text, handles_html=self._html != "none")
        self._tell(invalid, REDIRECTS, "redirect")
        return _Redirects(rules)

    def _tell(self, invalid: list[Invalid], name: str, kind: str) -> None:
        if not invalid:
            return
        plural = "" if len(invalid) == 1 else "s"
        told = [f"Found {len(invalid)} invalid {kind} rule{plural}:"]
        for each in invalid:
            told.append(f"▶︎ {each.message}")
            if each.line:
                place = name if each.number is None else f"{name}:{each.number}"
                told.append(f"    at {self._folder.root.name}/{place} | {each.line}")
        self._warn("\n".join(told))


class _Redirects:
    """Rules for one path at the start, then for patterns in their order."""

    def __init__(self, rules: Sequence[Redirect]) -> None:
        dynamic = next((i for i, rule in enumerate(rules) if rule.is_dynamic), len(rules))
        self._static = {rule.origin: rule for rule in rules[:dynamic]}
        patterns = [(Pattern.of(rule.origin), rule) for rule in rules[dynamic:]]
        self._dynamic = [(each, rule) for each, rule in patterns if each is not None]

    def __call__(self, path: str) -> Redirect | None:
        found = self._static.get(path)
        if found is not None:
            return found
        for pattern, rule in self._dynamic:
            names = pattern.match("", path)
            if names is not None:
                target = filled(rule.target, names).strip()
                if not re.match(r"\w+://", target):
                    target = _SLASHES.sub("/", target)
                return Redirect(rule.origin, target, rule.status)
        return None


@lru_cache(maxsize=256)
def _address(url: str) -> Address | None:
    return parse_address(url)


def _served(found: Found, asking: Asking) -> Answer:
    asset = found.asset
    headers = {"etag": [asset.etag]}
    kind = asset.media_type
    if kind is not None:
        headers["content-type"] = [kind]
    if "authorization" not in asking.headers and "range" not in asking.headers:
        headers["cache-control"] = [_CACHE_CONTROL]
    headers["cf-cache-status"] = ["HIT"]
    if asking.headers.get("if-none-match") in {asset.etag, f"W/{asset.etag}"}:
        return Answer(304, headers)
    return Answer(found.status, headers, asset)


def _sent_to(location: str, status: int) -> Answer:
    return Answer(status, {"location": [location]})


def _location(target: Address, asked: Address) -> str:
    """Say where a redirect leads; the query that was asked with goes along where it has none."""
    query = target.query or asked.query
    search = f"?{query}" if query else ""
    fragment = f"#{target.fragment}" if target.fragment else ""
    is_same = (target.scheme, target.host, target.port) == (asked.scheme, asked.host, asked.port)
    before = target.path if is_same else target.href.partition("#")[0].partition("?")[0]
    return before + search + fragment


def _decoded(path: str) -> str:
    if "%" not in path and "//" not in path:
        return path
    return _SLASHES.sub("/", "/".join(map(_decoded_part, path.split("/"))))


def _decoded_part(part: str) -> str:
    if re.search("%(?![0-9A-Fa-f]{2})", part):
        return part
    try:
        return urllib.parse.unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        return part


def _encoded(path: str) -> str:
    return urllib.parse.quote(path, safe=f"/{_UNRESERVED}")
