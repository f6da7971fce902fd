"""How texts reach an embedder: through its API's codec and the kernel, or in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from graphbit_core.contracts.embedder import HttpEmbedder, LocalEmbedder
from graphbit_core.contracts.provider import EmbedCodec, Vectors
from graphbit_core.errors import DecodeError
from graphbit_core.kernel.calls import CallGroup, CallSpec
from graphbit_core.llm.calls.drive import GroupRun, LoopRun
from graphbit_core.llm.calls.exchange import Dialect, Exchange, Observe
from graphbit_core.llm.calls.http_calls import HttpCalls, Policy
from graphbit_core.llm.calls.local_calls import BlockingLocalRun, LocalCalls, LoopLocalRun, Source, late
from graphbit_core.types.http import HttpResponse

_MAX_BATCH_CHARACTERS = 250_000
"""APIs bound the tokens of a request too (OpenAI: 300,000), not only the number of texts."""


class HttpEmbed(HttpCalls):
    """Texts go through ``embedder``'s codec; the rest is as in HttpCalls."""

    def __init__(self, embedder: HttpEmbedder, **of: Any) -> None:
        super().__init__(resource=embedder.resource(), **of)
        self._embedder = embedder

    def batches(self, texts: Sequence[str]) -> Iterator[range]:
        """The places of consecutive texts that go into one request, by their number and size."""
        most = self._embedder.codec().max_batch
        start = size = 0
        for place, text in enumerate(texts):
            if place > start and (place - start == most or size + len(text) > _MAX_BATCH_CHARACTERS):
                yield range(start, place)
                start, size = place, 0
            size += len(text)
        if texts:
            yield range(start, len(texts))

    def open(
        self,
        texts: Sequence[str],
        deadline: float,
        *,
        policy: Policy | None,
        observe: Observe | None,
        group: CallGroup,
    ) -> GroupRun[Vectors]:
        """Begins a request, as one of the group."""
        return GroupRun(group, *self._prepare(texts, deadline, policy, observe))

    def open_async(
        self, texts: Sequence[str], deadline: float, *, policy: Policy | None, observe: Observe | None
    ) -> LoopRun[Vectors]:
        """Begins a request on the running event loop."""
        return LoopRun(*self._prepare(texts, deadline, policy, observe))

    def _prepare(
        self, texts: Sequence[str], deadline: float, policy: Policy | None, observe: Observe | None
    ) -> tuple[CallSpec, Exchange[Vectors]]:
        codec = self._embedder.codec()
        http = self._encoded(partial(codec.encode, texts))
        dialect = Dialect(_counting(codec, len(texts)), codec.error)
        return self._call(http, dialect, deadline, policy=policy, observe=observe)


class LocalEmbed(LocalCalls):
    """Texts go to ``embedder``, which computes in this process."""

    def __init__(self, embedder: LocalEmbedder, provider: str, model: str) -> None:
        super().__init__(provider, model)
        self._embedder = embedder

    def batches(self, texts: Sequence[str]) -> Iterator[range]:
        """All at once."""
        if texts:
            yield range(len(texts))

    def open(
        self,
        texts: Sequence[str],
        deadline: float,
        *,
        policy: Policy | None,
        observe: Observe | None,
        group: CallGroup,
    ) -> BlockingLocalRun[Vectors]:
        """Begins the work on the calling thread; ``policy``, ``observe`` and ``group`` are for HTTP."""
        del policy, observe, group
        return BlockingLocalRun(self._counted(self._work(texts, deadline)))

    def open_async(
        self, texts: Sequence[str], deadline: float, *, policy: Policy | None, observe: Observe | None
    ) -> LoopLocalRun[Vectors]:
        """Begins the work on a worker thread."""
        del policy, observe
        return LoopLocalRun(self._counted(self._work(texts, deadline)), deadline, self._origin)

    def _work(self, texts: Sequence[str], deadline: float) -> Source[Vectors]:
        """It cannot be interrupted; what comes too late is no answer, as with calls that can be."""
        if time.monotonic() > deadline:
            raise late()
        vectors = self._embedder.embed(texts)
        if len(vectors) != len(texts):
            raise DecodeError(f"{self._origin.provider} gave {len(vectors)} vectors for {len(texts)} texts")
        if time.monotonic() > deadline:
            raise late()
        return Vectors(vectors)
        yield ()  # makes this a generator


def _counting(codec: EmbedCodec, count: int) -> Callable[[HttpResponse], Vectors]:
    """``codec.decode`` that refuses another number of vectors; a verdict, so that it is tried again."""

    def decode(response: HttpResponse) -> Vectors:
        found = codec.decode(response)
        if len(found.vectors) != count:
            raise DecodeError(f"the reply holds {len(found.vectors)} vectors for {count} texts")
        return found

    return decode
