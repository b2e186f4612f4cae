from __future__ import annotations

import socket

from pydo.serve.handover import Handover
from pydo.serve.server import bind


def test_what_listens_is_taken_over_with_who_waits_there() -> None:
    sockets, port = bind("127.0.0.1", 0)
    environment: dict[str, str] = {}

    left = Handover.of("127.0.0.1", port, sockets)
    for each in sockets:
        each.close()
    with socket.create_connection(("127.0.0.1", port)) as client:
        left.give(environment)
        taken = Handover.take(environment)
        assert taken is not None
        accepted, _ = taken.sockets[0].accept()
        accepted.close()
        assert client.recv(1) == b""

    assert (taken.ip, taken.port, environment) == ("127.0.0.1", port, {})
    assert taken.age_ms() >= 0
    for each in left.sockets:
        each.detach()  # one descriptor, which in another process is another's
    taken.close()


def test_nothing_left_is_nothing_taken() -> None:
    assert Handover.take({}) is None


def test_only_the_next_process_inherits() -> None:
    sockets, port = bind("127.0.0.1", 0)
    environment: dict[str, str] = {}

    left = Handover.of("127.0.0.1", port, sockets)
    was_inheritable = left.sockets[0].get_inheritable()
    left.give(environment)
    taken = Handover.take(environment)

    assert taken is not None
    assert (was_inheritable, taken.sockets[0].get_inheritable()) == (True, False)
    for each in left.sockets:
        each.detach()
    taken.close()
    for each in sockets:
        each.close()
