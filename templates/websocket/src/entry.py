"""A WebSocket between a client and the Worker itself; no object is involved yet."""

from js import WebSocketPair
from pyodide.ffi import create_proxy
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    """Takes one end of a pair of sockets and gives the client the other."""

    async def fetch(self, request):
        if request.headers.get("Upgrade") != "websocket":
            return Response("Expected Upgrade: websocket", status=426)

        client, server = WebSocketPair.new().object_values()
        server.accept()
        server.addEventListener("message", create_proxy(on_message))
        return Response(None, status=101, web_socket=client)


def on_message(event):
    print(event.data)
