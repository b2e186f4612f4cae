from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pydo.errors import PydoError
from pydo.serve.server import DEFAULT_PORT, AddressInUseError, bind

if TYPE_CHECKING:
    import socket


def close(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_localhost_is_both_loopback_addresses_on_one_port() -> None:
    sockets, port = bind("localhost", 0)

    addresses = [sock.getsockname()[:2] for sock in sockets]
    close(sockets)

    assert addresses[0] == ("127.0.0.1", port)
    assert addresses[1:] in ([("::1", port)], [])  # a machine may have no IPv6


def test_a_named_port_that_is_taken_is_refused() -> None:
    sockets, port = bind("127.0.0.1", 0)

    with pytest.raises(AddressInUseError, match=rf"Address already in use \(localhost:{port}\)"):
        bind("localhost", port)

    close(sockets)


def test_without_a_port_the_next_free_one_is_taken() -> None:
    first, first_port = bind("127.0.0.1", None)
    second, second_port = bind("127.0.0.1", None)
    close(first + second)

    assert DEFAULT_PORT <= first_port < second_port


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(PydoError, match=r"Cannot listen on 203\.0\.113\.1"):
        bind("203.0.113.1", 0)
