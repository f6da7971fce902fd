"""Finds, checks and loads components that other distributions offer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphbit_core.host.default import default_host as default_host
    from graphbit_core.host.hooks import hookimpl as hookimpl
    from graphbit_core.host.host import Host as Host
    from graphbit_core.host.records import ComponentInfo as ComponentInfo, Registration as Registration
    from graphbit_core.host.resources import Resources as Resources
    from graphbit_core.host.settings import HostSettings as HostSettings

_MODULE_OF = {
    "ComponentInfo": "records",
    "Host": "host",
    "HostSettings": "settings",
    "Registration": "records",
    "Resources": "resources",
    "default_host": "default",
    "hookimpl": "hooks",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
