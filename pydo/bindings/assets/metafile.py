"""The files that say how a folder of assets is served: `_headers`, `_redirects`, `.assetsignore`.

Each is read anew when it has changed.  What is wrong in one is passed over and told.  Sources:
cloudflare/workers-sdk `packages/workers-shared/utils/configuration/{parseHeaders,parseRedirects,
validateURL}.ts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from pydo.errors import JsException
from pydo.host.js.address import parse_address
from pydo.host.js.headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = [
    "HEADERS",
    "IGNORE",
    "REDIRECTS",
    "HeaderRule",
    "Invalid",
    "Metafile",
    "Redirect",
    "parse_headers",
    "parse_redirects",
]

HEADERS = "_headers"
IGNORE = ".assetsignore"
REDIRECTS = "_redirects"

_MOST_CHARACTERS = 2000  # of a line
_MOST_HEADER_RULES = 100
_MOST_DYNAMIC = 100
_MOST_STATIC = 2000
_STATUSES = {"200", "301", "302", "303", "307", "308"}
_DEFAULT_STATUS = "302"
_PATH = re.compile(r"\S+://|/")
_ABSOLUTE = re.compile(r"https://+(?P<host>[^/]+)/?(?P<path>.*)")
_HAS_PORT = re.compile(r".*:\d+")
_PATTERN = re.compile(r"\*|:[A-Za-z]\w*", re.ASCII)
_TO_INDEX = re.compile(r"/index(.html)?$")

_Value = TypeVar("_Value")


class Metafile(Generic[_Value]):
    """A file and what was read from it, for as long as it stays the same."""

    def __init__(self, path: Path, read: Callable[[str], Callable[[str], _Value]]) -> None:
        self.path = path
        self._read = read
        self._signature: tuple[int, int, int] | None = None
        self._use: Callable[[str], _Value] | None = None

    def value(self, path: str) -> _Value | None:
        """Give what the file says of a path; None if there is no such file."""
        try:
            status = self.path.stat()
        except OSError:
            self._forget()
            return None
        signature = (status.st_mtime_ns, status.st_size, status.st_ino)
        if self._use is None or signature != self._signature:
            try:
                text = self.path.read_bytes().decode("utf-8", "replace")
            except (FileNotFoundError, IsADirectoryError):
                self._forget()
                return None
            self._use = self._read(text)
            self._signature = signature
        return self._use(path)

    def _forget(self) -> None:
        self._use = self._signature = None


@dataclass(frozen=True, slots=True)
class Invalid:
    """A line that is passed over, and why; `number` counts from 1."""

    message: str
    line: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Redirect:
    """From a pattern of paths to an address; 200 serves another asset in its place."""

    origin: str
    target: str
    status: int

    @property
    def is_dynamic(self) -> bool:
        """Whether it stands for more than one path."""
        return _PATTERN.search(self.origin) is not None


@dataclass(slots=True)
class HeaderRule:
    """Headers that are set, and others that are taken away, for a pattern of paths.

    A `fault` is that of a header that no response can have: what the rule matches fails.
    """

    pattern: str
    line: str
    number: int
    to_set: dict[str, str] = field(default_factory=dict[str, str])
    to_remove: list[str] = field(default_factory=list[str])
    fault: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it does nothing."""
        return not self.to_set and not self.to_remove


def parse_headers(text: str) -> tuple[list[HeaderRule], list[Invalid]]:
    """Read `_headers`: lines of paths, each followed by those of its headers."""
    rules: list[HeaderRule] = []
    invalid: list[Invalid] = []
    rule: HeaderRule | None = None
    for number, line in _lines(text, invalid):
        if not _PATH.match(line):
            problem = _add_header(rule, line)
            if problem is not None:
                invalid.append(Invalid(problem, line, number))
            continue
        if len(rules) >= _MOST_HEADER_RULES:
            rest = text.count("\n") + 2 - number
            invalid.append(
                Invalid(
                    f"Maximum number of rules supported is {_MOST_HEADER_RULES}. "
                    f"Skipping remaining {rest} lines of file."
                )
            )
            break
        _keep(rule, rules, invalid)
        pattern, problem = _address(line, refuses_ports=True)
        rule = HeaderRule(pattern, line, number) if problem is None else None
        if problem is not None:
            invalid.append(Invalid(problem, line, number))
    _keep(rule, rules, invalid)
    return rules, invalid


