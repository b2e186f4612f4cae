"""`Promise`: awaitable from Python, and settled without a detour where the answer is there.

A promise that pydo makes of a result (`resolved`) does not suspend whoever awaits it: an
operation of an object's storage lets no other event in.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, NoReturn, cast

from pydo.errors import JsException
from pydo.host.js.aggregate import AggregateError
from pydo.host.js.array import JsArray
from pydo.host.js.callback import called
from pydo.host.js.error import JsTypeError, as_error
from pydo.host.js.object import JsObject
from pydo.host.js.text import js_string
from pydo.host.js.value import JsProxy, NativeClass, cross, iterated
from pydo.host.pythonerror import as_js_rejects, python_error
from pydo.runtime.strand import pinned

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

__all__ = ["JsPromise", "rejection"]


class PromiseClass(NativeClass):
    """`Promise`, with its static functions."""

    def __call__(cls, *_: object, **__: object) -> NoReturn:
        raise JsTypeError("Promise constructor cannot be invoked without 'new'")

    def resolve(cls, value: Any = None, *_: object) -> JsPromise:
        """Give a promise of the value, or the value itself if it is a promise."""
        if isinstance(value, JsPromise):
            return value
        if inspect.iscoroutine(value):
            return JsPromise.of(as_js_rejects(value))
        if inspect.isawaitable(value):
            return JsPromise.of(value)
        inner = getattr(cast("type", type(value)), "awaitable_in", None)
        if inner is not None and (awaitable := inner(value)) is not None:
            return JsPromise.of(awaitable)
        return JsPromise.resolved(cross(value))

    def reject(cls, reason: Any = None, *_: object) -> JsPromise:
        """Give a promise that is rejected."""
        return JsPromise.rejected(rejection(reason))

    def all(cls, values: Any = None, *_: object) -> JsPromise:
        """Give a promise of an array of all results, or of the first rejection."""
        promises = [cls.resolve(value) for value in iterated(values)]

        async def gather() -> JsArray:
            return JsArray(list(await asyncio.gather(*promises)))

        return JsPromise.of(gather())

    def allSettled(cls, values: Any = None, *_: object) -> JsPromise:
        """Give a promise of an array that tells how each one ended."""
        promises = [cls.resolve(value) for value in iterated(values)]

        async def gather() -> JsArray:
            return JsArray([await _outcome(promise) for promise in promises])

        return JsPromise.of(gather())

    def any(cls, values: Any = None, *_: object) -> JsPromise:
        """Give a promise of the first result; rejected when every one of them is."""
        promises = [cls.resolve(value) for value in iterated(values)]

        async def first() -> Any:
            errors: list[BaseException] = []
            for ended in asyncio.as_completed([promise.wait() for promise in promises]):
                try:
                    return await ended
                except Exception as error:  # noqa: BLE001 - one of several
                    errors.append(error)
            raise AggregateError(errors, "All promises were rejected")

        return JsPromise.of(first())

    def withResolvers(cls, *_: object) -> JsObject:
        """Give a promise, and the functions that settle it."""
        settlers: list[Any] = []
        promise: JsPromise = JsPromise.new(
            lambda resolve, reject: settlers.extend((resolve, reject))
        )
        return JsObject({"promise": promise, "resolve": settlers[0], "reject": settlers[1]})

    def try_(cls, function: Any = None, *arguments: Any) -> JsPromise:
        """Give a promise of what a function gives or raises, which is called at once."""
        return JsPromise.new(lambda resolve, _: resolve(called(function)(*arguments)))

    def race(cls, values: Any = None, *_: object) -> JsPromise:
        """Give a promise that ends as the first of them does."""
        future = asyncio.get_running_loop().create_future()
        for promise in [cls.resolve(value) for value in iterated(values)]:
            promise.settle(future)
        return JsPromise.of(future)


class JsPromise(JsProxy, metaclass=PromiseClass, js_name="Promise"):
    """A result that is there, will be there, or an error instead of it."""

    __slots__ = ("__dict__", "error", "future", "value")
    value: Any
    error: BaseException | None
    future: asyncio.Future[Any] | None

    # Alone among proxies: in Pyodide a call gives a promise as a future of asyncio, which
    # `asyncio.gather` takes as the key of a dict.
    __hash__ = object.__hash__  # type: ignore[assignment]  # as said

    def __init__(self, executor: Any = None, *_: object) -> None:
        if not callable(executor):
            raise JsTypeError(f"Promise resolver {js_string(executor)} is not a function")
        future = asyncio.get_running_loop().create_future()
        self.value, self.error, self.future = None, None, future
        try:
            pinned(
                executor,
                lambda value=None, *_: _fulfil(future, value),
                lambda reason=None, *_: _fail(future, rejection(reason)),
            )
        except Exception as error:  # noqa: BLE001 - whatever it throws is the rejection
            _fail(future, python_error(error))

    @classmethod
    def resolved(cls, value: Any) -> JsPromise:
        """Make a promise of a result that is there; awaiting it does not suspend."""
        self: JsPromise = object.__new__(cls)
        self.value, self.error, self.future = value, None, None
        return self

    @classmethod
    def rejected(cls, error: BaseException) -> JsPromise:
        """Make a promise that raises `error` when it is awaited; it does not suspend either."""
        self: JsPromise = object.__new__(cls)
        self.value, self.error, self.future = None, error, None
        return self

    @classmethod
    def of(cls, awaitable: Awaitable[Any]) -> JsPromise:
        """Make a promise of a future, or of a coroutine, which is started at once."""
        if isinstance(awaitable, JsPromise):
            return awaitable
        self: JsPromise = object.__new__(cls)
        self.value, self.error = None, None
        self.future = asyncio.ensure_future(awaitable)
        return self

    def then(self, fulfilled: Any = None, rejected: Any = None, *_: object) -> JsPromise:
        """Give a promise of what the handler makes of the result or of the error."""
        return JsPromise.of(self._react(fulfilled, rejected))

    def catch(self, rejected: Any = None, *_: object) -> JsPromise:
        """Give a promise of what the handler makes of the error."""
        return JsPromise.of(self._react(None, rejected))

    def finally_(self, settled: Callable[[], Any], *_: object) -> JsPromise:
        """Give a promise of the same end, after `settled` was called."""
        return JsPromise.of(self._finish(settled))

    async def wait(self) -> Any:
        """Wait for it as a coroutine."""
        return await self

    def settle(self, future: asyncio.Future[Any]) -> None:
        """Let `future` end as this promise does, unless it has ended before."""
        if self.future is not None:
            self.future.add_done_callback(lambda ended: _copy(ended, future))
        elif self.error is not None:
            _fail(future, self.error)
        else:
            _fulfil(future, self.value)

    # In Pyodide a call that gives a promise gives a future of asyncio, which has these as well.

    def done(self) -> bool:
        """Tell whether there is a result or an error."""
        return self.future is None or self.future.done()

    def cancelled(self) -> bool:
        """Tell whether it was cancelled."""
        return self.future is not None and self.future.cancelled()

    def cancel(self, msg: Any = None) -> bool:
        """Cancel what waits for it; tell whether it was still to come."""
        return self._as_future().cancel(msg)

    def result(self) -> Any:
        """Give the result, or raise the error.

        Raises:
            asyncio.InvalidStateError: it is still to come.

        """
        return self._as_future().result()

    def exception(self) -> BaseException | None:
        """Give the error, or None if there is a result.

        Raises:
            asyncio.InvalidStateError: it is still to come.

        """
        return self._as_future().exception()

    def add_done_callback(self, callback: Callable[[Any], object], *, context: Any = None) -> None:
        """Call `callback` with a future when it has ended."""
        self._as_future().add_done_callback(callback, context=context)

    def remove_done_callback(self, callback: Callable[[Any], object]) -> int:
        """Forget a callback; give how often it was there."""
        return self._as_future().remove_done_callback(callback)

    def _as_future(self) -> asyncio.Future[Any]:
        if self.future is None:
            future = self.future = asyncio.get_running_loop().create_future()
            if self.error is not None:
                future.set_exception(self.error)
                future.exception()  # whoever holds the promise has it
            else:
                future.set_result(self.value)
        return self.future

    def __await__(self) -> Generator[Any, Any, Any]:
        future = self.future
        if future is None:
            if self.error is not None:
                raise self.error
            return self.value
        if not future.done():
            yield from _end_of(future)
        return future.result()

    async def _react(self, fulfilled: Any, rejected: Any) -> Any:
        try:
            result = await self
        except Exception as error:
            if not callable(rejected):
                raise
            result = rejected(as_error(error) if isinstance(error, JsException) else error)
        else:
            if callable(fulfilled):
                result = fulfilled(result)
        return await result if inspect.isawaitable(result) else cross(result)

    async def _finish(self, settled: Callable[[], Any]) -> Any:
        try:
            return await self
        finally:
            result = settled()
            if inspect.isawaitable(result):
                await result


def _end_of(future: asyncio.Future[Any]) -> Generator[Any, Any, None]:
    """Wait until `future` is done; a waiter that is cancelled leaves it alone."""
    waiter = future.get_loop().create_future()

    def wake(_: object) -> None:
        if not waiter.done():
            waiter.set_result(None)

    future.add_done_callback(wake)
    try:
        yield from waiter
    finally:
        future.remove_done_callback(wake)


def rejection(reason: Any) -> BaseException:
    """Give what Python raises for the reason of a rejection."""
    if isinstance(reason, StopIteration):  # no future takes it, as no coroutine raises it
        error = RuntimeError("a callback raised StopIteration")
        error.__cause__ = reason
        return error
    if isinstance(reason, BaseException):
        return reason
    # JavaScript can throw anything, Python cannot: the value stands in an error.
    return JsException("Error", js_string(reason))


def _fulfil(future: asyncio.Future[Any], value: Any) -> None:
    if future.done():
        return
    if inspect.isawaitable(value):
        JsPromise.resolve(value).settle(future)
    else:
        future.set_result(cross(value))


def _fail(future: asyncio.Future[Any], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _copy(ended: asyncio.Future[Any], future: asyncio.Future[Any]) -> None:
    if ended.cancelled():
        future.cancel()
        return
    error = ended.exception()
    if error is not None:
        _fail(future, error)
    elif not future.done():
        future.set_result(ended.result())


async def _outcome(promise: JsPromise) -> JsObject:
    try:
        value = await promise
    except Exception as error:  # noqa: BLE001 - it is what is told
        return JsObject({"status": "rejected", "reason": error})
    return JsObject({"status": "fulfilled", "value": value})
