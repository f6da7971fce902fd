"""Providers: arithmetic between our requests and a model API's bytes. No I/O, clock or randomness.

A provider offers either codecs, and then the kernel does the network, or an in-process ``ChatModel``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.errors import ProviderError
from graphbit_core.types.documents import Vector
from graphbit_core.types.http import Frame, Framing, HttpRequest, HttpResponse
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta, Usage

CAPABILITIES = frozenset(
    {"stream", "tools", "json_output", "images", "audio", "files", "reasoning", "seed", "stop", "embed"}
)
"""What a provider may declare; ``complete`` is what every provider can."""


@runtime_checkable
class StreamDecoder(Protocol):
    """Reads one streamed answer. It has state, and no I/O.

    Threads:
        One at a time, not always the same one.
    """

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas in ``frame``; empty for frames that carry none or that it does not know.

        Raises:
            ProviderError: The frame is an error of the API.
            DecodeError: The frame is not what the API promises.
        """
        ...

    def finish(self) -> ChatResponse:
        """The complete answer, once the body has ended.

        Raises:
            StreamInterruptedError: The body ended before the answer did.
        """
        ...


@runtime_checkable
class ChatCodec(Protocol):
    """A chat API: requests out, responses in.

    Threads:
        The thread that calls the model, or the event loop: from several at once, and so fast that it holds
        nobody up.
    """

    framing: Framing
    """How a streamed body is cut into frames: ``sse`` or ``ndjson``."""

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The HTTP request, with its credential.

        Raises:
            ValidationError: The API cannot express what the request asks for.
        """
        ...

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A reply with a 2xx status.

        Raises:
            ProviderError: The body is an error although the status is 2xx.
            DecodeError: The body is not what the API promises.
        """
        ...

    def decoder(self) -> StreamDecoder:
        """A fresh decoder for one streamed answer."""
        ...

    def error(self, response: HttpResponse) -> ProviderError:
        """What a reply with a status that is not 2xx means. Returned, not raised."""
        ...


@dataclass(frozen=True, slots=True)
class Vectors:
    """Embeddings.

    Attributes:
        vectors: One per text, in the order of the texts.
        usage: Tokens, as the API counts them.
        model: The model that answered; empty: the API does not say.
    """

    vectors: Sequence[Vector]
    usage: Usage = Usage()
    model: str = ""


@runtime_checkable
class EmbedCodec(Protocol):
    """An embeddings API.

    Threads:
        As a ChatCodec's.
    """

    max_batch: int
    """Most texts that one request may hold, at least 1."""

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request for at most ``max_batch`` texts, with its credential."""
        ...

    def decode(self, response: HttpResponse) -> Vectors:
        """A reply with a 2xx status.

        Raises:
            ProviderError: The body is an error although the status is 2xx.
            DecodeError: The body does not hold one vector per text.
        """
        ...

    def error(self, response: HttpResponse) -> ProviderError:
        """What a reply with a status that is not 2xx means. Returned, not raised."""
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A model that is not HTTP.

    Threads:
        The caller's thread; for callers on an event loop a worker thread. ``respond`` may take long, and is
        called from several threads at once. A call that is given up ends at its next ``yield``.
    """

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        """Yields deltas as they arise and, last, the complete answer, whose text the deltas spell."""
        ...


@runtime_checkable
class Provider(Protocol):
    """What an entry point in ``graphbit.providers`` names: a class, made with settings as keywords.

    Settings that network providers share: ``api_key`` (a string or Secret; default: the provider's
    environment variable), ``base_url``, ``allow_insecure``.

    Threads:
        Made on the thread that makes the client; its methods may be called from several at once.

    Raises:
        ConfigError: A setting is wrong, or a key is missing; the message names the variable to set.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    capabilities: ClassVar[frozenset[str]]
    """Those of ``CAPABILITIES`` that it has; a request that needs another one is refused."""
    default_model: ClassVar[str]
    """The model that is meant where users name the provider only."""

    def __init__(self, **settings: Any) -> None: ...

    def chat(self, model: str) -> ChatCodec | ChatModel:
        """The chat API for ``model``. Pure: nothing is sent."""
        ...

    def resource(self) -> str:
        """Names what shares a breaker and limits: provider, base URL and a fingerprint of the key."""
        ...
