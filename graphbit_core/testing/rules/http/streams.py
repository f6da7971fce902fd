"""Rules for streams: any cut, any order of reading, many at once, and a reader that leaves."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import zip_longest
from typing import Any, ClassVar

from graphbit_core.errors import DecodeError, ProviderError, StreamInterruptedError
from graphbit_core.testing.replies import Reply
from graphbit_core.testing.rules.http.network import GARBAGE, raised, spoiled
from graphbit_core.testing.rules.http.replies import Canned, HttpRules, check_same
from graphbit_core.types.http import Frame
from graphbit_core.types.messages import ChatResponse, Delta

_AT_ONCE = 24
_LONG = 2000
"""Chunks of a long stream, each padded to as many bytes."""
_EVERY_BYTE = 500
"""Up to this length a body is cut at every byte."""
_SOME = 100
"""So many places elsewhere are tried of a longer one."""
_ADDED = "event: graphbit.added.later\ndata: {}\n\n"
_LEFT = ("closed", "reset")


class StreamRules(HttpRules):
    """Rules that look at streams, and at calls beside each other."""

    patience: ClassVar[float] = 20.0
    """Seconds within which the first piece of a stream must be there."""

    def test_the_fragments_of_a_tool_call_join_to_its_arguments(self) -> None:
        if self.tools is None or not self._has_stream(self.tools):
            return
        deltas: list[Delta] = []
        answer = self.client(self._streamed(self.tools.stream)).respond(self.request, on_delta=deltas.append)
        for index, call in enumerate(answer.tool_calls):
            pieces = [d for d in deltas if d.kind == "tool_call" and d.index == index]
            assert "".join(piece.text for piece in pieces) == call.arguments
            assert pieces[0].tool_call is not None
            assert (pieces[0].tool_call.id, pieces[0].tool_call.name) == (call.id, call.name)

    def test_thoughts_are_streamed_as_reasoning(self) -> None:
        if self.reasoning is None or not self._has_stream(self.reasoning):
            return
        deltas: list[Delta] = []
        reply = self._streamed(self.reasoning.stream)
        answer = self.client(reply).respond(self.request, on_delta=deltas.append)
        thoughts = "".join(getattr(part, "text", "") for part in answer.message.content)
        spelled = "".join(delta.text for delta in deltas if delta.kind in ("reasoning", "text"))
        assert spelled == thoughts
        assert "".join(delta.text for delta in deltas if delta.kind == "text") == answer.text

    def test_a_stream_in_writes_of_one_byte_reads_the_same(self) -> None:
        for canned in self._streamed_answers():
            reply = self._streamed(canned.stream).in_pieces(1)
            check_same(self.client(reply).respond(self.request, on_delta=lambda _: None), canned.answer)

    def test_a_stream_cut_at_any_byte_is_an_error_or_the_whole_answer(self) -> None:
        for canned in self._streamed_answers():
            body = canned.stream.encode()
            results = asyncio.run(self._cut(body, _places(body)))
            complete = [at for at, result in results.items() if isinstance(result, ChatResponse)]
            for at in complete:
                check_same(results[at], canned.answer)
            # Only the line ends after the last frame may be missing from a whole answer.
            assert all(not body[at:].strip() for at in complete), complete
            for result in results.values():
                assert isinstance(result, ChatResponse | StreamInterruptedError | DecodeError), repr(result)

    def test_events_that_the_api_added_later_are_skipped(self) -> None:
        for canned in self._streamed_answers() if self._framing == "sse" else ():
            blocks = canned.stream.replace("\r\n", "\n").split("\n\n")
            body = _ADDED + "".join(block + "\n\n" + _ADDED for block in blocks[:-1])
            answer = self.client(self._streamed(body)).respond(self.request, on_delta=lambda _: None)
            check_same(answer, canned.answer)

    def test_decoders_share_nothing(self) -> None:
        codec = self._codec
        pairs = [(canned, codec.decoder()) for canned in self._streamed_answers() for _ in range(2)]
        for turn in zip_longest(*(self._frames(canned.stream) for canned, _ in pairs)):
            for frame, (_, decoder) in zip(turn, pairs, strict=True):
                if frame is not None:
                    decoder.feed(frame)
        for canned, decoder in pairs:
            check_same(decoder.finish(), canned.answer)

    def test_a_long_stream_is_not_kept(self) -> None:
        """Its text is, but not its frames."""
        if not self._streams:
            return
        decoder = self._codec.decoder()
        frames = self._frames(self.text.stream)
        pieces = 0
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for frame in frames:
                said = "".join(delta.text for delta in decoder.feed(frame))
                for _ in range(_LONG if said and not pieces else 0):
                    decoder.feed(Frame(frame.data + " " * _LONG, frame.event))
                    pieces += len(said)
            kept = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()
        assert pieces
        decoder.finish()
        assert kept < _LONG * _LONG / 4, f"{kept} bytes are kept of {_LONG * _LONG}"

    def test_garbage_in_a_stream_is_never_an_answer(self) -> None:
        for body in GARBAGE if self._streams else ():
            framed = b"data: " + body + b"\n\n" if self._framing == "sse" else body + b"\n"
            reply = Reply.stream(framed, self._content_type)
            error = raised(lambda r=reply: "".join(self.client(r).stream(self.request)))  # type: ignore[misc]
            assert isinstance(error, DecodeError | StreamInterruptedError), body

    def test_a_frame_of_another_shape_is_never_a_fault_of_the_codec(self) -> None:
        """As with whole replies: an answer, or an error of ours."""
        codec = self._codec
        for canned in self._streamed_answers():
            frames = self._frames(canned.stream)
            for at, frame in enumerate(frames):
                for data in _spoiled_data(frame.data):
                    decoder = codec.decoder()
                    try:
                        for one in (*frames[:at], Frame(data, frame.event), *frames[at + 1 :]):
                            decoder.feed(one)
                        decoder.finish()
                    except (DecodeError, ProviderError, StreamInterruptedError):
                        continue

    def test_an_error_inside_a_stream_is_a_provider_error(self) -> None:
        if self.stream_error and self._streams:
            reply = self._streamed(self.stream_error)
            error = raised(lambda: "".join(self.client(reply).stream(self.request)))
            assert isinstance(error, ProviderError)

    # --- beside each other, and left early ---

    def test_threads_and_tasks_may_share_a_client(self) -> None:
        client = self.client()

        def ask(number: int) -> ChatResponse:
            streamed: dict[str, Any] = {"on_delta": lambda _: None} if number % 2 and self._streams else {}
            answer: ChatResponse = client.respond(self.request, **streamed)
            return answer

        async def ask_all() -> list[ChatResponse]:
            return list(await asyncio.gather(*(client.respond_async(self.request) for _ in range(_AT_ONCE))))

        with ThreadPoolExecutor(8) as pool:
            for answer in [*pool.map(ask, range(_AT_ONCE)), *asyncio.run(ask_all())]:
                check_same(answer, self.text.answer)

    def test_a_reader_that_leaves_closes_the_connection(self) -> None:
        if not self._streams:
            return
        for leave in (self._leave_blocking, self._leave_async):
            before = len(self.server.peers)
            leave(self._without_end(self.text))
            assert self.server.wait(partial(self._all_left, before)), f"{leave.__name__}: still connected"

    def _all_left(self, before: int) -> bool:
        peers = self.server.peers[before:]
        return bool(peers) and all(peer.left in _LEFT for peer in peers)

    def _without_end(self, canned: Canned) -> Reply:
        reply = self._streamed(canned.stream)
        return reply.cut_body(len(reply.body) - len(b"0\r\n\r\n"), "hang")

    def _leave_blocking(self, reply: Reply) -> None:
        with self.client(reply, timeout=self.patience).stream(self.request) as stream:
            next(iter(stream))

    def _leave_async(self, reply: Reply) -> None:
        async def read() -> None:
            async for _ in self.client(reply, timeout=self.patience).stream(self.request):
                started.set()

        async def leave() -> None:
            task = asyncio.ensure_future(read())
            await asyncio.wait_for(started.wait(), self.patience)
            task.cancel()
            await asyncio.wait([task])

        started = asyncio.Event()
        asyncio.run(leave())

    async def _cut(self, body: bytes, places: Sequence[int]) -> dict[int, ChatResponse | BaseException]:
        turns = asyncio.Semaphore(32)

        async def cut(at: int) -> ChatResponse:
            reply = Reply.stream(body[:at], self._content_type, chunked=False)
            async with turns:
                answer: ChatResponse = await self.client(reply).respond_async(
                    self.request, on_delta=lambda _: None
                )
                return answer

        results = await asyncio.gather(*map(cut, places), return_exceptions=True)
        return dict(zip(places, results, strict=True))


def _places(body: bytes) -> Sequence[int]:
    """Where a body is cut: a short one at every byte, a long one at those around the ends of its lines, and
    here and there. What a decoder sees changes only with the end of a frame, and a frame ends with a line.
    """
    if len(body) <= _EVERY_BYTE:
        return range(len(body) + 1)
    ends = [at for at, byte in enumerate(body) if byte in b"\r\n"] + [0, len(body)]
    around = {at + by for at in ends for by in range(-2, 3)} | {*range(0, len(body), len(body) // _SOME)}
    return sorted(at for at in around if 0 <= at <= len(body))


def _spoiled_data(data: str) -> Iterator[str]:
    """The JSON of a frame, spoiled; nothing for a frame that is not JSON, such as ``[DONE]``."""
    try:
        value = json.loads(data)
    except ValueError:
        return
    yield from map(json.dumps, spoiled(value))
