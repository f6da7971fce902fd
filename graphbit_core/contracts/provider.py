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
    """Reads one streamed answer. It has state, and no I/O."""

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
    """A chat API: requests out, responses in."""

    framing: Framing

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
    """Embeddings, in the order of the texts."""

    vectors: Sequence[Vector]
    usage: Usage = Usage()
    model: str = ""


@runtime_checkable
class EmbedCodec(Protocol):
    """An embeddings API."""

    max_batch: int

    def encode(self, texts: Sequence[str]) -> HttpRequest:
        """The request for at most ``max_batch`` texts."""
        ...

    def decode(self, response: HttpResponse) -> Vectors:
        """A 2xx reply. Raises DecodeError if it does not hold one vector per text."""
        ...

    def error(self, response: HttpResponse) -> ProviderError:
        """What a reply with a status that is not 2xx means. Returned, not raised."""
        ...


@runtime_checkable
class ChatModel(Protocol):
    """A model that is not HTTP. ``respond`` may take long; it is called on a worker thread."""

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        """Yields deltas as they arise and, last, the complete answer, whose text the deltas spell."""
        ...


@runtime_checkable
class Provider(Protocol):
    """What an entry point in ``graphbit.providers`` names: a class, made with settings as keywords.

    Settings that network providers share: ``api_key`` (a string or Secret; default: the provider's
    environment variable), ``base_url``, ``allow_insecure``. A missing key is a ConfigError that names
    the variable.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    capabilities: ClassVar[frozenset[str]]
    default_model: ClassVar[str]

    def __init__(self, **settings: Any) -> None: ...

    def chat(self, model: str) -> ChatCodec | ChatModel:
        """The chat API for ``model``. Pure: nothing is sent."""
        ...

    def resource(self) -> str:
        """Names what shares a breaker and limits: provider, base URL and a fingerprint of the key."""
        ...
