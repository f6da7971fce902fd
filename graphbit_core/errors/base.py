"""What every part of GraphBit may raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class GraphBitError(Exception):
    """Base of all errors that GraphBit raises on purpose.

    Facts are keyword arguments and become attributes; ``facts()`` returns those that are set. They
    survive pickling; ``__cause__``, as with every exception, does not.

    Attributes:
        retryable: Whether trying again may help, where whoever raised it knows; None leaves it open.
    """

    _facts: tuple[str, ...] = ()
    retryable: bool | None = None

    def __init__(self, message: str, **facts: Any) -> None:
        unknown = set(facts) - set(self._facts)
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no fact {sorted(unknown)}; it has {list(self._facts)}"
            )
        super().__init__(message)
        self.message = message
        for name in self._facts:
            setattr(self, name, facts.get(name))

    def __str__(self) -> str:
        return self.message + self._of_call()

    def _of_call(self) -> str:
        """Which call it was, of the errors that have one: provider and model, attempts, wait, request id."""
        facts = self.facts()
        if "provider" not in facts:
            return ""
        told = [":".join(filter(None, (facts["provider"], facts.get("model"))))]
        told += [f"{facts['attempts']} attempts"] if facts.get("attempts", 0) > 1 else []
        told += [f"retry after {facts['retry_after']:.1f} s"] if facts.get("retry_after") else []
        told += [f"request {facts['request_id']}"] if facts.get("request_id") else []
        return f" ({', '.join(told)})"

    def facts(self) -> dict[str, Any]:
        """The facts that are known, by name."""
        return {name: value for name in self._facts if (value := getattr(self, name)) is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        # Facts are state, not arguments: among the errors of a run there is this one itself.
        known = {} if self.retryable is None else {"retryable": self.retryable}
        return type(self), (self.message,), {**self.facts(), **known}

    def __setstate__(self, facts: dict[str, Any] | None) -> None:
        for name, value in (facts or {}).items():
            setattr(self, name, value)


class ConfigError(GraphBitError):
    """A setting, configuration file or environment variable is missing or wrong."""

    _facts: tuple[str, ...] = ("setting", "source")
    setting: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that validation found.

    Attributes:
        code: Stable name of the rule, for example ``cycle``.
        message: What is wrong.
        fix: What to do about it.
        node: The node concerned, if one is.
    """

    code: str
    message: str
    fix: str
    node: str | None = None

    def __str__(self) -> str:
        where = f" at node {self.node!r}" if self.node else ""
        return f"{self.code}{where}: {self.message} — {self.fix}"


class ValidationError(GraphBitError, ValueError):
    """Input, or a whole workflow, is wrong. ``findings`` lists every fault, not only the first."""

    _facts: tuple[str, ...] = ("findings", "field")
    findings: Sequence[Finding] | None
    field: str | None

    def __str__(self) -> str:
        return "".join((self.message, *(f"\n  {finding}" for finding in self.findings or ())))


class PluginError(GraphBitError):
    """A component could not be had. The facts say which, from where, and what mends it."""

    _facts: tuple[str, ...] = ("kind", "name", "distribution", "version", "entry_point", "fix")
    kind: str | None
    name: str | None
    distribution: str | None
    version: str | None
    entry_point: str | None
    fix: str | None


class ComponentNotFoundError(PluginError):
    """No installed distribution offers a component of this kind and name."""


class IncompatiblePluginError(PluginError):
    """The component was made for another version of the plugin API."""


class PluginConflictError(PluginError):
    """Two or more distributions offer the same name, and nothing says which one is meant."""

    _facts: tuple[str, ...] = (*PluginError._facts, "candidates")
    candidates: Sequence[str] | None


class PluginLoadError(PluginError):
    """Importing or registering the component failed; ``__cause__`` is the original error."""


class DocumentError(GraphBitError):
    """A document could not be read.

    ``reason`` is one of ``unreadable``, ``empty``, ``encrypted``, ``too_large``, ``unsupported``,
    ``malformed``.
    """

    _facts: tuple[str, ...] = ("path", "reason", "page")
    path: str | None
    reason: str | None
    page: int | None


class ResourceExhaustedError(GraphBitError, MemoryError):
    """A limit on size, memory or count was reached; ``resource`` and ``limit`` name it."""

    _facts: tuple[str, ...] = ("resource", "limit", "attempts", "provider", "model")
    resource: str | None
    limit: float | None


class ForkError(GraphBitError):
    """The object was made before a fork and is used in the child; make a new one there."""


class InternalError(GraphBitError):
    """A fault of GraphBit itself, for example a panic in the kernel. Please report it."""
