"""`URL` and `URLSearchParams`: the parts of the WHATWG standard that HTTP addresses need."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any, Final

from pydo.host.js.array import JsArray
from pydo.host.js.error import JsTypeError
from pydo.host.js.iterator import JsIterator
from pydo.host.js.lookup import Mapped
from pydo.host.js.text import js_string, usv
from pydo.host.js.value import JsProxy, NativeClass, iterated, jsnull

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["URL", "Address", "URLSearchParams", "normalized", "parse_address"]

_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21, "file": None}
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# An address that is as the standard would write it, which the common ones are.
_PLAIN = re.compile(
    r"https?://[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*(:[1-9]\d{3,4})?/[A-Za-z0-9/_~-]*"
)
_FORBIDDEN_HOST = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|\d+)")
_TRIMMED = "".join(map(chr, range(0x21)))

_C0: Final = {*map(chr, range(0x20)), "\x7f"}
_IN_FRAGMENT: Final = _C0 | set(' "<>`')
_IN_QUERY: Final = _C0 | set(' "#<>')
_IN_SPECIAL_QUERY: Final = _IN_QUERY | {"'"}
_IN_PATH: Final = _IN_QUERY | set("?`{}^")
_IN_USERINFO: Final = _IN_PATH | set("/:;=@[\\]^|")


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
        """The scheme and the authority; `null` for other than web addresses."""
        if self.host is None or self.scheme == "file":
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
    fragment = _encoded(behind, _IN_FRAGMENT) if hash_ else None
    found = _SCHEME.match(text)
    if found is None:
        return None if base is None else _resolve(text, base, fragment)
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme not in _PORTS:
        return _opaque(scheme, rest, fragment)
    rest = _slashed(rest)
    if base is not None and base.scheme == scheme and not rest.startswith("/"):
        return _resolve(rest, base, fragment)
    if scheme == "file":
        rest = rest.removeprefix("//")
        host, slash, path = rest.partition("/")
        return _located(scheme, host, slash + path, fragment)
    authority, rest = _split_authority(rest.lstrip("/"))
    return _located(scheme, authority, rest, fragment)


class URLClass(NativeClass):
    """`URL`'s static functions."""

    def canParse(cls, text: Any = None, base: Any = None, *_: object) -> bool:
        """Tell whether the text is an address."""
        if base is None:
            return parse_address(js_string(text)) is not None
        start = parse_address(js_string(base))
        return start is not None and parse_address(js_string(text), start) is not None


