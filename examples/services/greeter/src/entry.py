"""A Worker that only others use: an entrypoint for greetings, and objects that count visits."""

from workers import DurableObject, Response, WorkerEntrypoint


class Greeter(WorkerEntrypoint):
    async def greet(self, name):
        return f"Hello, {await self.env.NAMES.nickname(name)}!"


class Visits(DurableObject):
    async def visit(self):
        visits = (await self.ctx.storage.get("visits") or 0) + 1
        await self.ctx.storage.put("visits", visits)
        return visits


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("Nobody visits me.", status=404)
