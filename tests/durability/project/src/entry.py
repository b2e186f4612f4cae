"""What a kill is tried on: every number that is written is written in four places in one turn."""

import asyncio
import json
import time
from urllib.parse import parse_qs, urlsplit

from workers import DurableObject, Response, WorkerEntrypoint


class Ledger(DurableObject):
    """Numbers as pairs of keys and as pairs of rows; an alarm notes that it has rung."""

    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (side TEXT, number INTEGER)")

    async def write(self, number):
        """Write a number: half of it, then what else is ready, then the other half."""
        storage = self.ctx.storage
        await storage.put(f"left:{number}", "x" * (number % 900))
        storage.sql.exec("INSERT INTO log VALUES ('left', ?)", number)
        await asyncio.sleep(0)
        storage.sql.exec("INSERT INTO log VALUES ('right', ?)", number)
        await storage.put(f"right:{number}", "x" * (number % 900))

    async def transact(self, number):
        """Write a number in an explicit transaction that lasts for several turns."""

        async def both_halves(txn):
            await txn.put(f"left:{number}", 1)
            self.ctx.storage.sql.exec("INSERT INTO log VALUES ('left', ?)", number)
            await asyncio.sleep(0.005)
            self.ctx.storage.sql.exec("INSERT INTO log VALUES ('right', ?)", number)
            await txn.put(f"right:{number}", 1)

        await self.ctx.storage.transaction(both_halves)

    async def arm(self, delay_ms):
        """Let the alarm ring."""
        await self.ctx.storage.put("armed", 1)
        await self.ctx.storage.setAlarm(int(time.time() * 1000) + delay_ms)

    async def alarm(self):
        """Note it in both tables."""
        rung = (await self.ctx.storage.get("rung")) or 0
        await self.ctx.storage.put("rung", rung + 1)
        self.ctx.storage.sql.exec("INSERT INTO log VALUES ('rung', 0)")

    async def rung(self):
        """Whether the alarm was set; how often it has rung, by the keys and by the rows."""
        storage = self.ctx.storage
        rows = storage.sql.exec("SELECT count(*) AS n FROM log WHERE side = 'rung'")
        is_armed = bool(await storage.get("armed"))
        return [is_armed, (await storage.get("rung")) or 0, int(rows.one().n)]

    async def numbers(self):
        """Every number, by the place that it stands in."""
        found = {}
        for side in ("left", "right"):
            keys = await self.ctx.storage.list(prefix=f"{side}:")
            found[f"{side} key"] = [int(key.partition(":")[2]) for key in keys]
            rows = self.ctx.storage.sql.exec("SELECT number FROM log WHERE side = ?", side)
            found[f"{side} row"] = [int(row.number) for row in rows]
        return found


class Default(WorkerEntrypoint):
    """`/METHOD?name=NAME&argument=NUMBER` calls a method of an object."""

    async def fetch(self, request):
        address = urlsplit(request.url)
        given = {key: values[0] for key, values in parse_qs(address.query).items()}
        method = getattr(self.env.LEDGER.getByName(given["name"]), address.path[1:])
        result = await (method(int(given["argument"])) if "argument" in given else method())
        return Response(json.dumps(result))
