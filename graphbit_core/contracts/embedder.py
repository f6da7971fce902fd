"""Embedders: text to vectors, either in this process or through an HTTP API's codec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.contracts.provider import EmbedCodec
from graphbit_core.types.documents import Vector


@runtime_checkable
class Embedder(Protocol):
    """Made with settings as keywords. Offers ``embed``; one over HTTP offers ``codec`` instead.

    Where there are several models, the setting ``model`` names one, and the default of that parameter is the
    embedder's; what is made by a callable that has its default elsewhere says it as ``default_model``.

    Threads:
        One instance serves a client and all its threads: its methods are called from several at once.

    Raises:
        ConfigError: A setting is wrong, or a key is missing; the message names it.
    """

    graphbit_api: ClassVar[tuple[int, int]]

    def __init__(self, **settings: Any) -> None: ...

    @property
    def dimensions(self) -> int | None:
        """Length of a vector; None until the first reply where only the API knows it."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors would; an index remembers it and is rebuilt when it differs."""
        ...


@runtime_checkable
class LocalEmbedder(Embedder, Protocol):
    """Computes vectors in this process.

    Threads:
        The caller's thread; for callers on an event loop a worker thread, as it may take long.
    """

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        """One vector per text, in order: finite numbers, ``dimensions`` of them.

        Empty text is allowed. The same text gives the same vector, whatever stands beside it.
        """
        ...


@runtime_checkable
class HttpEmbedder(Embedder, Protocol):
    """Vectors come from an API; the kernel sends what its codec writes.

    Threads:
        As a provider's.
    """

    def codec(self) -> EmbedCodec:
        """The API. Pure: nothing is sent."""
        ...

    def resource(self) -> str:
        """Names what shares a breaker and limits, as a provider's does."""
        ...
