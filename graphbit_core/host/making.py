"""Makes instances of components."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from graphbit_core.host.arguments import HOST, checker, takes_host
from graphbit_core.host.checks import makes

if TYPE_CHECKING:
    from graphbit_core.host.host import Host


def maker(
    kind: str, name: str, component: Any, configured: Mapping[str, Any], host: Host
) -> Callable[..., Any]:
    """What makes an instance with the settings it is called with, over those that are ``configured``.

    A class, a function or a row that can be called is called. Another row comes back with the settings in
    place of its own fields. A ready object, such as a tool, takes none. A setting that is unknown or missing
    is a ValidationError. What has the parameter ``host`` is given ``host``.
    """
    made = makes(component)
    fits = checker(kind, name, made)
    if takes_host(made):
        made = partial(made, **{HOST: host})

    def make(**settings: Any) -> Any:
        if configured:
            settings = {**configured, **settings}
        fits(settings)
        return made(**settings)

    return make
