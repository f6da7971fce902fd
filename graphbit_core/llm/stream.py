"""A streamed answer as the caller reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from graphbit_core.errors import StreamInterruptedError, ValidationError
from graphbit_core.llm.calls.exchange import SHOWN
from graphbit_core.types.messages import ChatResponse, Delta


class Run(Protocol):
    """A call in progress."""

    def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer."""
        ...

    def close(self) -> None:
        """Ends the call if it is not over."""
        ...


class AsyncRun(Protocol):
    """A call in progress, on an event loop."""

    async def receive(self) -> Sequence[Delta] | ChatResponse:
        """The next deltas or, last, the answer."""
        ...

    def close(self) -> None:
        """Ends the call if it is not over."""
        ...


class ChatStream:
    """A streamed answer, read once, with ``for`` or ``async for``: pieces of text.

    ``deltas()`` gives every piece, tool calls and reasoning too; only they can say that an answer begins anew
    (``restart=True`` of the client), which ends a stream of texts with a StreamInterruptedError. After the
    end ``response`` is the complete answer. Nothing is sent before the first piece is asked for. Leaving
    early ends the call: at once in a ``with`` (``async with``) block, else when the stream is collected.
    """

    def __init__(self, start: Callable[[], Run], start_async: Callable[[], AsyncRun]) -> None:
        self._start, self._start_async = start, start_async
        self._run: Run | AsyncRun | None = None
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
        texts: list[str] = []
        for delta in self._read():
            if self._is_shown(delta, texts):
                yield delta.text

    async def __aiter__(self) -> AsyncIterator[str]:
        texts: list[str] = []
        async for delta in self._read_async():
            if self._is_shown(delta, texts):
                yield delta.text

    def close(self) -> None:
        """Ends the call if it is not over, and closes its socket."""
        if self._run is not None:
            self._run.close()

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
        self.close()

    def _read(self) -> Iterator[Delta]:
        self._check_unread()
        self._run = run = self._start()
        try:
            while not isinstance(batch := run.receive(), ChatResponse):
                yield from batch
            self._response = batch
        finally:
            run.close()

    async def _read_async(self) -> AsyncIterator[Delta]:
        self._check_unread()
        self._run = run = self._start_async()
        try:
            while not isinstance(batch := await run.receive(), ChatResponse):
                for delta in batch:
                    yield delta
            self._response = batch
        finally:
            run.close()

    def _is_shown(self, delta: Delta, texts: list[str]) -> bool:
        """Whether it is text of the answer; ``texts`` holds what was before.

        Raises:
            StreamInterruptedError: The answer begins anew, and some of it was given already.
        """
        if delta.kind in SHOWN:
            texts.append(delta.text)
            return True
        if delta.kind == "restart" and texts:
            self.close()
            problem = "the answer began anew after some of it was handed out; read deltas(), which say so"
            raise StreamInterruptedError(problem, partial="".join(texts))
        return False

    def _check_unread(self) -> None:
        if self._run is not None:
            raise ValidationError("a stream is read once; call stream() again for another answer")


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
