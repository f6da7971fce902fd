"""What ``graphbit plugins check`` found, and its JSON form.

The JSON object has these keys; more may come, and ``format`` grows when one of them changes its meaning:

- ``format``: 1. ``started``: when, ISO 8601 in UTC. ``seconds``: how long it took.
- ``versions``: of ``graphbit_core``, ``plugin_api``, ``python``, ``pytest``, and ``platform``.
- ``components``: each with ``kind``, ``name``, ``distribution``, ``version``, ``entry_point``, ``source``,
    - ``conformance``: the kit's class for what it is; null where it could not be loaded.
    - ``tested_by``: the classes that tested it: ``name``, ``file`` (null: made by the kit), ``base``.
    - ``rules``: each with ``rule``, ``tested_by``, ``outcome``, ``seconds``, ``message``, ``where``
      (``file:line``), ``rerun`` (a command). Outcomes: ``passed``, ``failed``, ``accepted`` (marked
      ``xfail``; the message is the reason), ``skipped`` (the message is why).
    - ``not_tried``: each with ``rule`` and ``needs``: what would let it be tried.
- ``others``: conformance classes that test none of the components: ``name``, ``file``, ``tests``.
- ``problems``: test files that could not be collected, and whatever else went wrong: ``file``, ``line``,
  ``message``.
- ``totals``: numbers of ``components``, ``passed``, ``failed``, ``accepted``, ``skipped``, ``not_tried``,
  ``problems``.
- ``passed``: whether all is well: no rule failed, there is no problem, and of every component some rule of
  the kit was tried.
"""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

FORMAT = 1
Outcome = Literal["passed", "failed", "accepted", "skipped"]
LOADS = "is_loaded_by_the_host"
"""The rule that comes before those of the kit."""


@dataclass(slots=True)
class Rule:
    """One rule, tried on one component."""

    rule: str
    outcome: Outcome
    seconds: float
    tested_by: str | None = None
    message: str | None = None
    where: str | None = None
    rerun: str | None = None


@dataclass(slots=True)
class NotTried:
    """A rule that was not tried, and what it needs."""

    rule: str
    needs: str


@dataclass(slots=True)
class Tester:
    """A conformance class; ``file`` is None for one that the kit made."""

    name: str
    file: str | None
    base: str


@dataclass(slots=True)
class Checked:
    """One component, and what was found."""

    kind: str
    name: str
    distribution: str
    version: str | None
    entry_point: str | None
    source: str
    conformance: str | None = None
    tested_by: list[Tester] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    not_tried: list[NotTried] = field(default_factory=list)

    @property
    def loaded(self) -> bool:
        """Whether the host could load it."""
        return any(rule.rule == LOADS and rule.outcome == "passed" for rule in self.rules)

    @property
    def tried(self) -> bool:
        """Whether a rule of the kit was tried on it."""
        return any(rule.rule != LOADS and rule.outcome != "skipped" for rule in self.rules)

    @property
    def failed(self) -> list[Rule]:
        """The rules that it breaks."""
        return [rule for rule in self.rules if rule.outcome == "failed"]


@dataclass(slots=True)
class Other:
    """A conformance class that tests none of the components."""

    name: str
    file: str
    tests: str


@dataclass(slots=True)
class Problem:
    """Something that is no rule of a component."""

    message: str
    file: str | None = None
    line: int | None = None


@dataclass(slots=True)
class Report:
    """All that was found."""

    started: str
    seconds: float = 0.0
    components: list[Checked] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        checked = self.components
        whole = bool(checked) and all(one.tried and not one.failed for one in checked)
        return whole and not self.problems

    @property
    def totals(self) -> dict[str, int]:
        """How many of what."""
        outcomes = Counter(rule.outcome for one in self.components for rule in one.rules)
        counted = {name: outcomes[name] for name in ("passed", "failed", "accepted", "skipped")}
        not_tried = sum(len(one.not_tried) for one in self.components)
        return {
            "components": len(self.components),
            **counted,
            "not_tried": not_tried,
            "problems": len(self.problems),
        }

    def to_json(self) -> dict[str, Any]:
        """It as the module's docstring says."""
        return {
            "format": FORMAT,
            "versions": _versions(),
            **dataclasses.asdict(self),
            "totals": self.totals,
            "passed": self.passed,
        }


def _versions() -> dict[str, str]:
    from importlib_metadata import PackageNotFoundError, version

    from graphbit_core.contracts import API_VERSION

    def of(name: str) -> str:
        try:
            return version(name)
        except PackageNotFoundError:
            return "not installed"

    return {
        "graphbit_core": of("graphbit-core"),
        "plugin_api": ".".join(map(str, API_VERSION)),
        "python": platform.python_version(),
        "platform": sys.platform,
        "pytest": of("pytest"),
    }
