"""Help for components that are made with settings: wrong ones are named, with what would be right."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from graphbit_core.errors import ConfigError


def refuse_unknown_settings(component: type, unknown: Mapping[str, Any]) -> None:
    """Refuses settings that ``component`` does not take, naming the nearest one that it does.

    A component's ``__init__`` lists its settings as keywords, takes the rest as ``**unknown``, and
    passes it here.

    Raises:
        ConfigError: If ``unknown`` is not empty.
    """
    for name in unknown:
        parameters = inspect.signature(component).parameters.values()
        known = sorted(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
        raise ConfigError(f"{component.__name__} has no setting {name!r}; {hint}", setting=name)


def check_whole_number(setting: str, value: Any, minimum: int) -> int:
    """Returns ``value`` if it is a whole number of at least ``minimum``.

    Raises:
        ConfigError: If it is not; it names the setting, the value and the rule.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
        rule = f"must be a whole number of at least {minimum}"
        raise ConfigError(f"setting {setting!r} {rule}, not {value!r}", setting=setting)
    return value
