"""A chat: one object for each room, and a page to talk from."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from js import Object, WebSocketPair
from pyodide.ffi import to_js
from workers import DurableObject, Response, WorkerEntrypoint

PAGE = (Path(__file__).parent / "chat.html").read_text()
REMEMBERED = 20


class ChatRoom(DurableObject):
    def __init__(self, ctx, env):
        super().__init__(ctx, env)
        self.ctx.storage.sql.exec(
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, name TEXT, text TEXT)"
        )

    async def fetch(self, request):
        if request.headers.get("Upgrade") != "websocket":
            return Response("Expected a WebSocket", status=426)
        name = parse_qs(urlsplit(request.url).query).get("name", ["nobody"])[0]
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        server.serializeAttachment(to_js({"name": name}, dict_converter=Object.fromEntries))
        for row in self._history():
            server.send(json.dumps({"name": row["name"], "text": row["text"]}))
        self._tell({"joined": name})
        return Response(None, status=101, web_socket=client)

    async def webSocketMessage(self, ws, message):
        name = ws.deserializeAttachment().name
        self.ctx.storage.sql.exec(
            "INSERT INTO messages (name, text) VALUES (?, ?)", name, message
        )
        self._tell({"name": name, "text": message})

    async def webSocketClose(self, ws, code, reason, was_clean):
        ws.close(code, reason)
        self._tell({"left": ws.deserializeAttachment().name}, besides=ws)

    async def history(self):
        """What was said last, for the page's JSON."""
        return [{"name": row["name"], "text": row["text"]} for row in self._history()]

    def _history(self):
        rows = self.ctx.storage.sql.exec(
            "SELECT name, text FROM messages ORDER BY id DESC LIMIT ?", REMEMBERED
        ).toArray()
        return reversed(rows)

    def _tell(self, message, besides=None):
        for ws in self.ctx.getWebSockets():
            if ws != besides:
                ws.send(json.dumps(message))


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        parts = urlsplit(request.url).path.strip("/").split("/")
        match parts:
            case [""]:
                return Response(PAGE, headers={"content-type": "text/html;charset=utf-8"})
            case ["rooms", room, "socket"]:
                return await self.env.ROOMS.getByName(room).fetch(request)
            case ["rooms", room]:
                return Response.json(await self.env.ROOMS.getByName(room).history())
        return Response("Not found", status=404)
