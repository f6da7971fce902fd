"""The client of embedders: in this process, or behind HTTP in batches."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeGuard, cast

from graphbit_core.clock import now
from graphbit_core.contracts.embedder import HttpEmbedder, LocalEmbedder
from graphbit_core.contracts.provider import Vectors
from graphbit_core.errors import DecodeError, GraphBitError, ValidationError
from graphbit_core.host import default_host
from graphbit_core.host.arguments import settings_of
from graphbit_core.kernel.warm import warm, warm_async
from graphbit_core.llm.batch import check_concurrency, run_all, run_all_async
from graphbit_core.llm.budget import Budget
from graphbit_core.llm.calls.exchange import Observe
from graphbit_core.llm.calls.http_calls import TIMEOUT, Policy, check_timeout
from graphbit_core.llm.embeddings.api import HttpEmbed, LocalEmbed
from graphbit_core.llm.embeddings.request import EmbedRequest, Setup, Wishes, name_texts
from graphbit_core.llm.endpoints.retirement import warn_once
from graphbit_core.llm.models import ModelInfo, ModelRegistry, ModelSettings, default_registry
from graphbit_core.types.documents import Vector
from graphbit_core.types.messages import Usage

if TYPE_CHECKING:
    from graphbit_core.host import Host

_MAX_CONCURRENCY = 4


class EmbeddingClient:
    """Turns texts into vectors. Safe to share between threads and event loops; nothing needs closing.

    Args:
        embedder: ``embedder:model``, ``embedder`` for its default model, or what the registry of models
            knows: an alias, or a model's own name. For example ``openai:text-embedding-3-small``.
        host: Where embedders are found; by default everything that is installed.
        timeout: Seconds that one request may take in all, retries included; default: what the registry says
            about the model, else 600.
        policy: Bounds of a request, as for LlmClient; for embedders behind HTTP.
        limits: Limits of the account and model, as for LlmClient; for embedders behind HTTP.
        protect: Breaker and retry budget of the account, in the same way.
        registry: What names of models mean and what models cost; default: the process's.
        budget: What the client's requests may use up; several clients, also of chat models, may share one.
        settings: The embedder's settings.

    Attributes:
        name: Name of the embedder.
        model: Name of its model; empty where it has only one.

    Raises:
        ComponentNotFoundError: No embedder of that name is installed.
        ConfigError: A setting of the embedder is missing or wrong.
        ValidationError: ``timeout`` is not above 0.
    """

    def __init__(
        self,
        embedder: str,
        *,
        host: Host | None = None,
        timeout: float | None = None,
        policy: Policy | None = None,
        limits: Mapping[str, float | int] | None = None,
        protect: Mapping[str, float | int] | None = None,
        registry: ModelRegistry | None = None,
        budget: Budget | None = None,
        **settings: Any,
    ) -> None:
        check_timeout(timeout)
        host, registry = host or default_host(), registry or default_registry()
        installed = {component.name for component in host.list("embedder")}
        found = registry.resolve(embedder, installed, "embedder")
        self.name = found.provider
        known = embedder_settings(host, self.name, found.settings.provider)
        settings = {**host.configured("embedder", self.name), **known, **settings}
        if found.model:
            settings["model"] = found.model
        self._embedder: LocalEmbedder | HttpEmbedder = host.create("embedder", self.name, **settings)
        self.model = str(settings.get("model") or _default_model(host.component("embedder", self.name)))
        self._dimensions: int | None = self._embedder.dimensions
        info = found.info or registry.info(self.name, self.model)
        warn_once(info)
        name = f"{self.name}:{self.model}" if self.model else self.name
        info = info or ModelInfo(self.model, self.name)
        self.timeout = timeout or found.settings.timeout or TIMEOUT
        bounds = {"policy": policy or {}, "limits": limits or {}, "protect": protect or {}}
        api = self._open(self._embedder, found.settings.bounded(bounds))
        self._setup = Setup(name, api, info, self.timeout, budget)
        self.reset_stats()

    @property
    def dimensions(self) -> int | None:
        """Length of a vector; None where only the API knows it and nothing was embedded yet."""
        return self._dimensions

    @property
    def fingerprint(self) -> str:
        """Changes whenever vectors would."""
        return self._embedder.fingerprint

    # --- vectors ---

    def embed(self, texts: Sequence[str], **options: Any) -> list[Vector]:
        """One vector per text, in order; ``options`` and errors are those of ``embed_full``."""
        return list(self.embed_full(texts, **options).vectors)

    async def embed_async(self, texts: Sequence[str], **options: Any) -> list[Vector]:
        """As ``embed``, on the running event loop."""
        return list((await self.embed_full_async(texts, **options)).vectors)

    def embed_full(
        self,
        texts: Sequence[str],
        *,
        max_concurrency: int = _MAX_CONCURRENCY,
        deadline: float | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
    ) -> Vectors:
        """One vector per text, in order, with the tokens that all of them used.

        Texts go in as many requests as the API needs. The first one that fails ends the others, and its error
        names its texts as a slice of ``texts``.

        Args:
            texts: The texts.
            max_concurrency: Most requests at a time, at least 1.
            deadline: When all must be over, on ``time.monotonic``; ``timeout`` holds for each request.
            policy: Bounds of these requests; they go before the client's, key by key.
            observe: Told what happens to the requests, as by ``LlmClient.respond``.

        Raises:
            ValidationError: ``texts`` is not a list of texts.
            BudgetExceededError: The budget has no room for all of them; nothing was sent.
            GraphBitError: As ``LlmClient.respond``.
        """
        call = _Call(self._setup, texts, Wishes(deadline, policy, observe), max_concurrency)
        try:
            run_all(call.requests, EmbedRequest.start, call.done, max_concurrency)
        finally:
            call.close()
        return self._joined(call.found)

    async def embed_full_async(
        self,
        texts: Sequence[str],
        *,
        max_concurrency: int = _MAX_CONCURRENCY,
        deadline: float | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
    ) -> Vectors:
        """As ``embed_full``, on the running event loop; an embedder in this process gets a worker thread."""
        call = _Call(self._setup, texts, Wishes(deadline, policy, observe), max_concurrency)
        try:
            await run_all_async(call.requests, EmbedRequest.respond, call.done, max_concurrency)
        finally:
            call.close()
        return self._joined(call.found)

    @staticmethod
    def similarity(a: Vector, b: Vector) -> float:
        """The cosine of the angle between two vectors: 1 for the same direction, 0 for unrelated ones, -1.

        Raises:
            ValidationError: They differ in length, or one has no direction: all zeros, or not finite.
        """
        if len(a) != len(b):
            raise ValidationError(
                f"the vectors have {len(a)} and {len(b)} numbers; only those of one model can be compared",
                field="b",
            )
        lengths = _length("a", a), _length("b", b)
        cosine = math.fsum((x / lengths[0]) * (y / lengths[1]) for x, y in zip(a, b, strict=True))
        return max(-1.0, min(1.0, cosine))

    # --- the client itself ---

    def warmup(self, timeout: float = 10.0) -> None:
        """Connects to the API's host now, as ``LlmClient.warmup``; an embedder in this process needs nothing.

        Raises:
            TransportError: It could not be reached.
            DeadlineError: It was not reached within ``timeout`` seconds.
        """
        if _is_http(self._embedder):
            warm(self._embedder.codec().encode(["Hi"]).url, timeout)

    async def warmup_async(self, timeout: float = 10.0) -> None:
        """As ``warmup``, on the running event loop."""
        if _is_http(self._embedder):
            await warm_async(self._embedder.codec().encode(["Hi"]).url, timeout)

    def get_stats(self) -> dict[str, Any]:
        """What this client's requests came to, and the kernel's figures of its account.

        The names are those of ``LlmClient.get_stats``; a call counts once for each request that it needed.
        """
        return {**self._setup.meter.figures(now()), **self._setup.api.get_stats()}

    def reset_stats(self) -> None:
        """Counts this client's requests anew. The kernel's figures are the account's and stay."""
        self._setup.meter.reset(now())

    def __repr__(self) -> str:
        return f"EmbeddingClient({self._setup.name})"

    def __getstate__(self) -> NoReturn:
        raise TypeError("an EmbeddingClient holds a credential and cannot be pickled or copied; make another")

    def _open(
        self, embedder: LocalEmbedder | HttpEmbedder, settings: ModelSettings
    ) -> HttpEmbed | LocalEmbed:
        if _is_http(embedder):
            return HttpEmbed(
                embedder,
                provider=self.name,
                model=self.model,
                limiter=f"{embedder.resource()}:{self.model}",
                policy=settings.policy,
                limits=settings.limits,
                protect=settings.protect,
            )
        return LocalEmbed(cast("LocalEmbedder", embedder), self.name, self.model)

    def _joined(self, found: Sequence[Vectors]) -> Vectors:
        lengths = {len(one.vectors[0]) for one in found}
        if len(lengths) > 1:
            raise DecodeError(
                f"the replies to one call have vectors of different lengths, {sorted(lengths)}",
                provider=self.name,
                model=self.model,
            )
        vectors = [vector for one in found for vector in one.vectors]
        if vectors and self._dimensions is None:
            self._dimensions = len(vectors[0])
        usage = sum((one.usage for one in found), Usage())
        return Vectors(vectors, usage, next((one.model for one in found if one.model), self.model))


