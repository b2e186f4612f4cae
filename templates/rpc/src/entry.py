"""Calls from a browser or from Python to a Durable Object, over a hibernating WebSocket."""

from pathlib import Path

from handlers import Handlers
from js import WebSocketPair
from rpc import run_handlers
from workers import DurableObject, Response, WorkerEntrypoint

HERE = Path(__file__).parent
FILES = {
    "": ((HERE / "page.html").read_text(), "text/html;charset=UTF-8"),
    "rpc.js": ((HERE / "rpc.js").read_text(), "text/javascript;charset=UTF-8"),
}

# What stands for "no code" and "connection lost" on arrival cannot be sent.
NOT_SENT = {1005, 1006, 1015}


class Counter(DurableObject):
    """Answers the calls of its sockets."""

    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        return Response(None, status=101, web_socket=client)

    async def webSocketMessage(self, socket, message):
        await run_handlers(Handlers(), socket, message)

    async def webSocketClose(self, socket, code, reason, was_clean):
        # The client has closed its side; this closes ours.
        socket.close(1000 if code in NOT_SENT else code, "Durable Object is closing WebSocket")


class Default(WorkerEntrypoint):
    """Passes each socket on to the object, and serves the page and its script."""

    async def fetch(self, request):
        if request.headers.get("Upgrade") == "websocket":
            return await self.env.COUNTER.getByName("test").fetch(request)
        path = request.url.partition("://")[2].partition("/")[2]
        if path in FILES:
            text, content_type = FILES[path]
            return Response(text, headers={"content-type": content_type})
        return Response("Expected Upgrade: websocket", status=426)
