"""Calls the Worker from Python, while `pydo dev` runs: `PYTHONPATH=src python client.py`."""

import asyncio

from handlers import Handlers
from rpc import RpcError, create_rpc
from websockets import connect


async def main() -> None:
    async with connect("ws://localhost:8787") as socket:
        rpc = create_rpc(socket, Handlers)
        print("foo(1) =", await rpc.foo(1))
        print("bar() =", await rpc.bar())
        try:
            await rpc.panic()
        except RpcError as error:
            print("panic() failed:", error)


asyncio.run(main())
