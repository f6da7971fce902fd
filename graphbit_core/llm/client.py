"""The client of chat models: blocking, async, streamed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache as cache_result, partial
from os import PathLike
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from graphbit_core.clock import now
from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.host import default_host
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.kernel.warm import warm_all, warm_all_async
from graphbit_core.llm.batch import BatchItem, run_batch, run_batch_async
from graphbit_core.llm.budget import Budget
from graphbit_core.llm.calls.exchange import Observe
from graphbit_core.llm.calls.http_calls import TIMEOUT, Policy, check_timeout
from graphbit_core.llm.conversation import Prompt, Turn, as_conversation, as_request, as_requests
from graphbit_core.llm.embeddings.client import EmbeddingClient, embedder_settings
from graphbit_core.llm.endpoints.endpoint import EndpointSpec, open_endpoints
from graphbit_core.llm.endpoints.figures import reset, stats_of
from graphbit_core.llm.endpoints.routing import Router, router_of
from graphbit_core.llm.endpoints.setup import Fits, Setup
from graphbit_core.llm.endpoints.warmup import hosts_of, unreached
from graphbit_core.llm.models import ModelRegistry, default_registry
from graphbit_core.llm.pipeline import BlockingCourse, LoopCourse
from graphbit_core.llm.redact import Hidden
from graphbit_core.llm.stream import ChatStream
from graphbit_core.llm.structured import Answers, Form
from graphbit_core.types.documents import Vector
from graphbit_core.types.messages import ChatRequest, ChatResponse, Delta

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.llm.cache import ResponseCache

__all__ = ["BatchItem", "ChatStream", "LlmClient"]

OnDelta = Callable[[Delta], None]
T = TypeVar("T")


class LlmClient:
    """Calls chat models. Safe to share between threads and event loops; nothing needs closing.

    Args:
        model: ``provider:model``, ``provider`` for its default model, or what the registry of models knows:
            an alias, or a model's own name.
        fallbacks: Who is asked when the model fails in a way that another one may mend: each
            ``provider:model``, or a mapping of ``model``, settings of its provider and, as they apply,
            ``policy``, ``limits``, ``protect``, ``weight`` and ``api_keys``.
        host: Where providers are found; by default everything that is installed.
        timeout: Seconds that one call may take in all: retries, waiting and fallbacks included; default: what
            the registry says about the model, else 600.
        policy: Bounds of a call, as ``connect_timeout``, ``first_byte_timeout``, ``idle_timeout``,
            ``attempt_timeout``, ``max_attempts``, ``max_body``; for providers behind HTTP.
        limits: Limits of the account, shared by every client of it: ``max_concurrency``,
            ``requests_per_minute``, ``tokens_per_minute``, ``queue``; for providers behind HTTP.
        protect: The breaker and the retry budget of the account, shared like ``limits``, as
            ``breaker_consecutive``, ``breaker_open``, ``slow_after``, ``retry_ratio``. All keys of these
            three, with units and defaults, are in docs/models.md.
        router: Which endpoint is asked first: ``order``, ``cheapest``, ``fastest``, ``balance``, or a
            callable, which gets the request and the endpoints that can serve it and returns those to ask.
        registry: What names of models mean and what models cost; default: the process's.
        budget: What the client's calls may use up; several clients may share one.
        cache: Answers to keep: a ResponseCache, the path of its file, or True for the user's own.
        restart: Let a call begin anew after pieces of an answer were handed out, with the same endpoint or
            another; a delta of kind ``restart`` says that they are void.
        settings: The settings of the model's provider, for example ``api_key`` and ``base_url``;
            ``api_keys`` makes one endpoint for each key.

    Attributes:
        provider: Name of the first endpoint's provider.
        model: Name of its model.
        capabilities: What at least one endpoint can do.
        endpoints: Where calls may go, in the order given.

    Raises:
        ComponentNotFoundError: No provider of that name is installed.
        ConfigError: A setting of the provider is missing or wrong.
        ValidationError: ``model``, ``timeout``, ``router`` or a fallback is not what it must be.
    """

    def __init__(
        self,
        model: str,
        *,
        fallbacks: Sequence[EndpointSpec] = (),
        host: Host | None = None,
        timeout: float | None = None,
        policy: Policy | None = None,
        limits: Mapping[str, float | int] | None = None,
        protect: Mapping[str, float | int] | None = None,
        router: str | Router = "order",
        registry: ModelRegistry | None = None,
        budget: Budget | None = None,
        cache: ResponseCache | bool | str | PathLike[str] | None = None,
        restart: bool = False,
        **settings: Any,
    ) -> None:
        check_timeout(timeout)
        if isinstance(fallbacks, str | Mapping):
            raise ValidationError("fallbacks is a list of models; put the one in a list", field="fallbacks")
        host, registry = host or default_host(), registry or default_registry()
        specs = [{**settings, "model": model}, *fallbacks]
        policy = {**({"restart_streams": 1} if restart else {}), **(policy or {})}
        bounds = {"policy": policy, "limits": limits or {}, "protect": protect or {}}
        self.endpoints, usual = open_endpoints(specs, host, registry, bounds)
        self.provider, self.model = self.endpoints[0].provider, self.endpoints[0].model
        self.capabilities = frozenset().union(*(endpoint.capabilities for endpoint in self.endpoints))
        self.timeout = timeout or usual or TIMEOUT
        if budget is not None and not isinstance(budget, Budget):
            raise ValidationError(f"budget is {budget!r}; it must be a Budget(…)", field="budget")
        first = router_of(router, now)
        self._setup = Setup(self.endpoints, self.timeout, restart=restart, budget=budget)
        if cache is not None:
            from graphbit_core.llm.cache import cache_of  # SQLite is loaded for those who keep answers only

            self._setup.cache = cache_of(cache)
        if len(self.endpoints) > 1:
            self._setup.router = first
        elif self._setup.cache is None:
            self._setup.meter = self.endpoints[0].meter
        named = Hidden({**settings, "model": model})
        self._embeddings = cache_result(partial(self._make_embedder, host, registry, policy, named))
        self.reset_stats()

    # --- whole requests ---

    def respond(
        self,
        request: ChatRequest,
        *,
        deadline: float | None = None,
        on_delta: OnDelta | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
        fits: Fits | None = None,
    ) -> ChatResponse:
        """Answers ``request``.

        Args:
            request: The request.
            deadline: When the call must be over, on ``time.monotonic``; ``timeout`` holds as well.
            on_delta: Called with each piece as it arrives, on this thread.
            policy: Bounds of this call; they go before the client's, key by key.
            observe: Told what happens to the call: a type (``llm.fallback``, ``llm.restarted``,
                ``resource.limited``, …) and its facts; at its end ``llm.answered`` with the endpoint as
                ``model``, what it cost as ``usd`` (None: not known), and ``cached``.
            fits: Whether an answer is what was wanted; others do not go into the cache, nor come from it.

        Raises:
            ValidationError: The request is wrong, or asks for what the provider cannot do.
            ProviderError: The API answered with an error.
            TransportError: No usable answer arrived.
            DeadlineError: Time ran out.
            DecodeError: The answer is not what the API promises.
        """
        wanted = on_delta is not None
        run = BlockingCourse(self._setup, request, deadline, wanted, policy, observe, fits=fits)
        try:
            while not isinstance(batch := run.receive(), ChatResponse):
                _hand_out(batch, on_delta)
            return batch
        finally:
            run.close()

    async def respond_async(
        self,
        request: ChatRequest,
        *,
        deadline: float | None = None,
        on_delta: OnDelta | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
        fits: Fits | None = None,
    ) -> ChatResponse:
        """As ``respond``, on the running event loop. Cancelling it closes the call's socket."""
        wanted = on_delta is not None
        run = LoopCourse(self._setup, request, deadline, wanted, policy, observe, fits=fits)
        try:
            while not isinstance(batch := await run.receive(), ChatResponse):
                _hand_out(batch, on_delta)
            return batch
        finally:
            run.close()

    def stream(
        self,
        prompt: Prompt,
        *,
        system: str | None = None,
        deadline: float | None = None,
        policy: Policy | None = None,
        observe: Observe | None = None,
        **options: Any,
    ) -> ChatStream:
        """Streams the answer to a prompt or a whole request; ``options`` are fields of ChatRequest."""
        request = as_request(prompt, system, options)
        return ChatStream(
            lambda: BlockingCourse(self._setup, request, deadline, True, policy, observe),
            lambda: LoopCourse(self._setup, request, deadline, True, policy, observe),
        )

    # --- prompts and conversations ---

    def complete(self, prompt: Prompt, *, system: str | None = None, **options: Any) -> str:
        """The text of the answer to ``prompt``; ``options`` are fields of ChatRequest. Raises as respond."""
        return self.complete_full(prompt, system=system, **options).text

    async def complete_async(self, prompt: Prompt, *, system: str | None = None, **options: Any) -> str:
        """As ``complete``, on the running event loop."""
        return (await self.complete_full_async(prompt, system=system, **options)).text

    def complete_full(self, prompt: Prompt, *, system: str | None = None, **options: Any) -> ChatResponse:
        """The whole answer to ``prompt``: text, tool calls, usage, finish reason."""
        return self.respond(as_request(prompt, system, options))

    async def complete_full_async(
        self, prompt: Prompt, *, system: str | None = None, **options: Any
    ) -> ChatResponse:
        """As ``complete_full``, on the running event loop."""
        return await self.respond_async(as_request(prompt, system, options))

    def chat(self, messages: Iterable[Turn], *, system: str | None = None, **options: Any) -> ChatResponse:
        """The answer to a conversation: messages, or pairs of role and text, oldest first.

        ``answer.message`` is what goes behind them for the next turn.
        """
        return self.respond(as_conversation(messages, system, options))

    async def chat_async(
        self, messages: Iterable[Turn], *, system: str | None = None, **options: Any
    ) -> ChatResponse:
        """As ``chat``, on the running event loop."""
        return await self.respond_async(as_conversation(messages, system, options))

    def complete_as(
        self, kind: type[T], prompt: Prompt, *, system: str | None = None, repairs: int = 2, **options: Any
    ) -> T:
        """The answer as an instance of ``kind``: a dataclass, TypedDict, pydantic model, or a plain type.

        Args:
            kind: What is wanted.
            prompt: What to do.
            system: Instructions.
            repairs: How often the model is told what is wrong with its answer and asked again.
            options: Fields of ChatRequest.

        Raises:
            StructuredOutputError: The last answer does not fit either; it has the text and what is wrong.
        """
        answers = Answers(Form(kind), as_request(prompt, system, options), repairs)
        while not answers.done:
            answers.read(self.respond(answers.request, fits=answers.fits))
        return answers.value

    async def complete_as_async(
        self, kind: type[T], prompt: Prompt, *, system: str | None = None, repairs: int = 2, **options: Any
    ) -> T:
        """As ``complete_as``, on the running event loop."""
        answers = Answers(Form(kind), as_request(prompt, system, options), repairs)
        while not answers.done:
            answers.read(await self.respond_async(answers.request, fits=answers.fits))
        return answers.value

    def complete_batch(
        self,
        prompts: Iterable[Prompt],
        *,
        system: str | None = None,
        max_concurrency: int = 100,
        deadline: float | None = None,
        **options: Any,
    ) -> list[BatchItem]:
        """Answers many prompts at once, in their order; what goes wrong with one is its item's ``error``.

        Args:
            prompts: What to do, each a prompt or a whole request.
            system: Instructions, for those that are prompts.
            max_concurrency: Most calls at a time. Models of this process answer one after another.
            deadline: When all must be over, on ``time.monotonic``; ``timeout`` holds for each call.
            options: Fields of ChatRequest.
        """
        setup, requests = self._setup, as_requests(prompts, system, options)

        def begin(request: ChatRequest, group: CallGroup) -> BlockingCourse:
            return BlockingCourse(setup, request, deadline, False, group=group)

        return run_batch(requests, begin, max_concurrency)

    async def complete_batch_async(
        self,
        prompts: Iterable[Prompt],
        *,
        system: str | None = None,
        max_concurrency: int = 100,
        deadline: float | None = None,
        **options: Any,
    ) -> list[BatchItem]:
        """As ``complete_batch``, on the running event loop; models of this process get threads."""
        requests = as_requests(prompts, system, options)
        return await run_batch_async(
            requests, partial(self.respond_async, deadline=deadline), max_concurrency
        )

    def embed(self, texts: Sequence[str], **options: Any) -> list[Vector]:
        """One vector per text, through the embedder that has the provider's name, with its settings.

        It has the client's timeout, policy and budget; ``options`` are those of EmbeddingClient's.

        Raises:
            ComponentNotFoundError: There is no such embedder; EmbeddingClient takes any other.
        """
        return self._embeddings().embed(texts, **options)

    async def embed_async(self, texts: Sequence[str], **options: Any) -> list[Vector]:
        """As ``embed``, on the running event loop."""
        return await self._embeddings().embed_async(texts, **options)

    # --- the client itself ---

    def warmup(self, timeout: float = 10.0) -> Mapping[str, GraphBitError]:
        """Does now what the first call would wait for: threads, name lookup, TCP and TLS.

        A HEAD request without credentials goes to the root of each host. Connections are kept for about 30
        seconds; models of this process need none.

        Args:
            timeout: Seconds that all of it may take.

        Returns:
            The endpoints that could not be reached, with the reason; empty if all is well.

        Raises:
            TransportError: None could be reached.
            DeadlineError: None was reached in time.
        """
        hosts = hosts_of(self.endpoints)
        return unreached(self.endpoints, hosts, warm_all(hosts.values(), timeout))

    async def warmup_async(self, timeout: float = 10.0) -> Mapping[str, GraphBitError]:
        """As ``warmup``, on the running event loop."""
        hosts = hosts_of(self.endpoints)
        return unreached(self.endpoints, hosts, await warm_all_async(hosts.values(), timeout))

    def get_stats(self) -> dict[str, Any]:
        """What this client's calls came to, and the kernel's figures of its accounts.

        ``total_requests``, ``successful_requests``, ``failed_requests``, ``cached_requests``,
        ``success_rate`` (0 to 1), ``average_response_time_ms``, ``input_tokens``, ``output_tokens``,
        ``uptime_seconds`` and, where it is known, ``cost`` in dollars count since the client was made or
        ``reset_stats`` was called. ``circuit_breaker_state`` (the worst, of several: ``closed``,
        ``half_open``, ``open``), ``calls``, ``failures``, ``retries``, ``in_flight`` and ``queued`` are the
        accounts', which other clients may share. ``endpoints`` has the same by endpoint and, of those behind
        HTTP, ``retry_after`` (seconds for which an open breaker refuses calls) and as ``limiter`` what holds
        for the account and model: ``in_flight``, ``queued``, ``concurrency`` (calls that may run at the same
        time now), ``paused`` (seconds for which nothing is admitted, as the API asked) and ``shed`` (calls
        turned away because the queue stood). ``cache`` has the cache's counts.
        """
        return stats_of(self._setup, now())

    def reset_stats(self) -> None:
        """Counts this client's calls anew. The kernel's figures are the account's and stay."""
        reset(self._setup, now())

    def __repr__(self) -> str:
        return f"LlmClient({', '.join(endpoint.name for endpoint in self.endpoints)})"

    def __getstate__(self) -> NoReturn:
        raise TypeError("an LlmClient holds a credential and cannot be pickled or copied; make another one")

    def _make_embedder(
        self, host: Host, registry: ModelRegistry, policy: Policy, hidden: Hidden
    ) -> EmbeddingClient:
        settings = dict(hidden.settings)
        known = registry.resolve(settings.pop("model"), [self.provider]).settings.provider
        settings = embedder_settings(host, self.provider, {**known, **settings})
        return EmbeddingClient(
            self.provider,
            host=host,
            timeout=self.timeout,
            policy=policy,
            registry=registry,
            budget=self._setup.budget,
            **settings,
        )


def _hand_out(deltas: Sequence[Delta], on_delta: OnDelta | None) -> None:
    if on_delta is not None:
        for delta in deltas:
            on_delta(delta)
