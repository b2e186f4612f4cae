"""WebSockets that stay connected while their Durable Object sleeps."""

from pathlib import Path

from js import WebSocketPair
from workers import DurableObject, Response, WorkerEntrypoint

PAGE = (Path(__file__).parent / "page.html").read_text()

# What stands for "no code" and "connection lost" on arrival cannot be sent.
NOT_SENT = {1005, 1006, 1015}


class Counter(DurableObject):
    """Gives its sockets to the runtime, and leaves memory while they are silent."""

    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        return Response(None, status=101, web_socket=client)

    async def webSocketMessage(self, socket, message):
        count = len(self.ctx.getWebSockets())
        socket.send(f"[echo] {message} in {count}")

    async def webSocketClose(self, socket, code, reason, was_clean):
        # The client has closed its side; this closes ours.
        socket.close(1000 if code in NOT_SENT else code, "Durable Object is closing WebSocket")


class Default(WorkerEntrypoint):
    """Passes each socket on to the object, and serves the page at `/`."""

    async def fetch(self, request):
        if request.headers.get("Upgrade") == "websocket":
            return await self.env.COUNTER.getByName("test").fetch(request)
        if request.url.partition("://")[2].partition("/")[2] == "":
            return Response(PAGE, headers={"content-type": "text/html;charset=UTF-8"})
        return Response("Expected Upgrade: websocket", status=426)