class URL(JsProxy, metaclass=URLClass):
    """An address, of which every part can be read and set."""

    __slots__ = ("__dict__", "address", "parameters")
    address: Address
    parameters: URLSearchParams | None

    def __init__(self, *arguments: Any) -> None:
        if not arguments:
            raise JsTypeError(
                "Failed to construct 'URL': constructor parameter 1 is not of type 'USVString'."
            )
        base: Address | None = None
        if len(arguments) > 1 and arguments[1] is not None:
            base = parse_address(js_string(arguments[1]))
            if base is None:
                raise JsTypeError("Invalid URL string.")
        address = parse_address(js_string(arguments[0]), base)  # pyright: ignore[reportGeneralTypeIssues] # checked above
        if address is None:
            raise JsTypeError("Invalid URL string.")
        self.address, self.parameters = address, None

    @property
    def href(self) -> str:
        """The whole address."""
        return self.address.href

    @href.setter
    def href(self, text: str) -> None:
        address = parse_address(js_string(text))
        if address is None:
            raise JsTypeError("Invalid URL string.")
        self.address, self.parameters = address, None

    @property
    def origin(self) -> str:
        """The scheme and the host."""
        return self.address.origin

    @property
    def protocol(self) -> str:
        """The scheme, with its colon."""
        return f"{self.address.scheme}:"

    @protocol.setter
    def protocol(self, text: str) -> None:
        scheme = js_string(text).partition(":")[0].lower()
        if scheme in _PORTS and self.address.scheme in _PORTS:
            port = None if self.address.port == _PORTS[scheme] else self.address.port
            self.address = replace(self.address, scheme=scheme, port=port)

    @property
    def username(self) -> str:
        """The user's name."""
        return self.address.username

    @username.setter
    def username(self, text: str) -> None:
        self.address = replace(self.address, username=_encoded(js_string(text), _IN_USERINFO))

    @property
    def password(self) -> str:
        """The user's password."""
        return self.address.password

    @password.setter
    def password(self, text: str) -> None:
        self.address = replace(self.address, password=_encoded(js_string(text), _IN_USERINFO))

    @property
    def host(self) -> str:
        """The host, with its port."""
        return self.address.authority

    @host.setter
    def host(self, text: str) -> None:
        located = _located(self.address.scheme, js_string(text), "/", None)
        if located is not None:
            self.address = replace(self.address, host=located.host, port=located.port)

    @property
    def hostname(self) -> str:
        """The host, without its port."""
        return self.address.host or ""

    @hostname.setter
    def hostname(self, text: str) -> None:
        host = _host(js_string(text))
        if host:
            self.address = replace(self.address, host=host)

    @property
    def port(self) -> str:
        """The port, empty if it is the scheme's own."""
        return "" if self.address.port is None else str(self.address.port)

    @port.setter
    def port(self, text: str) -> None:
        digits = js_string(text)
        port = int(digits) if digits.isascii() and digits.isdigit() else None
        own = _PORTS.get(self.address.scheme)
        self.address = replace(self.address, port=None if port == own else port)

    @property
    def pathname(self) -> str:
        """The path."""
        return self.address.path

    @pathname.setter
    def pathname(self, text: str) -> None:
        self.address = replace(self.address, path=_path(_slashed(js_string(text))))

    @property
    def search(self) -> str:
        """The query, with its question mark; empty if there is none."""
        return f"?{self.address.query}" if self.address.query else ""

    @search.setter
    def search(self, text: str) -> None:
        query = js_string(text).removeprefix("?")
        self.set_query(_encoded(query, _IN_SPECIAL_QUERY) if query else None)
        if self.parameters is not None:
            self.parameters.pairs = _parse_query(query)

    @property
    def hash(self) -> str:
        """The fragment, with its sign; empty if there is none."""
        return f"#{self.address.fragment}" if self.address.fragment else ""

    @hash.setter
    def hash(self, text: str) -> None:
        fragment = js_string(text).removeprefix("#")
        encoded = _encoded(fragment, _IN_FRAGMENT) if fragment else None
        self.address = replace(self.address, fragment=encoded)

    @property
    def searchParams(self) -> URLSearchParams:
        """The query's parameters; what is done to them is done to the address."""
        if self.parameters is None:
            self.parameters = URLSearchParams.new(self.search)
            self.parameters.owner = self
        return self.parameters

    def set_query(self, query: str | None) -> None:
        """Replace the query."""
        self.address = replace(self.address, query=query)

    def toString(self) -> str:
        """Give the whole address."""
        return self.href

    def toJSON(self, *_: object) -> str:
        """Give the whole address."""
        return self.href


