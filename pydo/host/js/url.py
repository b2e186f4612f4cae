"""`URL`: an address, part by part."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pydo.host.js.address import (
    IN_FRAGMENT,
    IN_SPECIAL_QUERY,
    IN_USERINFO,
    PORTS,
    Address,
    encoded,
    host_of,
    located,
    parse_address,
    path_of,
    slashed,
)
from pydo.host.js.error import JsTypeError
from pydo.host.js.jsg import refused
from pydo.host.js.searchparams import URLSearchParams, parse_query
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass, jsnull

__all__ = ["URL"]

_PORT = re.compile(r":\d+$")
_DIGITS = re.compile(r"[0-9]+")
_MAX_PORT = 0xFFFF


class URLClass(NativeClass):
    """`URL`'s static functions."""

    def canParse(cls, *given: Any) -> bool:
        """Tell whether the text is an address.

        Raises:
            JsException: a `TypeError` without a text.

        """
        return bool(_read(cls, "canParse", given))

    def parse(cls, *given: Any) -> Any:
        """Read an address; null if the text is none.

        Raises:
            JsException: a `TypeError` without a text.

        """
        address = _read(cls, "parse", given)
        return URL.of(address) if address else jsnull


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

    @classmethod
    def of(cls, address: Address) -> URL:
        """Make the object of an address."""
        self: URL = object.__new__(cls)
        self.address, self.parameters = address, None
        return self

    @property
    def href(self) -> str:
        """The whole address."""
        return self.address.href

    @href.setter
    def href(self, text: str) -> None:
        address = parse_address(js_string(text))
        if address is None:
            raise JsTypeError(
                "Failed to set the 'href' property on 'URL': the provided value is not of type "
                "'valid URL string'."
            )
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
        if scheme in PORTS and self.address.scheme in PORTS:
            port = None if self.address.port == PORTS[scheme] else self.address.port
            self.address = replace(self.address, scheme=scheme, port=port)

    @property
    def username(self) -> str:
        """The user's name."""
        return self.address.username

    @username.setter
    def username(self, text: str) -> None:
        self.address = replace(self.address, username=encoded(js_string(text), IN_USERINFO))

    @property
    def password(self) -> str:
        """The user's password."""
        return self.address.password

    @password.setter
    def password(self, text: str) -> None:
        self.address = replace(self.address, password=encoded(js_string(text), IN_USERINFO))

    @property
    def host(self) -> str:
        """The host, with its port."""
        return self.address.authority

    @host.setter
    def host(self, text: str) -> None:
        if self.address.scheme not in PORTS:
            return
        given = js_string(text)
        found = located(self.address.scheme, given, "/", None)
        if found is not None:
            port = found.port if _PORT.search(given) else self.address.port
            self.address = replace(self.address, host=found.host, port=port)

    @property
    def hostname(self) -> str:
        """The host, without its port."""
        return self.address.host or ""

    @hostname.setter
    def hostname(self, text: str) -> None:
        host = host_of(js_string(text))
        if host:
            self.address = replace(self.address, host=host)

    @property
    def port(self) -> str:
        """The port, empty if it is the scheme's own."""
        return "" if self.address.port is None else str(self.address.port)

    @port.setter
    def port(self, text: str) -> None:
        given = js_string(text)
        found = _DIGITS.match(given)
        port = int(found[0]) if found else None
        if (port is None and given) or (port or 0) > _MAX_PORT:
            return
        own = PORTS.get(self.address.scheme)
        self.address = replace(self.address, port=None if port == own else port)

    @property
    def pathname(self) -> str:
        """The path."""
        return self.address.path

    @pathname.setter
    def pathname(self, text: str) -> None:
        if self.address.host is not None:
            self.address = replace(self.address, path=path_of(slashed(js_string(text))))

    @property
    def search(self) -> str:
        """The query, with its question mark; empty if there is none."""
        return f"?{self.address.query}" if self.address.query else ""

    @search.setter
    def search(self, text: str) -> None:
        given = js_string(text)
        query = given.removeprefix("?")
        self.set_query(encoded(query, IN_SPECIAL_QUERY) if given else None)
        if self.parameters is not None:
            self.parameters.pairs = parse_query(query)

    @property
    def hash(self) -> str:
        """The fragment, with its sign; empty if there is none."""
        return f"#{self.address.fragment}" if self.address.fragment else ""

    @hash.setter
    def hash(self, text: str) -> None:
        given = js_string(text)
        written = encoded(given.removeprefix("#"), IN_FRAGMENT) if given else None
        self.address = replace(self.address, fragment=written)

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

    def toString(self, *_: object) -> str:
        """Give the whole address."""
        return self.href

    def toJSON(self, *_: object) -> str:
        """Give the whole address."""
        return self.href


def _read(cls: type, method: str, given: tuple[Any, ...]) -> Address | None:
    if not given:
        raise refused(cls, method, 1, "USVString")
    text, base, *_ = (*given, None)
    if base is None:
        return parse_address(js_string(text))
    start = parse_address(js_string(base))
    return None if start is None else parse_address(js_string(text), start)
