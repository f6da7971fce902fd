"""A streamed answer as the caller reads it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from types import TracebackType
from typing import Self

from graphbit_core.errors import ValidationError
from graphbit_core.types.messages import ChatResponse, Delta

Batches = Generator[Sequence[Delta], None, ChatResponse]
AsyncBatches = AsyncGenerator[Sequence[Delta] | ChatResponse]

SHOWN = ("text", "refusal")
"""Kinds of deltas whose texts, joined, are the text of the answer."""


class ChatStream:
    """A streamed answer, read once, with ``for`` or ``async for``: pieces of text.

    ``deltas()`` gives every piece, tool calls and reasoning too. After the end ``response`` is the
    complete answer. Nothing is sent before the first piece is asked for. Leaving early ends the call: at
    once in a ``with`` (``async with``) block, else when the stream is collected.
    """

    def __init__(self, start: Callable[[], Batches], start_async: Callable[[], AsyncBatches]) -> None:
        self._start, self._start_async = start, start_async
        self._batches: Batches | None = None
        self._async_batches: AsyncBatches | None = None
        self._response: ChatResponse | None = None

    @property
    def response(self) -> ChatResponse:
        """The complete answer. Raises ValidationError before the end of the stream."""
        if self._response is None:
            raise ValidationError("the stream has not been read to its end, so there is no response yet")
        return self._response

    def deltas(self) -> DeltaStream:
        """Every piece, for ``for`` and ``async for``."""
        return DeltaStream(self._read, self._read_async)

    def __iter__(self) -> Iterator[str]:
        return (delta.text for delta in self._read() if delta.kind in SHOWN)

    async def __aiter__(self) -> AsyncIterator[str]:
        async for delta in self._read_async():
            if delta.kind in SHOWN:
                yield delta.text

    def close(self) -> None:
        """Ends the call if it is not over, and closes its socket."""
        if self._batches is not None:
            self._batches.close()

    async def aclose(self) -> None:
        """As ``close``, for a stream read with ``async for``."""
        if self._async_batches is not None:
            await self._async_batches.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _read(self) -> Iterator[Delta]:
        self._check_unread()
        self._batches = batches = self._start()
        try:
            self._response = yield from _each(batches)
        finally:
            batches.close()

    async def _read_async(self) -> AsyncIterator[Delta]:
        self._check_unread()
        self._async_batches = batches = self._start_async()
        try:
            async for batch in batches:
                if isinstance(batch, ChatResponse):
                    self._response = batch
                    return
                for delta in batch:
                    yield delta
        finally:
            await batches.aclose()

    def _check_unread(self) -> None:
        if self._batches is not None or self._async_batches is not None:
            raise ValidationError("a stream is read once; call stream() again for another answer")


def _each(batches: Batches) -> Generator[Delta, None, ChatResponse]:
    while True:
        try:
            batch = next(batches)
        except StopIteration as end:
            answer: ChatResponse = end.value
            return answer
        yield from batch


class DeltaStream:
    """The deltas of a stream, for ``for`` and ``async for``."""

    def __init__(
        self, read: Callable[[], Iterator[Delta]], read_async: Callable[[], AsyncIterator[Delta]]
    ) -> None:
        self._read, self._read_async = read, read_async

    def __iter__(self) -> Iterator[Delta]:
        return self._read()

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self._read_async()
