"""Where a redirection leads, and what of the request goes there.

Source: src/workerd/api/http.c++ (`handleHttpRedirectResponse`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pydo.host.js.address import Address, parse_address
from pydo.host.js.error import JsTypeError

__all__ = ["MAX_REDIRECTS", "REDIRECTS", "Hop", "next_hop", "too_many", "web_address"]

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS: Final = 20
_PERMANENT_OR_FOUND = frozenset({301, 302})
_SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Hop:
    """One request of a chain of redirections."""

    method: str
    address: Address
    headers: list[tuple[str, str]]
    has_body: bool


def web_address(url: str) -> Address:
    """Give where a request goes.

    Raises:
        JsException: a `TypeError` for what is not of the web.

    """
    address = parse_address(url)
    if address is None:
        raise JsTypeError(f"Invalid URL: {url}")
    if address.scheme not in {"http", "https"}:
        raise JsTypeError(f"Fetch API cannot load: {url}")
    return address


def next_hop(hop: Hop, status: int, location: str) -> Hop:
    """Give the request that follows a redirection.

    A 303, and a 301 or 302 to a POST, become a GET without a body; its type stays.  What
    authorizes for one host does not go to another.

    Raises:
        JsException: a `TypeError` for a place that no request can go to.

    """
    address = parse_address(location, hop.address)
    if address is None:
        raise JsTypeError("Invalid Location header; unable to follow redirect.")
    if address.scheme not in {"http", "https"}:
        raise JsTypeError(f"Fetch API cannot load: {address.href}")
    headers = hop.headers
    if address.host != hop.address.host:
        headers = [pair for pair in headers if pair[0].lower() != "authorization"]
    followed = replace(hop, address=address, headers=headers)
    is_got = (status == _SEE_OTHER and hop.method != "HEAD") or (
        status in _PERMANENT_OR_FOUND and hop.method == "POST"
    )
    return replace(followed, method="GET", has_body=False) if is_got else followed


def too_many(visited: list[str]) -> JsTypeError:
    """Make the error of a chain that does not end; the missing space is workerd's own."""
    return JsTypeError(f"Too many redirects.{', '.join(visited)}")
