"""Django on WSGI: its views are plain functions, and the polls are objects."""

from mysite.wsgi import application
from workers import DurableObject, wsgi


class Poll(DurableObject):
    async def vote(self, choice):
        votes = await self.ctx.storage.get("votes") or {}
        votes[choice] = votes.get(choice, 0) + 1
        await self.ctx.storage.put("votes", votes)
        return votes

    async def votes(self):
        return await self.ctx.storage.get("votes") or {}


Default = wsgi.entrypoint(application)
