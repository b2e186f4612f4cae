"""The Worker that is visited: it greets through another one, whose objects count the visits.

Serve both: pydo dev -c front/wrangler.toml -c greeter/wrangler.toml
"""

from urllib.parse import unquote, urlparse

from workers import Response, WorkerEntrypoint

NICKNAMES = {"Elizabeth": "Liz", "Robert": "Bob"}


class Names(WorkerEntrypoint):
    """What the greeter asks this Worker for."""

    async def nickname(self, name):
        return NICKNAMES.get(name, name)


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        name = unquote(urlparse(request.url).path[1:]) or "stranger"
        greeting = await self.env.GREETER.greet(name)
        visits = await self.env.VISITS.getByName(name).visit()
        return Response(f"{greeting} This is visit {visits}.")
