"""Addresses, read and resolved by the WHATWG standard for URLs, as far as HTTP needs it."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from pydo.host.js.text import usv

__all__ = [
    "IN_FRAGMENT",
    "IN_SPECIAL_QUERY",
    "IN_USERINFO",
    "PORTS",
    "Address",
    "encoded",
    "host_of",
    "located",
    "normalized",
    "parse_address",
    "path_of",
    "slashed",
]

PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "file": None}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# An address that is as the standard would write it, which the common ones are.
_PLAIN = re.compile(
    r"https?://[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*(:[1-9]\d{3}|:[1-5]\d{4})?/[A-Za-z0-9/_~-]*"
)
_FORBIDDEN_HOST = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|\d+)")
_TRIMMED = "".join(map(chr, range(0x21)))

_C0: Final = {*map(chr, range(0x20)), "\x7f"}
IN_FRAGMENT: Final = _C0 | set(' "<>`')
_IN_QUERY: Final = _C0 | set(' "#<>')
IN_SPECIAL_QUERY: Final = _IN_QUERY | {"'"}
_IN_PATH: Final = _IN_QUERY | set("?`{}^")
IN_USERINFO: Final = _IN_PATH | set("/:;=@[\\]^|")


@dataclass(frozen=True, slots=True)
class Address:
    """A parsed address; `query` and `fragment` are None where their sign does not stand."""

    scheme: str
    username: str
    password: str
    host: str | None
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def href(self) -> str:
        """The whole address, as the standard writes it."""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        if self.host is None:
            return f"{self.scheme}:{self.path}{query}{fragment}"
        secret = f":{self.password}" if self.password else ""
        user = f"{self.username}{secret}@" if self.username or self.password else ""
        return f"{self.scheme}://{user}{self.authority}{self.path}{query}{fragment}"

    @property
    def authority(self) -> str:
        """The host, and the port unless it is the scheme's own."""
        host = self.host or ""
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The scheme and the authority, a blob's those of its path; else `null`."""
        if self.scheme == "blob":
            inner = parse_address(self.path)
            is_web = inner is not None and inner.scheme in {"http", "https"}
            return inner.origin if inner is not None and is_web else "null"
        if self.host is None or self.scheme not in PORTS or self.scheme == "file":
            return "null"
        return f"{self.scheme}://{self.authority}"


@lru_cache(maxsize=1024)  # a Worker asks for few addresses, and for each of them often
def normalized(text: str) -> str | None:
    """Give an absolute address as the standard writes it; None if it is none."""
    if _PLAIN.fullmatch(text) and "/." not in text:
        return text
    address = parse_address(text)
    return None if address is None else address.href


def parse_address(text: str, base: Address | None = None) -> Address | None:
    """Read an address, relative to `base` if there is one; None if it is none."""
    text = re.sub(r"[\t\n\r]", "", usv(text).strip(_TRIMMED))
    text, hash_, behind = text.partition("#")
    fragment = encoded(behind, IN_FRAGMENT) if hash_ else None
    found = _SCHEME.match(text)
    if found is None:
        return None if base is None else _resolve(text, base, fragment)
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme not in PORTS:
        return _opaque(scheme, rest, fragment)
    rest = slashed(rest)
    if base is not None and base.scheme == scheme and not rest.startswith("/"):
        return _resolve(rest, base, fragment)
    if scheme == "file":
        rest = rest.removeprefix("//")
        host, slash, path = rest.partition("/")
        return located(scheme, host, slash + path, fragment)
    authority, rest = _split_authority(rest.lstrip("/"))
    return located(scheme, authority, rest, fragment)


def encoded(text: str, escaped: set[str]) -> str:
    """Write what must not stand as itself, and all that is not ASCII, as `%41`."""
    if text.isascii() and not escaped.intersection(text):
        return text
    parts = [
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in escaped or char > "\x7f"
        else char
        for char in text
    ]
    return "".join(parts)


def slashed(text: str) -> str:
    """Read backslashes as slashes, up to the query."""
    path, mark, query = text.partition("?")
    return path.replace("\\", "/") + mark + query


