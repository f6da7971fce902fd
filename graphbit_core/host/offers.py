"""Turns what was found, configured or registered into candidates."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.host import faults
from graphbit_core.host.candidate import Candidate
from graphbit_core.host.discovery import Scan
from graphbit_core.host.records import Origin, Registration
from graphbit_core.host.reference import Reference
from graphbit_core.host.settings import HostSettings
from graphbit_core.nearest import nearest


def found(scan: Scan, settings: HostSettings) -> list[Candidate]:
    """Everything that entry points and the configuration name, imported or not, allowed or not."""
    origins = [origin for installed in scan.distributions for origin in installed.offers]
    origins += [_in_house(key, reference, settings) for key, reference in settings.in_house.items()]
    return [Candidate(origin, denied=settings.denies(origin)) for origin in origins]


def _in_house(key: tuple[str, str], written: str, settings: HostSettings) -> Origin:
    folder = settings.file.parent if settings.file else Path.cwd()
    reference = Reference.read(written)
    return Origin(
        *key,
        distribution=reference.place,
        entry_point=str(reference.within(folder)),
        source="in-house",
        configured_in=str(settings.file) if settings.file else None,
    )


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
