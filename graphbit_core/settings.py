"""Help for components that are made with settings: a wrong value is named, with the rule it breaks.

Unknown and missing settings are the host's business; it reads a component's signature.
"""

from __future__ import annotations

import math
from typing import Any

from graphbit_core.errors import ConfigError


def check_whole_number(setting: str, value: Any, minimum: int, maximum: int | None = None) -> int:
    """Returns ``value`` if it is a whole number of at least ``minimum`` and at most ``maximum``.

    Raises:
        ConfigError: If it is not; it names the setting, the value and the rule.
    """
    most = math.inf if maximum is None else maximum
    if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= most:
        rule = f"must be a whole number of at least {minimum}"
        rule += f" and at most {maximum}" if maximum is not None else ""
        raise ConfigError(f"setting {setting!r} {rule}, not {value!r}", setting=setting)
    return value
