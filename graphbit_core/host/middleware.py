"""Middleware: what plugins put around each new instance of a component."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from graphbit_core.host.checks import contract_of, forms_of
from graphbit_core.host.records import Origin
from graphbit_core.host.reporter import Reporter

Wrapper = tuple[Origin, Callable[[Any], Any]]
"""A function that wraps an instance, and the plugin it came from."""


def wrapping(
    make: Callable[..., Any], kind: str, name: str, wrappers: Sequence[Wrapper], reporter: Reporter
) -> Callable[..., Any]:
    """``make`` with wrappers around what it makes, the first one innermost.

    What a wrapper gives must have whatever the instance has of its kind's contract. One that gives less, or
    that raises, is reported and left out.
    """

    def make_wrapped(**settings: Any) -> Any:
        instance = make(**settings)
        for origin, wrap in wrappers:
            action = partial(_wrapped, wrap, instance, kind, name)
            instance = reporter.guarded(origin, "middleware", action, instance)
        return instance

    return make_wrapped


def _wrapped(wrap: Callable[[Any], Any], instance: Any, kind: str, name: str) -> Any:
    made = wrap(instance)
    if made is instance:
        return made
    if made is None:
        raise TypeError(f"it gives None for the {kind} {name!r}; return the instance, or what stands for it")
    lost = [member for member in _members(kind) if hasattr(instance, member) and not hasattr(made, member)]
    if lost:
        shown = f"what it gives for the {kind} {name!r}, a {type(made).__name__},"
        raise TypeError(f"{shown} has no {', '.join(lost)}")
    return made


@cache
def _members(kind: str) -> Sequence[str]:
    """Methods and attributes of a kind, in the order of its contract."""
    forms = (contract_of(kind), *forms_of(kind))
    names = {name: None for form in forms for name in (*_annotated(form), *vars(form)) if name[0] != "_"}
    names.pop("graphbit_api", None)
    return tuple(names)


def _annotated(form: type) -> Sequence[str]:
    return tuple(vars(form).get("__annotations__", ()))
