"""Asks a running server to do what it alone may do while it holds the state directory.

A server listens on the loopback device and says where in the file `control` of the directory, with
a secret: who may read that file may ask.  A browser cannot, whatever page is open in it.

    {"secret": …, "command": "restore", …}      one line each way, as JSON, then the end
    {"answer": …} or {"error": "what is wrong"}
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from pydo.errors import PydoError, StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["Control", "ask"]

logger = logging.getLogger("pydo.control")

_HOST = "127.0.0.1"
_PATIENCE_S = 30.0  # a server may be in the middle of a turn
_LONGEST = 1 << 20  # bytes of a line

Request = dict[str, Any]


class Control:
    """The server's side: commands by their names, each given the request as it came."""

    def __init__(self, file: Path, commands: Mapping[str, Callable[[Request], object]]) -> None:
        self._file = file
        self._commands = commands
        self._secret = secrets.token_urlsafe(32)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, and say where; that nobody can be told of it is no reason not to serve."""
        self._server = await asyncio.start_server(self._serve, _HOST, 0, limit=_LONGEST)
        port = self._server.sockets[0].getsockname()[1]
        try:
            self._tell(json.dumps({"port": port, "secret": self._secret}).encode())
        except OSError as error:
            logger.warning(
                "%s cannot be written (%s): `pydo time-travel` cannot ask this server",
                self._file,
                error.strerror,
            )

    def _tell(self, where: bytes) -> None:
        try:
            _write_for_owner(self._file, where)
        except OSError:
            # On a full disk there is room for it where the file of a killed server was.
            self._file.unlink(missing_ok=True)
            _write_for_owner(self._file, where)

    async def close(self) -> None:
        """Listen no longer."""
        if self._server is not None:
            with suppress(OSError):
                self._file.unlink()
            self._server.close()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                line = await reader.readline()
            writer.write(json.dumps(self._answer(line)).encode() + b"\n")
            await writer.drain()
        except (OSError, TimeoutError, ValueError):
            return  # who asked is gone, or does not speak this
        finally:
            writer.close()

    def _answer(self, line: bytes) -> dict[str, object]:
        request = _parsed(line)
        secret = str(request.get("secret", "")).encode()
        if not secrets.compare_digest(secret, self._secret.encode()):
            return {"error": "the secret is wrong"}
        command = self._commands.get(str(request.get("command")))
        if command is None:
            return {"error": "the server is of another version of pydo: restart it"}
        try:
            return {"answer": command(request)}
        except PydoError as error:
            return {"error": str(error)}
        except Exception:  # whoever asked is told, and the server goes on
            logger.exception("%s cannot be done", request["command"])
            return {"error": "the server has failed at it; what it has written says why"}


def _write_for_owner(file: Path, data: bytes) -> None:
    """Give a file this content at once: who reads it finds all of it, or what was there."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.unlink(missing_ok=True)  # of a server that was killed just then
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(data)
        draft.replace(file)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def ask(file: Path, command: str, **fields: object) -> Any:
    """Ask the server that has written `file`; its answer.

    Raises:
        StateError: it cannot be asked, or says no.

    """
    try:
        where = _parsed(file.read_bytes())
        request = {"secret": where["secret"], "command": command, **fields}
        with socket.create_connection((_HOST, int(where["port"])), _PATIENCE_S) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            reply = _parsed(connection.makefile("rb").readline())
    except (OSError, KeyError, ValueError) as error:
        raise StateError(
            f"the server that holds {file.parent.parent} cannot be asked ({error}): stop it, and"
            " try again"
        ) from error
    if "answer" not in reply:
        raise StateError(str(reply.get("error", f"{_HOST}:{where['port']} gives no answer")))
    return reply["answer"]


def _parsed(line: bytes) -> Request:
    with suppress(ValueError, RecursionError):  # the latter for what is nested too deeply
        found = json.loads(line)
        if isinstance(found, dict):
            return cast("Request", found)
    return {}
