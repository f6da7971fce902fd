"""One offer of a component, and what came of loading it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from graphbit_core.errors import GraphBitError, PluginError
from graphbit_core.host import faults
from graphbit_core.host.checks import check
from graphbit_core.host.loading import load
from graphbit_core.host.records import ComponentInfo, Origin, State

_UNSET = object()


class Candidate:
    """An offer. Imported at most once, at its first use; a failure is kept and raised at every use.

    Attributes:
        replaces: The distribution whose offer of the same name this one stands in for.
        denied: The setting that does not allow its distribution; None if it may be used.
        owner: The plugin that added it, so that removing the plugin removes it too.
    """

    def __init__(
        self,
        origin: Origin,
        *,
        component: Any = _UNSET,
        replaces: str | None = None,
        denied: str | None = None,
        owner: str | None = None,
    ) -> None:
        if component is not _UNSET:
            check(origin, component)
        self.origin = origin
        self.replaces = replaces
        self.denied = denied
        self.owner = owner
        self._component = component
        self._error: GraphBitError | None = None
        self._lock = threading.RLock()

    def get(self, on_failure: Callable[[PluginError], None]) -> Any:
        """The component, imported now if it was not yet; ``on_failure`` hears of the first failure only.

        Raises:
            PluginLoadError: Its import failed, or it is not what its kind must be.
            IncompatiblePluginError: It was made for another version of the plugin API.
        """
        if self._component is _UNSET:
            with self._lock:
                if self._component is _UNSET and self._error is None:
                    self._load(on_failure)
        if self._error is not None:
            raise _fresh(self._error) from self._error.__cause__
        return self._component

    def fail(self, error: GraphBitError) -> None:
        """Notes that it was imported, and then could not be registered."""
        self._error = error

    def info(self, conflict: str | None = None) -> ComponentInfo:
        """What is known of it without importing it."""
        state, error = self._state(conflict)
        origin = self.origin
        return ComponentInfo(
            **origin.facts(),
            source=origin.source,
            state=state,
            error=error,
            configured_in=origin.configured_in,
        )

    def _load(self, on_failure: Callable[[PluginError], None]) -> None:
        try:
            component = load(self.origin)
            check(self.origin, component)
        except PluginError as error:
            self._error = error
            on_failure(error)
        else:
            self._component = component

    def _state(self, conflict: str | None) -> tuple[State, str | None]:
        if self.denied is not None:
            return "denied", faults.denied(self.origin, self.denied).message
        if self._error is not None:
            return "failed", self._error.message
        if conflict is not None:
            return "conflict", conflict
        return ("available" if self._component is _UNSET else "loaded"), None


def _fresh(error: GraphBitError) -> GraphBitError:
    """A new instance for every use: one raised in two threads would mix their tracebacks."""
    return type(error)(error.message, **error.facts())
