"""A poll behind a page: the files of public/ are served by themselves, /api by the Worker."""

from urllib.parse import urlparse

from workers import DurableObject, Response, WorkerEntrypoint


class Poll(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.ctx.storage.sql.exec(
            "CREATE TABLE IF NOT EXISTS votes (choice TEXT PRIMARY KEY, count INTEGER NOT NULL)"
        )

    def vote(self, choice):
        self.ctx.storage.sql.exec(
            "INSERT INTO votes VALUES (?, 1) ON CONFLICT DO UPDATE SET count = count + 1", choice
        )
        return self.result()

    def result(self):
        rows = self.ctx.storage.sql.exec("SELECT choice, count FROM votes ORDER BY choice")
        return {row["choice"]: row["count"] for row in rows}


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        parts = urlparse(request.url).path.strip("/").split("/")
        if parts[0] != "api" or len(parts) not in (2, 3):
            return Response("There is nothing here.", status=404)
        poll = self.env.POLLS.getByName(parts[1])
        if request.method == "POST" and len(parts) == 3:
            return Response.json(await poll.vote(parts[2]))
        return Response.json(await poll.result())
