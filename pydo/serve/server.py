"""The listening sockets, and aiohttp's low-level server on them."""

from __future__ import annotations

import errno
import logging
import socket
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.http import HttpProcessingError

from pydo.errors import PydoError
from pydo.serve.protocol import Listener

if TYPE_CHECKING:
    from pydo.serve.http import Exchange
    from pydo.serve.sockets import Sockets

__all__ = ["AddressInUseError", "Server", "bind"]

DEFAULT_PORT = 8787
_PORTS_TRIED = 100
_SHUTDOWN_S = 0.3  # for answers that are on their way when the server ends


class AddressInUseError(PydoError):
    """Another program listens where this one was told to."""


def bind(ip: str, port: int | None) -> tuple[list[socket.socket], int]:
    """Bind `ip` (`localhost` is both loopback addresses); no port means 8787 or the next free.

    Raises:
        AddressInUseError: the port was given and is taken, or none near 8787 is free.
        PydoError: this machine has no such address.

    """
    if port is not None:
        sockets = _bind_all(ip, port)
        if sockets is None:
            raise AddressInUseError(
                f"Address already in use ({ip}:{port}). Please check that you are not already"
                " running a server on this address or specify a different port with --port."
            )
        return sockets, sockets[0].getsockname()[1]
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED):
        sockets = _bind_all(ip, candidate)
        if sockets is not None:
            return sockets, candidate
    raise AddressInUseError(
        f"Every port from {DEFAULT_PORT} to {DEFAULT_PORT + _PORTS_TRIED - 1} is in use;"
        " name a free one with --port."
    )


def _bind_all(ip: str, port: int) -> list[socket.socket] | None:
    """Bind every address of `ip`; None when the port is taken on one of them."""
    sockets: list[socket.socket] = []
    for family, address in _addresses(ip):
        try:
            # The second address of localhost gets the port that the first was given.
            sockets.append(_bind_one(family, address, port or _port_of(sockets)))
        except OSError as error:
            if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) and ip == "localhost":
                continue  # a machine without IPv6 is reached by the other address
            for bound in sockets:
                bound.close()
            if error.errno == errno.EADDRINUSE:
                return None
            raise PydoError(f"Cannot listen on {ip}:{port}: {error.strerror or error}") from None
    return sockets


def _port_of(sockets: list[socket.socket]) -> int:
    return sockets[0].getsockname()[1] if sockets else 0


def _addresses(ip: str) -> list[tuple[socket.AddressFamily, str]]:
    if ip == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    bare = ip.removeprefix("[").removesuffix("]")
    return [(socket.AF_INET6 if ":" in bare else socket.AF_INET, bare)]


def _bind_one(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_REUSEADDR"):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        # Two servers may bind one port before either listens: listening is what takes it.
        sock.listen(1024)
    except OSError:
        sock.close()
        raise
    return sock


def _logger() -> logging.Logger:
    """Give the logger of what goes wrong on the wire; a malformed request is its client's."""
    logger = logging.getLogger("pydo.serve")
    logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


class Server:
    """Serves HTTP on sockets that are bound already."""

    def __init__(self, exchange: Exchange, sockets: Sockets) -> None:
        self._sockets = sockets
        handler: Any = exchange  # its answers have what aiohttp asks of a response
        server = Listener(
            handler,
            access_log=None,
            auto_decompress=False,
            handler_cancellation=True,  # a stream that nobody reads is to end
            logger=_logger(),
        )
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)

    async def start(self, sockets: list[socket.socket]) -> None:
        """Begin to accept connections."""
        await self._runner.setup()
        for sock in sockets:
            await web.SockSite(self._runner, sock).start()

    async def close(self) -> None:
        """Stop accepting, and end the connections."""
        await self._sockets.close()
        await self._runner.cleanup()
