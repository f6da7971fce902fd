"""What bodies do that they should not: what they raise, and what they return."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

from graphbit_core import Choice, NodeError

from .causes import Own

Misdeed = Callable[[], Any]


class Speechless(Exception):
    def __str__(self) -> str:
        raise SystemExit("no words")

    __repr__ = __str__


class Secretive(Exception):
    """Cannot even say whether another attempt would help."""

    @property
    def retryable(self) -> bool:
        raise ValueError("none of your business")

    retry_after = retryable


class Impatient(Exception):
    retryable = True
    retry_after = "soon"


class Unpicklable(Exception):
    def __init__(self, one: object, two: object) -> None:
        super().__init__()
        self.lock = threading.Lock()


class OddText(Exception):
    def __str__(self) -> str:
        return "\ud800" * 3


def circle() -> Exception:
    error = ValueError("round and round")
    error.__cause__ = LookupError("again")
    error.__cause__.__cause__ = error
    return error


def _recurse() -> Any:
    return [_recurse()]


def _raiser(make: Callable[[], BaseException]) -> Misdeed:
    def body() -> Any:
        raise make()

    return body


RAISE: dict[str, Misdeed] = {
    "an exception": _raiser(lambda: ValueError("broken")),
    "a base exception": _raiser(lambda: Own("own")),
    "SystemExit": _raiser(lambda: SystemExit(3)),
    "GeneratorExit": _raiser(GeneratorExit),
    "StopIteration": _raiser(StopIteration),
    "StopAsyncIteration": _raiser(StopAsyncIteration),
    "TimeoutError": _raiser(TimeoutError),
    "an exception group": _raiser(lambda: ExceptionGroup("two", [ValueError("1"), OSError("2")])),
    "a group with a SystemExit": _raiser(lambda: BaseExceptionGroup("one", [SystemExit(1)])),
    "an error without words": _raiser(Speechless),
    "an error with broken properties": _raiser(Secretive),
    "an error with an odd delay": _raiser(Impatient),
    "an error that cannot be pickled": _raiser(lambda: Unpicklable(1, 2)),
    "an error with odd text": _raiser(OddText),
    "an error that causes itself": _raiser(circle),
    "a long error": _raiser(lambda: ValueError("x" * 1_000_000)),
    "another node's error": _raiser(lambda: NodeError("not mine", node="other")),
    "endless recursion": _recurse,
    "too much memory": lambda: bytearray(1 << 62),
    "its own cancellation": _raiser(asyncio.CancelledError),
}


class Broken:
    """Fails at whatever one asks of it."""

    def _fail(self, *_: object) -> Any:
        raise RuntimeError("broken value")

    __eq__ = __len__ = __bool__ = __iter__ = __getitem__ = __repr__ = __str__ = __contains__ = _fail
    __hash__ = None  # type: ignore[assignment]


class Masked:
    @property
    def __class__(self) -> type:  # type: ignore[override]
        raise RuntimeError("who knows")


class Nameless(type):
    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(f"do not ask for {name}")


class Unaskable(metaclass=Nameless):
    pass


class Text(str):
    def encode(self, *_: object) -> bytes:
        raise RuntimeError("not encoded")

    __len__ = __str__ = encode  # type: ignore[assignment]


class LongList(list[int]):
    """Says that it is longer than it is."""

    def __len__(self) -> int:
        return 99


class NoIterator:
    def __await__(self) -> Any:
        return 5


class BrokenAwait:
    def __await__(self) -> Iterator[Any]:
        raise RuntimeError("not to be awaited")


class BadYield:
    def __await__(self) -> Iterator[Any]:
        yield "not a future"


def deep() -> Any:
    nested: Any = []
    for _ in range(50_000):
        nested = [nested]
    return nested


def circular() -> Any:
    rows: list[Any] = []
    rows.append(rows)
    return rows


RETURN: dict[str, Misdeed] = {
    "a plain object": object,
    "a lock": threading.Lock,
    "an error": lambda: ValueError("returned"),
    "a broken value": Broken,
    "a text that cannot be encoded": lambda: Text("text"),
    "a list that lies": lambda: LongList([1, 2]),
    "a circular list": circular,
    "a deep list": deep,
    "a class": lambda: Broken,
    "an iterator": lambda: iter([1]),
    "a mapping with odd keys": lambda: {None: 1, (1, 2): {object(): 2}},
    "lone surrogates": lambda: "\ud800",
    "a set": lambda: {1, 2},
}
"""What is an output like another, however odd."""

RETURN_WRONGLY: dict[str, Misdeed] = {
    "a choice of nothing known": lambda: Choice(["nowhere"]),
    "a choice of no text": lambda: Choice([1]),  # type: ignore[list-item]
    "a value that hides its class": Masked,
    "a value whose type fails": Unaskable,
    "an awaitable without iterator": NoIterator,
    "an awaitable that raises": BrokenAwait,
    "an awaitable that yields odd things": BadYield,
}
"""What cannot be an output: the node fails."""
