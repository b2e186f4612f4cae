"""What may be called.  A client that knows this class has its calls checked by type.

`run_handlers` calls plain functions as well; to a type checker only `async` ones can be awaited.
"""


class Handlers:
    async def foo(self, a: int) -> int:
        return a + 1

    async def bar(self) -> int:
        return 3

    async def panic(self) -> None:
        raise RuntimeError("panic!")
