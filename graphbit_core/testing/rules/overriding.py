"""Which rules of the kit a subclass has replaced."""

from __future__ import annotations

from typing import Any

_KIT = "graphbit_core.testing"


def overridden(conformance: type) -> list[str]:
    """Names of the rules that a class outside the kit overrides without an ``xfail`` that has a reason."""
    return [name for name in rules(conformance) if not _is_kept(conformance, name)]


def rules(conformance: type) -> list[str]:
    """Names of the rules that the kit has for such a class, whatever became of them in it."""
    names = {name for base in conformance.__mro__ if is_of_kit(base) for name in vars(base)}
    return sorted(name for name in names if name.startswith("test_"))


def is_of_kit(conformance: type) -> bool:
    """Whether it is a class of the kit itself."""
    return conformance.__module__.startswith(f"{_KIT}.")


def giver(conformance: type, name: str) -> type:
    """The class that a member comes from."""
    return next(base for base in conformance.__mro__ if name in vars(base))


def _is_kept(conformance: type, name: str) -> bool:
    given = giver(conformance, name)
    if is_of_kit(given):
        return True
    marks: Any = getattr(vars(given)[name], "pytestmark", ())
    return any(mark.name == "xfail" and str(mark.kwargs.get("reason", "")).strip() for mark in marks)
