"""A counter that a Durable Object keeps, so that it survives every restart."""

from workers import DurableObject, Response, WorkerEntrypoint


class Counter(DurableObject):
    """One counter with storage of its own; each name has exactly one."""

    async def fetch(self, request):
        # No other request gets in between these two lines, so no count is lost.
        value = await self.ctx.storage.get("value") or 0
        await self.ctx.storage.put("value", value + 1)
        return Response(str(value))


class Default(WorkerEntrypoint):
    """The way in: every request arrives here and goes on to a counter."""

    async def fetch(self, request):
        name = "test"
        counter = self.env.COUNTER.getByName(name)
        response = await counter.fetch(request.url)
        return Response(f"{name}: {await response.text()}")
