"""The client of embedders: in this process, or behind HTTP in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.embedder import HttpEmbedder, LocalEmbedder
from graphbit_core.contracts.provider import EmbedCodec, Vectors
from graphbit_core.errors import DecodeError, InternalError, ValidationError
from graphbit_core.host import default_host
from graphbit_core.host.arguments import settings_of
from graphbit_core.kernel.calls import CallSpec, engine
from graphbit_core.llm.drive import BlockingRun, LoopRun
from graphbit_core.llm.exchange import Dialect, Exchange, Origin
from graphbit_core.llm.redact import secrets_of
from graphbit_core.llm.worker import in_thread
from graphbit_core.types.documents import Vector
from graphbit_core.types.http import HttpResponse
from graphbit_core.types.messages import Delta

if TYPE_CHECKING:
    from graphbit_core.host import Host

_MAX_BATCH_CHARACTERS = 250_000
"""APIs bound the tokens of a request too (OpenAI: 300,000), not only the number of texts."""


class EmbeddingClient:
    """Turns texts into vectors. Safe to share between threads and event loops.

    Args:
        embedder: ``name`` or ``name:model``, for example ``openai:text-embedding-3-small``.
        host: Where embedders are found; by default everything that is installed.
        timeout: Seconds that one request may take in all, retries included; for embedders behind HTTP.
        policy: Bounds of a call, as for LlmClient.
        settings: The embedder's settings.

    Raises:
        ComponentNotFoundError: No embedder of that name is installed.
        ConfigError: A setting of the embedder is missing or wrong.
    """

    def __init__(
        self,
        embedder: str,
        *,
        host: Host | None = None,
        timeout: float = 600.0,
        policy: Mapping[str, float | int] | None = None,
        **settings: Any,
    ) -> None:
        if not timeout > 0:
            raise ValidationError(f"timeout is {timeout}; it must be above 0 seconds", field="timeout")
        name, _, model = embedder.partition(":")
        if model:
            settings["model"] = model
        self.name, self.timeout = name, timeout
        self.model = str(settings.get("model", ""))
        self._policy = dict(policy or {})
        self._embedder: LocalEmbedder | HttpEmbedder = (host or default_host()).create(
            "embedder", name, **settings
        )
        self._dimensions: int | None = self._embedder.dimensions

    @property
    def dimensions(self) -> int | None:
        """Length of a vector; None where only the API knows it and nothing was embedded yet."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors would."""
        return self._embedder.fingerprint

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector per text, in order. Raises as ``LlmClient.respond``."""
        if not isinstance(self._embedder, HttpEmbedder):
            return self._checked(self._embedder.embed(texts), len(texts))
        vectors: list[Vector] = []
        for batch in _batches(texts, self._embedder.codec().max_batch):
            run = BlockingRun(*self._prepare(self._embedder, batch))
            try:
                vectors.extend(self._checked(_vectors(run.receive()), len(batch)))
            finally:
                run.close()
        return vectors

    async def embed_async(self, texts: Sequence[str]) -> list[Vector]:
        """As ``embed``; an embedder in this process runs on a worker thread."""
        if not isinstance(self._embedder, HttpEmbedder):
            found = await in_thread(self._embedder.embed, texts)
            return self._checked(found, len(texts))
        vectors: list[Vector] = []
        for batch in _batches(texts, self._embedder.codec().max_batch):
            run = LoopRun(*self._prepare(self._embedder, batch))
            try:
                vectors.extend(self._checked(_vectors(await run.receive()), len(batch)))
            finally:
                run.close()
        return vectors

    def get_stats(self) -> dict[str, float | int | str]:
        """The kernel's figures for the account; empty for an embedder in this process."""
        if isinstance(self._embedder, HttpEmbedder):
            return engine().stats(self._embedder.resource())
        return {}

    def __repr__(self) -> str:
        return f"EmbeddingClient({self.name}:{self.model})" if self.model else f"EmbeddingClient({self.name})"

    def _prepare(self, embedder: HttpEmbedder, texts: Sequence[str]) -> tuple[CallSpec, Exchange[Vectors]]:
        codec = embedder.codec()
        http = codec.encode(texts)
        deadline = time.monotonic() + self.timeout
        spec = CallSpec(embedder.resource(), http, None, len(http.body) // 4, deadline, self._policy)
        origin = Origin(self.name, self.model, partial(secrets_of, http.url, http.headers))
        return spec, Exchange(Dialect(_counting(codec, len(texts)), codec.error), origin)

    def _checked(self, vectors: Sequence[Vector], count: int) -> list[Vector]:
        if len(vectors) != count:
            raise DecodeError(
                f"{self.name} gave {len(vectors)} vectors for {count} texts", provider=self.name
            )
        if vectors and self._dimensions is None:
            self._dimensions = len(vectors[0])
        return list(vectors)


def embedder_settings(host: Host, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of a provider's settings those that the embedder of the same name takes, too."""
    known, _, open_ended = settings_of(host.component("embedder", name))
    return {key: value for key, value in settings.items() if open_ended or key in known}


def _vectors(received: Sequence[Delta] | Vectors) -> Sequence[Vector]:
    if not isinstance(received, Vectors):
        raise InternalError("an embeddings call ended with something else than vectors")
    return received.vectors


def _counting(codec: EmbedCodec, count: int) -> Callable[[HttpResponse], Vectors]:
    """``codec.decode`` that refuses another number of vectors; a verdict, so that it is tried again."""

    def decode(response: HttpResponse) -> Vectors:
        found = codec.decode(response)
        if len(found.vectors) != count:
            raise DecodeError(f"the reply holds {len(found.vectors)} vectors for {count} texts")
        return found

    return decode


def _batches(texts: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """Consecutive runs of texts, within the number and the size that one request may have."""
    start = size = 0
    for place, text in enumerate(texts):
        if place > start and (place - start == most or size + len(text) > _MAX_BATCH_CHARACTERS):
            yield texts[start:place]
            start, size = place, 0
        size += len(text)
    if start < len(texts):
        yield texts[start:]
