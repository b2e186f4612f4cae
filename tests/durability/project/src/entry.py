"""What a kill is tried on: every number that is written is written in five places in one turn."""

import asyncio
import json
import time
from urllib.parse import urlsplit

from workers import DurableObject, Response, WorkerEntrypoint


class Ledger(DurableObject):
    """Numbers as keys and as pairs of rows; an alarm notes that it has rung."""

    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.make_table()

    def make_table(self):
        """Make the table, where it is not there."""
        self.ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS log (side TEXT, number INTEGER)")

    async def write(self, number, size=0):
        """Write a number: half of it, then what else is ready, then the other half."""
        storage = self.ctx.storage
        await storage.put(f"left:{number}", "x" * (size or number % 900))
        storage.sql.exec("INSERT INTO log VALUES ('left', ?)", number)
        storage.kv.put(f"middle:{number}", number)
        await asyncio.sleep(0)
        storage.sql.exec("INSERT INTO log VALUES ('right', ?)", number)
        await storage.put(f"right:{number}", "x" * (size or number % 900))

    async def transact(self, number, size=0):
        """Write a number in an explicit transaction that lasts for several turns."""

        async def all_places(txn):
            await txn.put(f"left:{number}", "x" * size)
            self.ctx.storage.sql.exec("INSERT INTO log VALUES ('left', ?)", number)
            await asyncio.sleep(0.005)
            self.ctx.storage.kv.put(f"middle:{number}", number)
            self.ctx.storage.sql.exec("INSERT INTO log VALUES ('right', ?)", number)
            await txn.put(f"right:{number}", "x" * size)

        await self.ctx.storage.transaction(all_places)

    async def wipe(self, number):
        """Delete all that there is, and write a number."""
        await self.ctx.storage.deleteAll()
        self.make_table()
        await self.write(number)

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

    async def mark(self):
        """Give the bookmark of what there is."""
        return await self.ctx.storage.getCurrentBookmark()

    async def order(self, bookmark):
        """Let the next session begin with what there was at a bookmark."""
        return await self.ctx.storage.onNextSessionRestoreBookmark(bookmark)

    async def end(self):
        """End the session."""
        self.ctx.abort("ended")

    async def numbers(self):
        """Every number, by the place that it stands in."""
        found = {}
        for side in ("left", "middle", "right"):
            keys = await self.ctx.storage.list(prefix=f"{side}:")
            found[f"{side} key"] = [int(key.partition(":")[2]) for key in keys]
        for side in ("left", "right"):
            rows = self.ctx.storage.sql.exec("SELECT number FROM log WHERE side = ?", side)
            found[f"{side} row"] = [int(row.number) for row in rows]
        return found


class Default(WorkerEntrypoint):
    """`POST /METHOD/NAME` with an array of arguments calls a method of an object."""

    async def fetch(self, request):
        _, method, name = urlsplit(request.url).path.split("/")
        arguments = json.loads(await request.text())
        result = await getattr(self.env.LEDGER.getByName(name), method)(*arguments)
        return Response(json.dumps(result))
