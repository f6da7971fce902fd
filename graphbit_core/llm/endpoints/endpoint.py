"""Where calls go: one model behind one provider, with one credential; a client has one of them or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from graphbit_core.contracts.provider import CAPABILITIES, ChatCodec, ChatModel, Provider
from graphbit_core.errors import ValidationError
from graphbit_core.llm.calls.http_chat import HttpChat
from graphbit_core.llm.calls.local_chat import LocalChat
from graphbit_core.llm.endpoints.meter import Meter
from graphbit_core.llm.endpoints.retirement import warn_once
from graphbit_core.llm.wanted import Wanted, instructed
from graphbit_core.types.messages import ChatRequest, Usage

if TYPE_CHECKING:
    from graphbit_core.host import Host
    from graphbit_core.llm.models import ModelInfo, ModelRegistry, Resolved

Numbers = Mapping[str, float | int]
BOUNDS = ("policy", "limits", "protect")
"""What says how calls are made, key by key."""
EndpointSpec = str | Mapping[str, Any]
"""``provider:model``, or a mapping of ``model`` and, as they apply, the fields of ``Target`` and settings."""


class Endpoint:
    """One model behind one provider, with one credential.

    Attributes:
        provider: Name of the provider, as users write it.
        model: Name of the model, as the provider has it.
        name: ``provider:model``; a number makes it differ from others of the same client.
        info: What the registry knows about the model; None: nothing.
        capabilities: What the provider can do.
        resource: Names the account, with whose calls it shares a breaker and a retry budget; None for a model
            of this process.
        limiter: Names what shares permits and rates: the account and the model.
        weight: Its share, where calls are balanced.
        codec: The dialect; None for a model of this process.
        chat: Answers requests.
        meter: What its calls came to.
    """

    __slots__ = (
        *("_defaults", "capabilities", "chat", "codec", "info", "limiter", "meter", "model", "name"),
        *("provider", "resource", "weight"),
    )

    def __init__(self, provider: Provider, found: Resolved, weight: float = 1.0) -> None:
        name = found.provider
        if not weight > 0:
            raise ValidationError(f"the weight of {name} is {weight}; it must be above 0", field="weight")
        self.provider, self.model = name, found.model or default_model(name, provider)
        self.name = f"{name}:{self.model}"
        self.info: ModelInfo | None = found.info
        self.capabilities = _capabilities(name, provider)
        self.weight = weight
        self.meter = Meter()
        self._defaults = dict(found.settings.request)
        api: ChatCodec | ChatModel = provider.chat(self.model)
        self.codec: ChatCodec | None = None
        self.resource: str | None = None
        self.limiter: str | None = None
        self.chat: HttpChat | LocalChat
        # Not isinstance: since Python 3.12 that does not see what a plugin's wrapper has by __getattr__.
        if hasattr(api, "respond"):
            self.chat = LocalChat(cast("ChatModel", api), provider=name, name=self.model)
            return
        self.codec, self.resource = api, provider.resource()
        self.limiter = f"{self.resource}:{self.model}"
        self.chat = HttpChat(
            self.codec,
            provider=name,
            model=self.model,
            resource=self.resource,
            limiter=self.limiter,
            policy=found.settings.policy,
            limits=found.settings.limits,
            protect=found.settings.protect,
        )

    def completed(self, request: ChatRequest) -> ChatRequest:
        """The request as this model is asked: with what the registry says about its calls, where the request
        says nothing itself, and with a schema in the instructions, where its API takes none.
        """
        if isinstance(request.output, Wanted) and "json_output" not in self.capabilities:
            request = instructed(request, request.output.schema)
        if not self._defaults:
            return request
        missing = {name: value for name, value in self._defaults.items() if not getattr(request, name)}
        return replace(request, **missing) if missing else request

    def cost(self, usage: Usage) -> float | None:
        """US dollars for one call; None where the price is not known."""
        return usage.cost if self.info is None else self.info.cost(usage)

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"


def open_endpoints(
    specs: Sequence[EndpointSpec], host: Host, registry: ModelRegistry, bounds: Mapping[str, Numbers]
) -> tuple[tuple[Endpoint, ...], float | None]:
    """The endpoints of a client, in order, and the time-out that the registry has for the first one.

    Args:
        specs: The model, then the fallbacks. A mapping may hold ``model``, ``weight``,
            ``api_keys`` (one endpoint for each), any of ``BOUNDS``, and settings of the provider.
        host: Where providers are found.
        registry: What names of models mean.
        bounds: Those of ``BOUNDS`` that hold for all of them, key by key, unless a mapping says otherwise.

    Raises:
        ComponentNotFoundError: No provider of a name is installed.
        ConfigError: A setting of a provider is missing or wrong.
        ValidationError: A spec is wrong.
    """
    providers = {component.name for component in host.list("provider")}
    found: list[Endpoint] = []
    timeout: float | None = None
    for number, spec in enumerate(specs):
        settings: dict[str, Any] = dict(spec) if isinstance(spec, Mapping) else {"model": spec}
        resolved = registry.resolve(_checked_name(settings.pop("model", None)), providers)
        if number == 0:
            timeout = resolved.settings.timeout
        warn_once(resolved.info)
        found += _opened(resolved, settings, host, bounds)
    seen: dict[str, count[int]] = {}
    for endpoint in found:
        place = next(seen.setdefault(endpoint.name, count(1)))
        if place > 1:
            endpoint.name = f"{endpoint.name}#{place}"
    return tuple(found), timeout


def _opened(
    found: Resolved, settings: dict[str, Any], host: Host, bounds: Mapping[str, Numbers]
) -> list[Endpoint]:
    """What is said for one endpoint goes before what is said for all, and that before the registry."""
    weight = settings.pop("weight", 1.0)
    own = {name: _checked_bounds(name, settings.pop(name, {})) for name in BOUNDS}
    known = found.settings.bounded(bounds).bounded(own)
    return [
        Endpoint(
            host.create("provider", found.provider, **{**known.provider, **one}),
            replace(found, settings=known),
            weight,
        )
        for one in _for_each_key(settings)
    ]


def _checked_bounds(name: str, bounds: Any) -> Numbers:
    """Raises ValidationError unless it is a mapping."""
    if not isinstance(bounds, Mapping):
        raise ValidationError(f"{name} is {bounds!r:.80}; give names and numbers", field=name)
    return bounds


def _for_each_key(settings: dict[str, Any]) -> list[dict[str, Any]]:
    """The settings, once for each of ``api_keys``."""
    if "api_keys" not in settings:
        return [settings]
    keys = settings.pop("api_keys")
    if "api_key" in settings:
        raise ValidationError("api_key and api_keys are both given; give one of them", field="api_keys")
    if isinstance(keys, str) or not isinstance(keys, Sequence) or not keys:
        raise ValidationError("api_keys must be a list of at least one key", field="api_keys")
    return [{**settings, "api_key": key} for key in keys]


def default_model(name: str, provider: Provider) -> str:
    """The model that the provider means where none is named. Raises ValidationError if there is none."""
    model = getattr(provider, "default_model", None)
    if not isinstance(model, str) or not model:
        problem = f"the provider {name!r} has no default_model"
        raise ValidationError(f"{problem}; name the model: '{name}:model'", field="model")
    return model


def _capabilities(name: str, provider: Provider) -> frozenset[str]:
    declared = getattr(provider, "capabilities", None)
    if not isinstance(declared, frozenset):
        problem = f"the provider {name!r} declares no capabilities"
        fix = f"set capabilities = frozenset({{…}}) with any of {', '.join(sorted(CAPABILITIES))}"
        raise ValidationError(f"{problem}; {fix}", field="capabilities")
    return declared


def _checked_name(model: Any) -> str:
    """Raises ValidationError unless it is a text."""
    if not isinstance(model, str) or not model:
        problem = (
            "the name of the model is empty" if model == "" else f"the model is a {type(model).__name__}"
        )
        fix = "a provider of your own gets a name by default_host().add('provider', name, lambda: it)"
        raise ValidationError(f"{problem}; give 'provider:model' as text; {fix}", field="model")
    return model
