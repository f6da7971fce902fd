"""Turns what was found, configured or registered into candidates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.host import faults
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.discovery import Scan
from graphbit_core.host.records import PLUGIN, Origin, Registration
from graphbit_core.host.settings import HostSettings
from graphbit_core.nearest import nearest


def found(scan: Scan, settings: HostSettings) -> list[Candidate]:
    """Everything that entry points and the configuration name, imported or not, allowed or not."""
    origins = [origin for installed in scan.distributions for origin in installed.offers]
    in_house = [*settings.modules, *map(str, settings.paths)]
    origins += [Origin(PLUGIN, name, name, None, name, "in-house") for name in in_house]
    return [Candidate(origin, denied=settings.denies(origin)) for origin in origins]


def registered(owner: str, origin: Origin, registrations: Iterable[Any]) -> list[Candidate]:
    """What a plugin's ``graphbit_register_components`` returned.

    Raises:
        PluginError: One of them is not a Registration, or not what its kind must be.
    """
    candidates = []
    for item in registrations:
        if not isinstance(item, Registration):
            raise faults.unusable(origin, f"it registers {item!r:.60}, which is not a Registration")
        if item.kind not in ENTRY_POINT_GROUPS:
            near = nearest(item.kind, ENTRY_POINT_GROUPS)
            raise faults.unusable(origin, f"it registers the unknown kind {item.kind!r}{near}")
        place = Origin(item.kind, item.name, origin.distribution, origin.version, origin.entry_point, "hook")
        candidates.append(Candidate(place, component=item.component, replaces=item.replaces, owner=owner))
    return candidates
