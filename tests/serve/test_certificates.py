from __future__ import annotations

import ssl
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from pydo.serve.certificates import read_when_needed

if TYPE_CHECKING:
    from pathlib import Path

OF_AIOHTTP = """
import gc, ssl
import pydo.serve.server
contexts = [each for each in gc.get_objects() if isinstance(each, ssl.SSLContext)]
print(len(contexts) > 0, sum(each.cert_store_stats()["x509"] for each in contexts))
"""
VOUCHED_FOR = """
import asyncio, ssl, sys
from pydo.host.outgoing import Outgoing
from pydo.serve.fetcher import Fetcher

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    writer.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    writer.close()

async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[1])
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    fetcher = Fetcher("w")
    answered = await fetcher.send(Outgoing("GET", f"https://localhost:{port}/", [], None, None))
    print(answered.status)
    await fetcher.close()
    server.close()

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _the_system_knows(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.parent))


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_context_reads_them_when_a_connection_is_made() -> None:
    with read_when_needed():
        context = ssl.create_default_context()
    before = context.cert_store_stats()["x509"]
    context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")

    assert before == 0
    assert context.cert_store_stats()["x509"] == 1
    assert ssl.create_default_context().cert_store_stats()["x509"] == 1


def test_a_server_starts_without_them() -> None:
    assert run(OF_AIOHTTP) == "True 0"


def test_a_server_that_the_system_vouches_for_is_trusted(certificate: Path) -> None:
    assert run(VOUCHED_FOR, str(certificate)) == "204"
