"""Says what is wrong with plugins: once each in a warning, or as an error where the policy is strict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from graphbit_core.errors import ConfigError, PluginError
from graphbit_core.host.faults import hook_failed
from graphbit_core.host.loading import contained, logger
from graphbit_core.host.records import Origin

T = TypeVar("T")


class Reporter:
    """The voice of one host. Warnings go to the logger ``graphbit.plugins``."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._said: set[str] = set()

    def report(self, error: PluginError | ConfigError) -> None:
        """A plugin is broken that nobody has asked for by name: raises if strict, else warns."""
        if self._strict:
            raise error
        self.warn(error.message)

    def setting(self, problem: str) -> None:
        """A setting names what does not exist: raises if strict, else warns."""
        if self._strict:
            raise ConfigError(problem, setting="plugins")
        self.warn(problem)

    def warn(self, message: str) -> None:
        """Warns, unless it was said before."""
        if message not in self._said:
            self._said.add(message)
            logger.warning("%s", message)

    def guarded(self, origin: Origin, what: str, action: Callable[[], T], otherwise: T) -> T:
        """Runs what a plugin's hook returned; if it raises, reports that and gives ``otherwise``."""
        try:
            return contained(action, lambda error: hook_failed(origin, what, error))
        except PluginError as error:
            self.report(error)
            return otherwise
