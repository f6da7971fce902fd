"""Which of several endpoints is asked first. Nothing here is random; the time is given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from graphbit_core.errors import ValidationError
from graphbit_core.llm.endpoints.endpoint import Endpoint
from graphbit_core.nearest import nearest
from graphbit_core.types.messages import ChatRequest, Usage

_STALE = 60.0
"""Seconds after which a measurement says little, so that an endpoint that was slow gets another chance."""
_CHARACTERS_PER_TOKEN = 4
_EXPECTED_OUTPUT = 512
"""Tokens of an answer, where the request sets no limit."""


class Router(Protocol):
    """Puts endpoints in the order in which they are tried; those it leaves out are not asked."""

    def __call__(self, request: ChatRequest, endpoints: Sequence[Endpoint], /) -> Sequence[Endpoint]:
        """``endpoints`` can all serve the request; they are in the order that the client was given."""
        ...


class InOrder:
    """As they were given: the others are for when the first cannot."""

    def __call__(self, request: ChatRequest, endpoints: Sequence[Endpoint], /) -> Sequence[Endpoint]:
        """The order that was given."""
        return endpoints


class Cheapest:
    """The lowest price for this request first, as the registry has it; unknown prices come last."""

    def __call__(self, request: ChatRequest, endpoints: Sequence[Endpoint], /) -> Sequence[Endpoint]:
        """By price."""
        letters = sum(len(message.text) for message in request.messages)
        usage = Usage(letters // _CHARACTERS_PER_TOKEN, request.max_tokens or _EXPECTED_OUTPUT)

        def price(endpoint: Endpoint) -> float:
            known = endpoint.cost(usage)
            return float("inf") if known is None else known

        return sorted(endpoints, key=price)


class Fastest:
    """The shortest time until the answer first, as measured by this client; where streams of all were
    measured, until their first piece.

    One that was not measured in the last minute goes first, so that it is; each failure in a row doubles
    what is expected.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def __call__(self, request: ChatRequest, endpoints: Sequence[Endpoint], /) -> Sequence[Endpoint]:
        """By time."""
        now = self._clock()
        by_first_byte = all(endpoint.meter.first_byte is not None for endpoint in endpoints)

        def expected(endpoint: Endpoint) -> float:
            meter = endpoint.meter
            measured = meter.first_byte if by_first_byte else meter.total
            if measured is None or now - meter.measured_at > _STALE:
                return float("inf") if meter.failed_in_a_row else 0.0
            return measured * 2.0 ** min(meter.failed_in_a_row, 10)

        return sorted(endpoints, key=expected)


class Balance:
    """The fewest calls in flight for its weight first; among equals, whose turn it is."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[Endpoint, float] = {}

    def __call__(self, request: ChatRequest, endpoints: Sequence[Endpoint], /) -> Sequence[Endpoint]:
        """By load; the first one's turn is over then."""
        with self._lock:
            least = min(self._turns.values(), default=0.0)

            def load(endpoint: Endpoint) -> tuple[float, float]:
                turns = self._turns.setdefault(endpoint, least)
                return endpoint.meter.in_flight / endpoint.weight, turns

            found = sorted(endpoints, key=load)
            self._turns[found[0]] += 1 / found[0].weight
        return found


def router_of(router: str | Router, clock: Callable[[], float]) -> Router:
    """The router of that name, or the callable itself.

    Raises:
        ValidationError: There is none of that name.
    """
    if callable(router):
        return router
    makers: dict[str, Callable[[], Router]] = {
        "order": InOrder,
        "cheapest": Cheapest,
        "fastest": lambda: Fastest(clock),
        "balance": Balance,
    }
    if router not in makers:
        problem = f"the router is {router!r}{nearest(str(router), makers)}"
        raise ValidationError(f"{problem}; it is one of {', '.join(makers)}, or a callable", field="router")
    return makers[router]()


def awake(endpoints: Sequence[Endpoint], now: float) -> Sequence[Endpoint]:
    """Those that need not be left alone at the moment; all, where each of them must."""
    found = [endpoint for endpoint in endpoints if endpoint.meter.rests_until <= now]
    return found or endpoints
