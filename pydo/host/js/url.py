"""`URL`: an address, part by part."""

from __future__ import annotations

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
from pydo.host.js.searchparams import URLSearchParams, parse_query
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass

__all__ = ["URL"]


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
        found = located(self.address.scheme, js_string(text), "/", None)
        if found is not None:
            self.address = replace(self.address, host=found.host, port=found.port)

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
        digits = js_string(text)
        port = int(digits) if digits.isascii() and digits.isdigit() else None
        own = PORTS.get(self.address.scheme)
        self.address = replace(self.address, port=None if port == own else port)

    @property
    def pathname(self) -> str:
        """The path."""
        return self.address.path

    @pathname.setter
    def pathname(self, text: str) -> None:
        self.address = replace(self.address, path=path_of(slashed(js_string(text))))

    @property
    def search(self) -> str:
        """The query, with its question mark; empty if there is none."""
        return f"?{self.address.query}" if self.address.query else ""

    @search.setter
    def search(self, text: str) -> None:
        query = js_string(text).removeprefix("?")
        self.set_query(encoded(query, IN_SPECIAL_QUERY) if query else None)
        if self.parameters is not None:
            self.parameters.pairs = parse_query(query)

    @property
    def hash(self) -> str:
        """The fragment, with its sign; empty if there is none."""
        return f"#{self.address.fragment}" if self.address.fragment else ""

    @hash.setter
    def hash(self, text: str) -> None:
        fragment = js_string(text).removeprefix("#")
        written = encoded(fragment, IN_FRAGMENT) if fragment else None
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

    def toString(self) -> str:
        """Give the whole address."""
        return self.href

    def toJSON(self, *_: object) -> str:
        """Give the whole address."""
        return self.href
