"""Where calls go: one model behind one provider, with one credential; a client has one of them or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.provider import ChatCodec, ChatModel, Provider
from graphbit_core.errors import ValidationError
from graphbit_core.llm.http_chat import HttpChat
from graphbit_core.llm.local_chat import LocalChat
from graphbit_core.llm.meter import Meter

if TYPE_CHECKING:
    from graphbit_core.host import Host

Numbers = Mapping[str, float | int]
EndpointSpec = str | Mapping[str, Any]
"""``provider:model``, or a mapping of ``model`` and, as they apply, the fields of ``Target`` and settings."""


class Endpoint:
    """One model behind one provider, with one credential.

    Attributes:
        provider: Name of the provider, as users write it.
        model: Name of the model, as the provider has it.
        name: ``provider:model``; a number makes it differ from others of the same client.
        capabilities: What the provider can do.
        resource: Names the account, with whose calls it shares a breaker and limits; None for a model of this
            process.
        weight: Its share, where calls are balanced.
        codec: The dialect; None for a model of this process.
        chat: Answers requests.
        meter: What its calls came to.
    """

    __slots__ = ("capabilities", "chat", "codec", "meter", "model", "name", "provider", "resource", "weight")

    def __init__(
        self, provider: Provider, name: str, model: str, policy: Numbers, limits: Numbers, weight: float = 1.0
    ) -> None:
        if not weight > 0:
            raise ValidationError(f"the weight of {name} is {weight}; it must be above 0", field="weight")
        self.provider, self.model = name, model or provider.default_model
        self.name = f"{name}:{self.model}"
        self.capabilities = provider.capabilities
        self.weight = weight
        self.meter = Meter()
        api: ChatCodec | ChatModel = provider.chat(self.model)
        self.codec: ChatCodec | None = None
        self.resource: str | None = None
        self.chat: HttpChat | LocalChat
        if isinstance(api, ChatModel):
            self.chat = LocalChat(api, provider=name, name=self.model)
        else:
            self.codec, self.resource = api, provider.resource()
            self.chat = HttpChat(
                api, provider=name, model=self.model, resource=self.resource, policy=policy, limits=limits
            )

    def __repr__(self) -> str:
        return f"Endpoint({self.name})"


def open_endpoints(
    specs: Sequence[EndpointSpec], host: Host, policy: Numbers, limits: Numbers
) -> tuple[Endpoint, ...]:
    """The endpoints of a client, in order.

    Args:
        specs: The model, then the fallbacks. A mapping may hold ``model``, ``policy``, ``limits``,
            ``weight``, ``api_keys`` (one endpoint for each) and settings of the provider.
        host: Where providers are found.
        policy: Holds for all of them, key by key, unless a mapping says otherwise.
        limits: As ``policy``; of each account.

    Raises:
        ComponentNotFoundError: No provider of a name is installed.
        ConfigError: A setting of a provider is missing or wrong.
        ValidationError: A spec is wrong.
    """
    found = [endpoint for spec in specs for endpoint in _opened(spec, host, policy, limits)]
    seen: dict[str, count[int]] = {}
    for endpoint in found:
        number = next(seen.setdefault(endpoint.name, count(1)))
        if number > 1:
            endpoint.name = f"{endpoint.name}#{number}"
    return tuple(found)


def _opened(spec: EndpointSpec, host: Host, policy: Numbers, limits: Numbers) -> list[Endpoint]:
    settings: dict[str, Any] = dict(spec) if isinstance(spec, Mapping) else {"model": spec}
    name, model = split_name(settings.pop("model", None))
    own_policy = {**policy, **settings.pop("policy", {})}
    own_limits = {**limits, **settings.pop("limits", {})}
    weight = settings.pop("weight", 1.0)
    return [
        Endpoint(host.create("provider", name, **one), name, model, own_policy, own_limits, weight)
        for one in _for_each_key(settings)
    ]


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


def split_name(model: Any) -> tuple[str, str]:
    """Provider and model of ``provider:model``; the model is empty where the provider is to choose.

    Raises:
        ValidationError: It is no text.
    """
    if not isinstance(model, str) or not model:
        problem = (
            f"the model is a {type(model).__name__}" if model != "" else "the name of the model is empty"
        )
        fix = "a provider of your own gets a name by default_host().add('provider', name, lambda: it)"
        raise ValidationError(f"{problem}; give 'provider:model' as text; {fix}", field="model")
    name, _, model = model.partition(":")
    return name, model
