"""What a running server is asked, and by whom."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import pathlib
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest

from pydo.control import Control, ask
from pydo.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def served(file: Path, client: Callable[[], Any]) -> Any:
    """Call `client` in a thread while a server runs; what it gives."""

    def refuse(_: dict[str, Any]) -> object:
        raise StateError("not today")

    async def serve() -> Any:
        control = Control(file, {"echo": lambda request: request["what"], "refuse": refuse})
        await control.start()
        try:
            return await asyncio.to_thread(client)
        finally:
            await control.close()

    return asyncio.run(serve())


def test_a_command_is_answered(tmp_path: Path) -> None:
    file = tmp_path / "control"

    assert served(file, lambda: ask(file, "echo", what=[1, "two"])) == [1, "two"]
    assert not file.exists()


def test_only_the_owner_may_read_the_secret(tmp_path: Path) -> None:
    file = tmp_path / "control"
    file.write_text("left by a crash")
    file.chmod(0o644)

    mode = served(file, lambda: stat.S_IMODE(file.stat().st_mode))

    assert mode == 0o600


def test_who_asks_meanwhile_finds_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "control"
    file.write_text("of a server that was killed")
    seen: list[str] = []
    replace = pathlib.Path.replace

    def look_and_replace(self: Path, target: Path) -> Path:
        seen.append(file.read_text())
        return replace(self, target)

    monkeypatch.setattr(pathlib.Path, "replace", look_and_replace)
    port = served(file, lambda: json.loads(file.read_text())["port"])

    assert seen == ["of a server that was killed"]
    assert port > 0
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_was_killed_over_its_file_leaves_no_secret_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "control"

    def kill(_: Path, __: Path) -> Path:
        raise RuntimeError("killed")

    async def be_killed() -> None:
        control = Control(file, {})
        with pytest.raises(RuntimeError, match="killed"):
            await control.start()
        await control.close()

    with monkeypatch.context() as patched:
        patched.setattr(pathlib.Path, "replace", kill)
        asyncio.run(be_killed())
    assert len(list(tmp_path.iterdir())) == 1

    found = served(file, lambda: list(tmp_path.iterdir()))

    assert found == [file]


def test_a_server_serves_though_its_file_cannot_be_written(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "control"
    file.mkdir()

    assert served(file, lambda: "served") == "served"

    assert f"{file} cannot be written (Is a directory)" in caplog.text
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_disk_has_room_where_the_file_of_a_killed_server_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "control"
    file.write_text("of a server that was killed")
    open_ = os.open

    def open_if_there_is_room(path: Path, flags: int, mode: int) -> int:
        if file.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return open_(path, flags, mode)

    monkeypatch.setattr(os, "open", open_if_there_is_room)

    assert served(file, lambda: json.loads(file.read_text())["port"]) > 0


def test_whoever_does_not_know_the_secret_is_refused(tmp_path: Path) -> None:
    file, other = tmp_path / "control", tmp_path / "other"

    def client() -> None:
        port = json.loads(file.read_text())["port"]
        for secret in ("wrong", "ünknown", 5):
            other.write_text(json.dumps({"port": port, "secret": secret}))
            with pytest.raises(StateError, match="the secret is wrong"):
                ask(other, "echo", what=1)

    served(file, client)


def test_a_refusal_of_the_server_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "control"

    def client() -> None:
        with pytest.raises(StateError, match="not today"):
            ask(file, "refuse")
        with pytest.raises(StateError, match="another version of pydo"):
            ask(file, "unknown")

    served(file, client)


def test_a_server_that_is_not_there_cannot_be_asked(tmp_path: Path) -> None:
    (tmp_path / "control").write_text('{"port": 1, "secret": ""}')

    for file in (tmp_path / "control", tmp_path / "none"):
        with pytest.raises(StateError, match="cannot be asked"):
            ask(file, "echo")


def test_what_is_no_request_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "control"

    async def speak() -> bytes:
        control = Control(file, {})
        await control.start()
        port = json.loads(file.read_text())["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await reader.readline()
        writer.close()
        _, gone = await asyncio.open_connection("127.0.0.1", port)
        gone.transport.abort()
        await asyncio.sleep(0.01)
        await control.close()
        await control.close()
        return answer

    assert json.loads(asyncio.run(speak())) == {"error": "the secret is wrong"}


def test_a_mistake_of_the_servers_is_told_and_no_success(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "control"

    def client() -> object:
        with pytest.raises(StateError, match="has failed at it"):
            ask(file, "echo")  # without what it wants
        return ask(file, "echo", what="still there")

    assert served(file, client) == "still there"
    assert "KeyError" in caplog.text


@pytest.mark.parametrize("reply", [b"", b"{}\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_a_reply_that_is_none_is_no_success(tmp_path: Path, reply: bytes) -> None:
    file = tmp_path / "control"

    async def serve() -> None:
        async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(reply)
            writer.close()

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        file.write_text(json.dumps({"port": port, "secret": ""}))
        with pytest.raises(StateError, match="gives no answer"):
            await asyncio.to_thread(ask, file, "echo", what=1)
        server.close()

    asyncio.run(serve())


def test_what_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "control"

    def client() -> bytes:
        port = json.loads(file.read_text())["port"]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"[" * 500_000 + b"\n")
            return connection.makefile("rb").readline()

    assert json.loads(served(file, client)) == {"error": "the secret is wrong"}
