"""The twin of the TypeScript object: it reads what that one has stored, and writes over it."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from workers import DurableObject, Response, WorkerEntrypoint


class Notes(DurableObject):
    """Keys of every kind, a table and an alarm."""

    async def read(self):
        """Everything, as text."""
        storage = self.ctx.storage
        found = {key: shown(value) for key, value in (await storage.list()).items()}
        rows = [
            [row.id, row.body, list(bytes(row.data))]
            for row in storage.sql.exec("SELECT id, body, data FROM t")
        ]
        return json.dumps(
            {"name": self.ctx.id.name, "found": found, "rows": rows, "alarm": await storage.getAlarm()}
        )

    async def write(self, alarm):
        """Other values under the same keys, another row."""
        storage = self.ctx.storage
        await storage.put(
            {
                "text": "from pythön \U0001f600",
                "number": 2.5,
                "whole": 8,
                "nothing": None,
                "yes": False,
                "date": datetime(1970, 1, 3, tzinfo=UTC),
                "list": [1, "two", [3, {"four": 4}]],
                "object": {"a": {"b": [1, 2, 3]}},
                "bytes": b"\x01\x02\xfe",
            }
        )
        storage.sql.exec("INSERT INTO t (body, data) VALUES (?, ?)", "from python", b"\x06")
        await storage.setAlarm(alarm)

    async def alarm(self):
        """Note it."""
        await self.ctx.storage.put("rung", True)


def shown(value):
    """Text that tells one kind from another."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"bytes {list(bytes(value))}"
    return repr(value)


class Default(WorkerEntrypoint):
    """`/read` and `/write`."""

    async def fetch(self, request):
        address = urlsplit(request.url)
        given = {key: values[0] for key, values in parse_qs(address.query).items()}
        stub = self.env.NOTES.getByName(given["name"])
        if address.path == "/write":
            await stub.write(int(given["alarm"]))
            return Response("written")
        return Response(await stub.read())
