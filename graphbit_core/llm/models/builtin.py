"""The models that everyone knows: ``data.json``, written by ``scripts/models.py``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Builtin:
    """What comes with this package.

    Attributes:
        source: Where the facts are from, and of which day.
        models: Provider → model → its fields, as a file of the registry has them.
        makers: Providers whose own models they are; the others pass on models of these.
        synonyms: Other names of providers → the name used here.
        local: Providers that run on one's own machine, where no call costs anything.
    """

    source: str
    models: Mapping[str, Mapping[str, Mapping[str, Any]]]
    makers: frozenset[str]
    synonyms: Mapping[str, str]
    local: frozenset[str]


@cache
def builtin() -> Builtin:
    """The data, read at first use."""
    data = json.loads(Path(__file__).with_name("data.json").read_bytes())
    return Builtin(
        data["source"], data["models"], frozenset(data["makers"]), data["synonyms"], frozenset(data["local"])
    )


NOTHING = Builtin("nothing", {}, frozenset(), {}, frozenset())
