"""Turn a function that describes a call into a method that makes it, with the same signature."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from .calls.base import Call

P = ParamSpec("P")
T = TypeVar("T")


class Sender(Protocol):
    def send(self, call: Call[T]) -> T: ...


class AsyncSender(Protocol):
    async def send(self, call: Call[T]) -> T: ...


class Group:
    """The calls about one kind of object."""

    def __init__(self, client: Sender) -> None:
        self._client = client


class AsyncGroup:
    """The calls about one kind of object."""

    def __init__(self, client: AsyncSender) -> None:
        self._client = client


class Method(Generic[P, T]):
    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self.describe = describe

    def __get__(self, group: Group, owner: type[Group]) -> Callable[P, T]:
        @wraps(self.describe)
        def make(*args: P.args, **kwargs: P.kwargs) -> T:
            return group._client.send(self.describe(*args, **kwargs))

        return make


class AsyncMethod(Generic[P, T]):
    def __init__(self, describe: Callable[P, Call[T]]) -> None:
        self.describe = describe

    def __get__(self, group: AsyncGroup, owner: type[AsyncGroup]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(self.describe)
        async def make(*args: P.args, **kwargs: P.kwargs) -> T:
            return await group._client.send(self.describe(*args, **kwargs))

        return make
