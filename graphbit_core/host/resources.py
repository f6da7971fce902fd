"""What a run would find outside its workflow, for those who look before it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import ComponentNotFoundError, Finding, PluginError
from graphbit_core.host.faults import divided
from graphbit_core.host.host import Host


@dataclass(frozen=True, slots=True)
class Resources:
    """What a run would find outside its workflow.

    Attributes:
        host: Where components come from.
        services: What the executor gives bodies by name; None where a workflow is looked at without one.
    """

    host: Host
    services: Mapping[str, Any] | None = None

    def lacks_service(self, name: str) -> Sequence[Finding]:
        """A finding if the executor does not give ``name``, or if there is no executor to ask."""
        if self.services is None:
            message = f"its {name!r} comes from the executor, which is not looked at here"
            return [Finding("not_checked", message, "ask an executor: executor.validate(workflow)")]
        if name in self.services:
            return []
        return [Finding("missing_service", f"the executor has no {name!r}", service_fix(name))]

    def lacks_component(self, kind: str, name: str) -> Sequence[Finding]:
        """A finding if that component is not installed, or cannot be loaded."""
        try:
            self.host.component(kind, name)
        except PluginError as error:
            message, fix = divided(error)
            code = "missing" if isinstance(error, ComponentNotFoundError) else "broken"
            return [Finding(f"{code}_{kind}", message, fix or f"see 'graphbit plugins list --kind {kind}'")]
        return []


def service_fix(name: str) -> str:
    """How an executor is given a service."""
    given = f"give it one: Executor(services={{{name!r}: …}})"
    return f"{given}, or Executor('provider:model'), or --model provider:model" if name == "llm" else given