def _split_authority(rest: str) -> tuple[str, str]:
    found = re.search(r"[/?]", rest)
    return (rest, "") if found is None else (rest[: found.start()], rest[found.start() :])


def _opaque(scheme: str, rest: str, fragment: str | None) -> Address:
    path, mark, query = rest.partition("?")
    host: str | None = None
    if path.startswith("//"):
        host, slash, path = path[2:].partition("/")
        path = slash + path
    found = encoded(query, _IN_QUERY) if mark else None
    return Address(scheme, "", "", host, None, encoded(path, _C0), found, fragment)


def located(scheme: str, authority: str, rest: str, fragment: str | None) -> Address | None:
    """Read an address with a host, given in its parts; None if it is none."""
    userinfo, at, location = authority.rpartition("@")
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", location)
    if found is None:
        return None
    host = host_of(found[1])
    if host is None or (not host and scheme != "file"):
        return None
    port = int(found[2]) if found[2] else None
    if port is not None and port > 0xFFFF:  # noqa: PLR2004 - 16 bits
        return None
    user, _, secret = userinfo.partition(":") if at else ("", "", "")
    path, mark, query = rest.partition("?")
    return Address(
        scheme=scheme,
        username=encoded(user, IN_USERINFO),
        password=encoded(secret, IN_USERINFO),
        host=host,
        port=None if port == PORTS[scheme] else port,
        path=path_of(path),
        query=encoded(query, IN_SPECIAL_QUERY) if mark else None,
        fragment=fragment,
    )


def _resolve(text: str, base: Address, fragment: str | None) -> Address | None:
    text = slashed(text)
    if base.host is None:
        return replace(base, fragment=fragment) if not text and fragment is not None else None
    if text.startswith("//"):
        authority, rest = _split_authority(text.lstrip("/"))
        return located(base.scheme, authority, rest, fragment)
    path, mark, query = text.partition("?")
    found = encoded(query, IN_SPECIAL_QUERY) if mark else None
    if not path:
        return replace(base, query=found if mark else base.query, fragment=fragment)
    whole = path if path.startswith("/") else base.path.rpartition("/")[0] + "/" + path
    return replace(base, path=path_of(whole), query=found, fragment=fragment)


def path_of(path: str) -> str:
    """Give a path without the steps that dots are."""
    kept: list[str] = []
    segments = path.removeprefix("/").split("/")
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        match segment.lower().replace("%2e", "."):
            case ".":
                kept += [""] if last else []
            case "..":
                kept = kept[:-1] + ([""] if last else [])
            case _:
                kept.append(encoded(segment, _IN_PATH))
    return "/" + "/".join(kept)


def host_of(host: str) -> str | None:
    """Give a host as the standard writes it; None if it is none."""
    if host.startswith("["):
        try:
            # A zone, as in `fe80::1%eth0`, is no part of an address on the web.
            return None if "%" in host else f"[{IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    host = urllib.parse.unquote(host).lower()
    if not host.isascii() or "xn--" in host:
        # Its tables are large, and few addresses need them.
        from pydo.host.js.domain import ascii_domain  # noqa: PLC0415 - as said

        domain = ascii_domain(host)
        if domain is None:
            return None
        host = domain
    if _FORBIDDEN_HOST.search(host):
        return None
    labels = host.removesuffix(".").split(".")
    return _ipv4(labels) if _NUMERIC.fullmatch(labels[-1]) else host


def _ipv4(labels: list[str]) -> str | None:
    try:
        numbers = [_ipv4_number(label) for label in labels]
    except ValueError:
        return None
    *leading, last = numbers
    if len(numbers) > 4 or any(number > 255 for number in leading):  # noqa: PLR2004 - octets
        return None
    if last >= 256 ** (5 - len(numbers)):
        return None
    total = last + sum(number << (8 * (3 - place)) for place, number in enumerate(leading))
    return str(IPv4Address(total))


def _ipv4_number(label: str) -> int:
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    return int(label, 8 if len(label) > 1 and label[0] == "0" else 10)
