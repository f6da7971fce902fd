"""What the configuration tells one component or plugin, checked against what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import ConfigError
from graphbit_core.host import faults
from graphbit_core.host.arguments import settings_of
from graphbit_core.host.checks import makes
from graphbit_core.host.loading import contained
from graphbit_core.host.records import PLUGIN, Origin
from graphbit_core.host.schema import fitted_all, problems_of


@dataclass(frozen=True, slots=True)
class Configured:
    """Settings, and where they stand. As a dict it can be handed to another process.

    Attributes:
        name: As the configuration has it.
        values: The settings, as written.
        source: The file, or ``HostSettings`` where they were given by code.
    """

    kind: str
    name: str
    values: Mapping[str, Any]
    source: str

    def problems(self, component: Any) -> list[str]:
        """What is wrong with them, without making anything; one sentence each.

        Args:
            component: What was loaded: a component, or the module or object that implements hooks.
        """
        wrong = problems_of(self._taker(component), self.values)
        return [f"{self._key(name)}: {problem}" for name, problem in wrong]

    def fitted(self, component: Any) -> dict[str, Any]:
        """They as a component wants them.

        Raises:
            ConfigError: One is not known, or of the wrong type.
        """
        taker = self._taker(component)
        if wrong := problems_of(taker, self.values):
            raise self._refusal(wrong)
        return fitted_all(taker, self.values)

    def instance(self, origin: Origin, plugin: object) -> Any:
        """What hooks get as ``settings``: the plugin's ``graphbit_settings`` made with them; None without it.

        Raises:
            ConfigError: One is not known, of the wrong type, missing, or refused by the class itself.
            PluginLoadError: The class cannot be made without any.
        """
        taker = getattr(plugin, "graphbit_settings", None)
        if taker is None and not self.values:
            return None
        values = self.fitted(plugin)
        if taker is None:
            return None
        if not callable(taker):
            raise faults.unusable(origin, f"graphbit_settings must be a class, not {taker!r:.60}")
        _, required, _ = settings_of(taker)
        if missing := [name for name in required if name not in values]:
            raise self._refusal([(name, f"the setting {name!r} is missing") for name in missing])

        def refused(error: BaseException) -> Exception:
            if not values:
                problem = f"its graphbit_settings cannot be made ({type(error).__name__}: {error})"
                return faults.unusable(origin, problem)
            return self._refusal([(next(iter(values)), f"refused by the plugin: {error}")])

        return contained(lambda: taker(**values), refused)

    def _taker(self, component: Any) -> Callable[..., Any]:
        if self.kind != PLUGIN:
            return makes(component)
        taker = getattr(component, "graphbit_settings", None)
        return taker if callable(taker) else _takes_none

    def _key(self, name: str) -> str:
        owner = f'"{self.name}"' if "@" in self.name or "." in self.name else self.name
        return f"plugins.settings.{self.kind}.{owner}.{name}"

    def _refusal(self, wrong: list[tuple[str, str]]) -> ConfigError:
        said = "; ".join(f"{self._key(name)}: {problem}" for name, problem in wrong)
        return ConfigError(f"{self.source}: {said}", setting=self._key(wrong[0][0]), source=self.source)


def _takes_none() -> None:
    """What stands for a plugin without settings."""
