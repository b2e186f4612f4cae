"""A WebSocket client that says exactly what a test wants on the wire, right or wrong."""

from __future__ import annotations

import os
import socket
import struct
from typing import Any

__all__ = ["EOF", "Client"]

EOF = "the connection has ended"
_TEXT, _BINARY, _CLOSE, _PING, _PONG = 1, 2, 8, 9, 10
_SHORT, _MEDIUM = 126, 127


class Client:
    """One connection, from its handshake on."""

    def __init__(  # noqa: PLR0913 - each line of the handshake may be wrong
        self,
        port: int,
        path: str = "/",
        *headers: str,
        version: int = 13,
        key: str = "AAAAAAAAAAAAAAAAAAAAAA==",
        method: str = "GET",
        connection: str = "Upgrade",
        upgrade: str = "websocket",
    ) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=15)
        self._buffer = b""
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            f"Upgrade: {upgrade}",
            f"Connection: {connection}",
            f"Sec-WebSocket-Key: {key}",
            f"Sec-WebSocket-Version: {version}",
            *headers,
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1])
        pairs = (line.partition(":") for line in rest)
        self.headers = {name.lower(): value.strip() for name, _, value in pairs}

    def body(self) -> str:
        """Give what came instead of a WebSocket."""
        return self._exactly(int(self.headers.get("content-length", 0))).decode()

    def send(self, message: str | bytes) -> None:
        """Send a message in one frame."""
        if isinstance(message, str):
            self.frame(_TEXT, message.encode())
        else:
            self.frame(_BINARY, message)

    def ask(self, message: str | bytes) -> Any:
        """Send a message, and give what comes next."""
        self.send(message)
        return self.hear()

    def close(self, code: int | None = None, reason: str = "") -> None:
        """Send a close frame."""
        self.frame(_CLOSE, b"" if code is None else struct.pack("!H", code) + reason.encode())

    def frame(self, opcode: int, content: bytes = b"", *, is_last: bool = True) -> None:
        """Send one frame."""
        self.socket.sendall(framed(opcode, content, is_last=is_last))

    def hear(self) -> Any:
        """Give the next message, `("close", code, reason)`, `("pong", bytes)`, or EOF."""
        try:
            opcode, content = self._frame()
        except (EOFError, ConnectionError):
            return EOF
        if opcode == _TEXT:
            return content.decode()
        if opcode == _CLOSE:
            code = struct.unpack("!H", content[:2])[0] if content else None
            return ("close", code, content[2:].decode())
        if opcode == _PONG:
            return ("pong", content)
        return content

    def drop(self) -> None:
        """End the connection without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def _frame(self) -> tuple[int, bytes]:
        first, length = self._exactly(2)
        if length == _SHORT:
            (length,) = struct.unpack("!H", self._exactly(2))
        elif length == _MEDIUM:
            (length,) = struct.unpack("!Q", self._exactly(8))
        return first & 15, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._receive()
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def _receive(self) -> None:
        found = self.socket.recv(1 << 20)
        if not found:
            raise EOFError
        self._buffer += found


def framed(opcode: int, content: bytes, *, is_last: bool = True) -> bytes:
    """Give one masked frame."""
    head = bytes([(0x80 if is_last else 0) | opcode])
    size = len(content)
    if size < _SHORT:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += bytes([0x80 | _SHORT]) + struct.pack("!H", size)
    else:
        head += bytes([0x80 | _MEDIUM]) + struct.pack("!Q", size)
    mask = os.urandom(4)
    pad = (mask * (size // 4 + 1))[:size]
    masked = int.from_bytes(content, "big") ^ int.from_bytes(pad, "big")
    return head + mask + masked.to_bytes(size, "big")
