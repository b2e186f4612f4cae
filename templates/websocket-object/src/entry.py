"""A WebSocket between a client and a Durable Object, which counts what it hears."""

from js import WebSocketPair
from pyodide.ffi import create_proxy
from workers import DurableObject, Response, WorkerEntrypoint


class Counter(DurableObject):
    """Counts the messages of all its sockets in storage."""

    async def fetch(self, request):
        client, server = WebSocketPair.new().object_values()
        self.handle_session(server)
        return Response(None, status=101, web_socket=client)

    def handle_session(self, socket):
        print("Socket connected")
        socket.accept()

        async def on_message(event):
            value = await self.ctx.storage.get("value") or 0
            await self.ctx.storage.put("value", value + 1)
            print("Socket onmessage", event.data, value)

        socket.addEventListener("message", create_proxy(on_message))
        socket.addEventListener("close", create_proxy(lambda _: print("Socket closed")))
        socket.addEventListener("error", create_proxy(lambda _: print("Socket errored")))


class Default(WorkerEntrypoint):
    """Passes each socket on to the object."""

    async def fetch(self, request):
        if request.headers.get("Upgrade") != "websocket":
            return Response("Expected Upgrade: websocket", status=426)
        return await self.env.COUNTER.getByName("test").fetch(request)
