"""What the calls of one client share, and which of its endpoints a call may go to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphbit_core.errors import ValidationError
from graphbit_core.llm.check import check_request, refusal
from graphbit_core.llm.endpoints.endpoint import Endpoint
from graphbit_core.llm.endpoints.meter import Meter
from graphbit_core.llm.endpoints.routing import Router
from graphbit_core.types.messages import ChatRequest, ChatResponse

if TYPE_CHECKING:
    from graphbit_core.llm.budget import Budget
    from graphbit_core.llm.cache import ResponseCache

Fits = Callable[[ChatResponse], bool]
"""Whether an answer is what was wanted."""


@dataclass(slots=True)
class Setup:
    """What every call of one client shares.

    Attributes:
        endpoints: Where calls may go, at least one.
        timeout: Seconds that one call may take in all.
        router: Chooses among several endpoints; None: in order.
        cache: Answers that were given before; None: none are kept.
        restart: Whether another endpoint may begin anew once pieces of an answer were handed out.
        meter: What the client's calls came to; of a client that has one endpoint only, that one's.
        budget: What calls may use up; None: whatever they do.
    """

    endpoints: tuple[Endpoint, ...]
    timeout: float
    router: Router | None = None
    cache: ResponseCache | None = None
    restart: bool = False
    meter: Meter = field(default_factory=Meter)
    budget: Budget | None = None


def choose(setup: Setup, request: ChatRequest) -> Sequence[Endpoint]:
    """The endpoints that can serve the request, in the order in which they would be asked.

    Raises:
        ValidationError: The request is wrong, or none can.
    """
    endpoints: Sequence[Endpoint] = setup.endpoints
    if needs := check_request(request):
        refusals = [refusal(endpoint.provider, endpoint.capabilities, needs) for endpoint in endpoints]
        able = [one for one, why in zip(endpoints, refusals, strict=True) if why is None]
        if not able:
            raise next(filter(None, refusals))
        endpoints = able
    if len(endpoints) == 1:
        return endpoints
    if setup.router is not None:
        endpoints = setup.router(request, endpoints)
        if not endpoints:
            raise ValidationError("the router chose no endpoint; it must give at least one", field="router")
    return endpoints
