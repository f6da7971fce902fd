"""Checks the settings a component is made with, so that every kind refuses a wrong name the same way."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest

OF_EVERY = {
    "node_type": (
        *("join", "rest", "on_error", "retry", "timeout", "deadline", "priority", "resource"),
        *("compensate", "writes", "ports"),
    ),
    "provider": (  # where a client makes it
        *("timeout", "policy", "limits", "fallbacks", "router", "registry", "budget", "cache", "restart"),
        "api_keys",
    ),
}
"""By kind: names that users may set on every component and that it never sees: someone may have meant one."""

RESERVED = {"node_type": ("type", "name", "id", *OF_EVERY["node_type"])}
"""By kind: names that no setting of a component can have, because it would never be given them."""

HOST = "host"
"""A keyword-only parameter of this name is no setting: it is given the host that makes the component."""
NO_SETTING = "'host' is no setting; the component is given the host that makes it"

_KEYWORDS = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def checker(kind: str, name: str, component: Callable[..., Any]) -> Callable[[Mapping[str, Any]], None]:
    """What raises a ValidationError naming every unknown or missing setting, and the nearest known one."""
    known, required, open_ended = settings_of(component)
    all_known, all_required = frozenset(known), frozenset(required)
    hosted = takes_host(component)

    def check(settings: Mapping[str, Any]) -> None:
        given = settings.keys()
        if not (all_required <= given and (open_ended or given <= all_known)):
            raise _refusal(kind, name, settings, known, required, open_ended)
        if hosted and HOST in given:
            raise ValidationError(f"{kind} {name!r}: {NO_SETTING}", field=HOST)

    return check


def _refusal(
    kind: str, name: str, settings: Mapping[str, Any], known: list[str], required: list[str], open_ended: bool
) -> ValidationError:
    unknown = [] if open_ended else [key for key in settings if key not in known]
    missing = [key for key in required if key not in settings]
    faults = [_unknown(key, known, OF_EVERY.get(kind, ())) for key in unknown] + [
        f"the setting {key!r} is missing" for key in missing
    ]
    return ValidationError(f"{kind} {name!r}: {'; '.join(faults)}", field=(unknown + missing)[0])


def takes_host(component: Callable[..., Any]) -> bool:
    """Whether it has the keyword-only parameter that is given the host."""
    return host_parameter(component) is not None


def host_parameter(component: Callable[..., Any]) -> inspect.Parameter | None:
    """That parameter."""
    return next(filter(is_for_host, _parameters(component) or ()), None)


@functools.lru_cache(maxsize=256)
def _parameters(component: Callable[..., Any]) -> tuple[inspect.Parameter, ...] | None:
    try:
        return tuple(inspect.signature(component).parameters.values())
    except ValueError:
        return None  # a built-in without a signature checks its arguments itself


def is_for_host(parameter: inspect.Parameter) -> bool:
    """Whether it is given the host; then it is no setting."""
    return parameter.name == HOST and parameter.kind is parameter.KEYWORD_ONLY


def annotation_of(parameter: inspect.Parameter) -> str:
    """Its type, as one writes it; empty if it has none."""
    annotation = parameter.annotation
    if annotation is parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


@functools.lru_cache(maxsize=256)
def settings_of(component: Callable[..., Any]) -> tuple[list[str], list[str], bool]:
    """Names it knows, names it requires, and whether it takes any other as well."""
    parameters = _parameters(component)
    if parameters is None:
        return [], [], True
    known = [p for p in parameters if p.kind in _KEYWORDS and not is_for_host(p)]
    required = [p.name for p in known if p.default is inspect.Parameter.empty]
    open_ended = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    return [p.name for p in known], required, open_ended


def _unknown(key: str, known: list[str], of_every: Sequence[str]) -> str:
    hint = nearest(key, [*known, *of_every]) or f"; it has {', '.join(known) or 'none'}"
    return f"there is no setting {key!r}{hint}"
