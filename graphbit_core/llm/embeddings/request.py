"""One request for vectors: what it may use up, what it came to, and who is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_core.clock import now
from graphbit_core.contracts.provider import Vectors
from graphbit_core.errors import BadRequestError, GraphBitError
from graphbit_core.kernel.calls import CallGroup
from graphbit_core.llm.budget import Budget, Reservation, reserve
from graphbit_core.llm.calls.exchange import Observe
from graphbit_core.llm.calls.http_calls import Policy
from graphbit_core.llm.embeddings.api import HttpEmbed, LocalEmbed
from graphbit_core.llm.endpoints.meter import Meter
from graphbit_core.llm.models import ModelInfo
from graphbit_core.llm.tokens import estimate_texts
from graphbit_core.types.messages import Delta, Usage


@dataclass(slots=True)
class Setup:
    """What every request of one client shares.

    Attributes:
        name: ``provider:model``.
        api: Where texts go.
        info: What is known about the model; of one nobody knows, its name.
        timeout: Seconds that one request may take in all.
        budget: What requests may use up; None: whatever they do.
        meter: What the client's requests came to.
    """

    name: str
    api: HttpEmbed | LocalEmbed
    info: ModelInfo
    timeout: float
    budget: Budget | None = None
    meter: Meter = field(default_factory=Meter)

    def cost(self, usage: Usage) -> float | None:
        """US dollars for ``usage``; what this process computes is billed by nobody."""
        return 0.0 if isinstance(self.api, LocalEmbed) else self.info.cost(usage)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the caller says about one call; see ``EmbeddingClient.embed_full``."""

    deadline: float | None = None
    policy: Policy | None = None
    observe: Observe | None = None


class EmbedRequest:
    """The texts of one request. What it may use up is reserved when it is made. Close it, whatever happened.

    Raises:
        BudgetExceededError: The budget has no room for it.
    """

    __slots__ = ("_began", "_going", "_reservation", "_run", "_setup", "_texts", "_wishes")

    def __init__(self, setup: Setup, texts: Sequence[str], wishes: Wishes) -> None:
        self._setup, self._texts, self._wishes = setup, texts, wishes
        self._began = 0.0
        self._going = False
        self._run: Any = None  # of the API
        self._reservation: Reservation | None = None
        if setup.budget is not None:
            tokens = estimate_texts(texts, setup.info)
            cost = setup.cost(Usage(tokens))
            self._reservation = reserve(setup.budget, tokens, cost, setup.name, wishes.observe)

    def start(self, group: CallGroup) -> EmbedRequest:
        """Begins it for a blocking caller, as one of the group."""
        try:
            self._run = self._setup.api.open(
                self._texts,
                self._begin(),
                policy=self._wishes.policy,
                observe=self._wishes.observe,
                group=group,
            )
        except GraphBitError as error:
            self._failed(error)
            raise
        return self

    def receive(self) -> Sequence[Delta] | Vectors:
        """Nothing yet or, last, the vectors. Raises what ended the request."""
        try:
            found: Sequence[Delta] | Vectors = self._run.receive()
        except Exception as error:
            self._failed(error)
            raise
        if isinstance(found, Vectors):
            self._arrived(found)
        return found

    async def respond(self) -> Vectors:
        """The vectors, on the running event loop."""
        try:
            policy, observe = self._wishes.policy, self._wishes.observe
            self._run = self._setup.api.open_async(self._texts, self._begin(), policy=policy, observe=observe)
            found: Vectors = await self._run.receive()
        except Exception as error:
            self._failed(error)
            raise
        self._arrived(found)
        self.close()
        return found

    def close(self) -> None:
        """Ends the request if it is not over; what is reserved then is free again."""
        run, self._run = self._run, None
        if run is not None:
            run.close()
        if self._reservation is not None:
            self._reservation.release()
        if self._going:
            self._going = False
            self._setup.meter.leave()

    def _begin(self) -> float:
        """When it must be over."""
        self._began = now()
        self._going = True
        self._setup.meter.begin()
        own = self._began + self._setup.timeout
        deadline = self._wishes.deadline
        return own if deadline is None or deadline > own else deadline

    def _arrived(self, found: Vectors) -> None:
        self._going = False
        cost = self._setup.cost(found.usage)
        if self._reservation is not None:
            self._reservation.settle(found.usage, cost)
        self._setup.meter.answer(self._began, now(), found.usage, cost)
        if self._wishes.observe is not None:
            facts = {"model": self._setup.name, "usd": cost, "cached": False}
            self._wishes.observe("llm.answered", facts)

    def _failed(self, error: Exception) -> None:
        self._going = False
        self._setup.meter.fail(self._began, now(), error)


def name_texts(error: GraphBitError, batch: range, texts: Sequence[str]) -> None:
    """Says in the error which of several texts it is about, and of a refused request which is the longest."""
    if len(texts) == 1:
        return
    which = f"texts[{batch.start}]" if len(batch) == 1 else f"texts[{batch.start}:{batch.stop}]"
    if isinstance(error, BadRequestError):
        longest = max(batch, key=lambda place: len(texts[place]))
        which += f", of which texts[{longest}] is the longest with {len(texts[longest])} characters"
    error.message = f"{error.message} (about {which})"
    error.args = (error.message, *error.args[1:])
