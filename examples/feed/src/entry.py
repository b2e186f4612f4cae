"""A consumer of a feed: an object that keeps a socket to another server open.

An outgoing socket does not outlive its object, so an alarm looks after it: every few seconds it
rings, wakes the object if need be, and connects again from the last event that was seen.
"""

import json
import time

from js import WebSocket
from pyodide.ffi import create_proxy
from workers import DurableObject, Response, WorkerEntrypoint

CHECK_MS = 2000
OPEN = 1


class Feed(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.socket = None
        self.proxies = []
        self.ctx.storage.sql.exec(
            "CREATE TABLE IF NOT EXISTS posts (time INTEGER PRIMARY KEY, author TEXT, text TEXT)"
        )

    async def start(self):
        await self.alarm()

    async def stop(self):
        await self.ctx.storage.deleteAlarm()
        if self.socket is not None:
            self.socket.close(1000, "stopped")
        self.forget()

    async def alarm(self):
        if self.socket is None or self.socket.readyState > OPEN:
            await self.connect()
        await self.ctx.storage.setAlarm(int(time.time() * 1000) + CHECK_MS)

    async def connect(self):
        self.forget()
        url = self.env.FEED_URL
        seen = await self.ctx.storage.get("seen")
        if seen is not None:
            url += ("&" if "?" in url else "?") + f"cursor={seen}"
        self.socket = WebSocket.new(url)
        for event, function in (
            ("open", self.on_open),
            ("message", self.on_message),
            ("close", self.on_close),
            ("error", self.on_error),
        ):
            proxy = create_proxy(function)
            self.proxies.append(proxy)
            self.socket.addEventListener(event, proxy)

    async def on_open(self, event):
        connections = await self.ctx.storage.get("connections") or 0
        await self.ctx.storage.put("connections", connections + 1)

    async def on_message(self, event):
        post = json.loads(event.data)
        self.ctx.storage.sql.exec(
            "INSERT OR IGNORE INTO posts VALUES (?, ?, ?)",
            post["time_us"],
            post["did"],
            post["commit"]["record"]["text"],
        )
        await self.ctx.storage.put("seen", post["time_us"])

    def on_close(self, event):
        print(f"the feed has closed: {event.code} {event.reason}")
        self.socket = None

    def on_error(self, event):
        print(f"the feed has failed: {event.message}")
        self.socket = None

    def forget(self):
        proxies, self.proxies, self.socket = self.proxies, [], None
        for proxy in proxies:
            proxy.destroy()

    async def report(self):
        posts = self.ctx.storage.sql.exec("SELECT * FROM posts ORDER BY time DESC LIMIT 10")
        return {
            "is_open": self.socket is not None and self.socket.readyState == OPEN,
            "connections": await self.ctx.storage.get("connections") or 0,
            "seen": await self.ctx.storage.get("seen"),
            "posts": [dict(row) for row in posts],
        }


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        feed = self.env.FEED.getByName("the feed")
        path = request.url.rpartition("/")[2]
        if path == "start":
            await feed.start()
        elif path == "stop":
            await feed.stop()
        return Response.json(await feed.report())