class _Call:
    """The requests of one call, in order, and what they bring.

    Raises:
        ValidationError: ``texts`` is not a list of texts.
        BudgetExceededError: The budget has no room for all requests.
    """

    def __init__(self, setup: Setup, texts: Sequence[str], wishes: Wishes, max_concurrency: int) -> None:
        check_concurrency(max_concurrency)
        _check(texts)
        self._texts, self._batches = texts, list(setup.api.batches(texts))
        self.found = [Vectors(())] * len(self._batches)
        self.requests: list[EmbedRequest] = []
        try:
            for batch in self._batches:
                part = texts[batch.start : batch.stop]
                self.requests.append(EmbedRequest(setup, part, wishes))
        except BaseException:
            self.close()
            raise

    def done(self, place: int, found: Vectors | GraphBitError) -> None:
        """Keeps vectors; raises an error."""
        if isinstance(found, GraphBitError):
            name_texts(found, self._batches[place], self._texts)
            raise found
        self.found[place] = found

    def close(self) -> None:
        """Ends the requests that are not over."""
        for request in self.requests:
            request.close()


def embedder_settings(host: Host, name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of a provider's settings those that the embedder of the same name takes, too."""
    known, _, open_ended = settings_of(host.component("embedder", name))
    return {key: value for key, value in settings.items() if open_ended or key in known}


def _is_http(embedder: LocalEmbedder | HttpEmbedder) -> TypeGuard[HttpEmbedder]:
    """Not by isinstance: since Python 3.12 that does not see what a plugin's wrapper has by __getattr__."""
    return hasattr(embedder, "codec")


def _default_model(component: Callable[..., Any]) -> str:
    """The model of an embedder where none is named; empty where it does not say."""
    if (named := getattr(component, "default_model", None)) is not None:
        return str(named)
    try:
        model = inspect.signature(component).parameters.get("model")
    except ValueError:  # a built-in without a signature
        return ""
    return model.default if model is not None and isinstance(model.default, str) else ""


def _check(texts: Sequence[str]) -> None:
    if isinstance(texts, str) or not isinstance(texts, Sequence):
        raise ValidationError(
            f"texts is a {type(texts).__name__}; give a list of texts, [text] for one", field="texts"
        )
    for place, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValidationError(
                f"texts[{place}] is a {type(text).__name__}; each must be text", field="texts"
            )


def _length(name: str, vector: Vector) -> float:
    length = math.hypot(*vector)
    if not 0 < length < math.inf:
        what = "is all zeros" if length == 0 else "holds numbers that are not finite, or too large"
        raise ValidationError(f"the vector {name} {what}, so it has no direction", field=name)
    return length