def parse_redirects(
    text: str, *, handles_html: bool = True
) -> tuple[list[Redirect], list[Invalid]]:
    """Read `_redirects`: a line for each, of origin, target and status."""
    rules: dict[str, Redirect] = {}
    invalid: list[Invalid] = []
    counts = {False: 0, True: 0}
    for number, line in _lines(text, invalid):
        tokens = re.sub(r"\s+#.*$", "", line).split()
        if len(tokens) not in {2, 3}:
            message = f"Expected exactly 2 or 3 whitespace-separated tokens. Got {len(tokens)}."
            invalid.append(Invalid(message, line, number))
            continue
        origin, problem = _address(tokens[0], is_relative=True)
        if problem is not None:
            invalid.append(Invalid(problem, line, number))
            continue
        # Once one is dynamic, those behind it count as such: they keep their order.
        is_dynamic = counts[True] > 0 or _PATTERN.search(origin) is not None
        counts[is_dynamic] += 1
        if counts[False] > _MOST_STATIC and not is_dynamic:
            message = f"Maximum number of static rules supported is {_MOST_STATIC}. Skipping line."
            invalid.append(Invalid(message))
            continue
        if counts[True] > _MOST_DYNAMIC:
            rest = text.count("\n") + 2 - number
            message = f"Maximum number of dynamic rules supported is {_MOST_DYNAMIC}. "
            invalid.append(Invalid(f"{message}Skipping remaining {rest} lines of file."))
            break
        status = tokens[2] if len(tokens) > 2 else _DEFAULT_STATUS  # noqa: PLR2004 - the third
        target, problem = _address(tokens[1], has_query=True)
        problem = problem or _wrong_redirect(origin, target, status, handles_html=handles_html)
        if problem is None and origin in rules:
            problem = f"Ignoring duplicate rule for path {origin}."
        if problem is None and status == "200" and _ABSOLUTE.match(target):
            problem = f"Proxy (200) redirects can only point to relative paths. Got {target}"
        if problem is not None:
            invalid.append(Invalid(problem, line, number))
        else:
            rules[origin] = Redirect(origin, target, int(status))
    return list(rules.values()), invalid


def _lines(text: str, invalid: list[Invalid]) -> Iterator[tuple[int, str]]:
    """Yield the lines that say something, with their numbers."""
    for number, each in enumerate(text.split("\n"), 1):
        line = each.strip()
        if not line or line.startswith("#"):
            continue
        if len(line) > _MOST_CHARACTERS:
            message = f"Ignoring line {number} as it exceeds the maximum allowed length of "
            invalid.append(Invalid(f"{message}{_MOST_CHARACTERS}."))
            continue
        yield number, line


def _keep(rule: HeaderRule | None, rules: list[HeaderRule], invalid: list[Invalid]) -> None:
    if rule is None:
        return
    if rule.is_empty:
        invalid.append(Invalid("No headers specified", rule.line, rule.number))
        return
    rules.append(rule)
    try:
        headers = Headers.received([])
        for name, value in rule.to_set.items():
            headers.append(name, value)
    except JsException as error:
        rule.fault = f"{error.message} What this matches is answered with 500."
        invalid.append(Invalid(rule.fault, rule.line, rule.number))


def _add_header(rule: HeaderRule | None, line: str) -> str | None:
    """Take a line under a path; what is wrong with it, or None."""
    name, colon, value = line.partition(":")
    if not colon:
        if rule is None:
            return "Expected a path beginning with at least one forward-slash"
        if not line.startswith("! "):
            return "Expected a colon-separated header pair (e.g. name: value)"
        rule.to_remove.append(line.removeprefix("! "))
        return None
    name, value = name.strip().lower(), value.strip()
    if " " in name:
        return "Header name cannot include spaces"
    if not name:
        return "No header name specified"
    if not value:
        return "No header value specified"
    if rule is None:
        return f"Path should come before header ({name}: {value})"
    before = rule.to_set.get(name)
    rule.to_set[name] = value if before is None else f"{before}, {value}"
    return None


def _wrong_redirect(origin: str, target: str, status: str, *, handles_html: bool) -> str | None:
    if status not in _STATUSES:
        return f"Valid status codes are 200, 301, 302 (default), 303, 307, or 308. Got {status}."
    is_relative = not _ABSOLUTE.match(target)
    is_loop = origin.endswith("/*") or (origin.endswith("/") and handles_html)
    if is_relative and is_loop and _TO_INDEX.search(target):
        return (
            "Infinite loop detected in this rule and has been ignored. This will cause a redirect"
            " to strip `.html` or `/index` and end up triggering this rule again. Please fix or"
            " remove this rule to silence this warning."
        )
    return None


def _address(
    token: str,
    *,
    is_relative: bool = False,
    refuses_ports: bool = False,
    has_query: bool = False,
) -> tuple[str, str | None]:
    """Give a path or an address in its canonical form, or what is wrong with it."""
    found = _ABSOLUTE.match(token)
    if found is not None:
        host = found["host"]
        if is_relative:
            return "", f"Only relative URLs are allowed. Skipping absolute URL {token}."
        if refuses_ports and _HAS_PORT.fullmatch(host):
            return "", f"Specifying ports is not supported. Skipping absolute URL {token}."
        return f"https://{host}{_canonical(found['path'], has_query=has_query)}", None
    if token.startswith("/") or is_relative:
        return _canonical(token, has_query=has_query), None
    return "", (
        "URLs should either be relative (e.g. begin with a forward-slash), or use HTTPS (e.g. begin"
        ' with "https://").'
    )


def _canonical(path: str, *, has_query: bool) -> str:
    address = parse_address(f"http://host/{path.removeprefix('/')}")
    assert address is not None, "any path makes an address of this host"
    if not has_query:
        return address.path
    query = f"?{address.query}" if address.query else ""
    return address.path + query + (f"#{address.fragment}" if address.fragment else "")