class URLSearchParams(Mapped, metaclass=NativeClass):
    """Names with values, in the form that a query has."""

    __slots__ = ("__dict__", "owner", "pairs")
    pairs: list[tuple[str, str]]
    owner: URL | None

    def __init__(self, init: Any = None, *_: object, **named: Any) -> None:
        self.owner = None
        if init is None and named:
            self.pairs = [(name, js_string(value)) for name, value in named.items()]
        elif init is None:
            self.pairs = []
        elif isinstance(init, URLSearchParams):
            self.pairs = list(init.pairs)
        elif isinstance(init, str):
            self.pairs = _parse_query(init.removeprefix("?"))
        elif hasattr(init, "__iter__"):
            self.pairs = [_pair(pair) for pair in iterated(init)]
        elif isinstance(init, JsProxy):
            members = init.__members__
            self.pairs = [(name, usv(js_string(value))) for name, value in members.items()]
        else:
            self.pairs = _parse_query(js_string(init))

    @property
    def size(self) -> int:
        """The number of parameters."""
        return len(self.pairs)

    def get(self, name: Any = None, *_: object) -> Any:
        """Give the first value of a name; null if there is none."""
        key = js_string(name)
        return next((value for each, value in self.pairs if each == key), jsnull)

    def getAll(self, name: Any = None, *_: object) -> JsArray:
        """Give the values of a name."""
        key = js_string(name)
        return JsArray([value for each, value in self.pairs if each == key])

    def has(self, name: Any = None, value: Any = None, *_: object) -> bool:
        """Tell whether there is such a name, with that value if one is given."""
        return any(self._matches(pair, name, value) for pair in self.pairs)

    def append(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Add a value to those of a name."""
        self._replace([*self.pairs, (usv(js_string(name)), usv(js_string(value)))])

    def set(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Replace the values of a name by one, which stands where the first of them stood."""
        key, text = usv(js_string(name)), usv(js_string(value))
        kept: list[tuple[str, str]] = []
        seen = False
        for pair in self.pairs:
            if pair[0] != key:
                kept.append(pair)
            elif not seen:
                kept.append((key, text))
                seen = True
        self._replace(kept if seen else [*kept, (key, text)])

    def delete(self, name: Any = None, value: Any = None, *_: object) -> None:
        """Remove the values of a name, or the one that is given."""
        self._replace([pair for pair in self.pairs if not self._matches(pair, name, value)])

    def sort(self, *_: object) -> None:
        """Sort by name; the order of a name's values stays."""
        self._replace(sorted(self.pairs, key=lambda pair: pair[0].encode("utf-16-be")))

    def forEach(self, function: Callable[..., Any], *_: object) -> None:
        """Call `function(value, name, parameters)` for each."""
        for name, value in list(self.pairs):
            function(value, name, self)

    def entries(self, *_: object) -> JsIterator:
        """Iterate over pairs of name and value."""
        return JsIterator((JsArray(list(pair)) for pair in self.pairs), "EntryIterator")

    __js_iter__ = entries

    def toString(self) -> str:
        """Give the query, without a question mark."""
        return "&".join(f"{_form(name)}={_form(value)}" for name, value in self.pairs)

    def __iter__(self) -> Iterator[Any]:
        return JsIterator((name for name, _ in self.pairs), "KeyIterator")

    def _matches(self, pair: tuple[str, str], name: Any, value: Any) -> bool:
        return pair[0] == js_string(name) and (value is None or pair[1] == js_string(value))

    def _replace(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        if self.owner is not None:
            self.owner.set_query(self.toString() or None)


def _pair(pair: Any) -> tuple[str, str]:
    try:
        name, value = pair
    except (TypeError, ValueError):
        raise JsTypeError("Invalid URL search params sequence.") from None
    return usv(js_string(name)), usv(js_string(value))


def _parse_query(query: str) -> list[tuple[str, str]]:
    pairs = [part.partition("=") for part in usv(query).split("&") if part]
    return [(urllib.parse.unquote_plus(a), urllib.parse.unquote_plus(b)) for a, _, b in pairs]


def _form(text: str) -> str:
    return urllib.parse.quote_plus(text, safe="*-._").replace("~", "%7E")


def _encoded(text: str, escaped: set[str]) -> str:
    if text.isascii() and not escaped.intersection(text):
        return text
    parts = [
        "".join(f"%{byte:02X}" for byte in char.encode())
        if char in escaped or char > "\x7f"
        else char
        for char in text
    ]
    return "".join(parts)


def _slashed(text: str) -> str:
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
    found = _encoded(query, _IN_QUERY) if mark else None
    return Address(scheme, "", "", host, None, _encoded(path, _C0), found, fragment)


def _located(scheme: str, authority: str, rest: str, fragment: str | None) -> Address | None:
    userinfo, at, location = authority.rpartition("@")
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", location)
    if found is None:
        return None
    host = _host(found[1])
    if host is None or (not host and scheme != "file"):
        return None
    port = int(found[2]) if found[2] else None
    if port is not None and port > 0xFFFF:  # noqa: PLR2004 - 16 bits
        return None
    user, _, secret = userinfo.partition(":") if at else ("", "", "")
    path, mark, query = rest.partition("?")
    return Address(
        scheme=scheme,
        username=_encoded(user, _IN_USERINFO),
        password=_encoded(secret, _IN_USERINFO),
        host=host,
        port=None if port == _PORTS[scheme] else port,
        path=_path(path),
        query=_encoded(query, _IN_SPECIAL_QUERY) if mark else None,
        fragment=fragment,
    )


def _resolve(text: str, base: Address, fragment: str | None) -> Address | None:
    text = _slashed(text)
    if base.host is None:
        return replace(base, fragment=fragment) if not text and fragment is not None else None
    if text.startswith("//"):
        authority, rest = _split_authority(text.lstrip("/"))
        return _located(base.scheme, authority, rest, fragment)
    path, mark, query = text.partition("?")
    found = _encoded(query, _IN_SPECIAL_QUERY) if mark else None
    if not path:
        return replace(base, query=found if mark else base.query, fragment=fragment)
    whole = path if path.startswith("/") else base.path.rpartition("/")[0] + "/" + path
    return replace(base, path=_path(whole), query=found, fragment=fragment)


def _path(path: str) -> str:
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
                kept.append(_encoded(segment, _IN_PATH))
    return "/" + "/".join(kept)


def _host(host: str) -> str | None:
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host.strip('[]')).compressed}]"
        except ValueError:
            return None
    host = urllib.parse.unquote(host)
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    if _FORBIDDEN_HOST.search(host):
        return None
    host = host.lower()
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
