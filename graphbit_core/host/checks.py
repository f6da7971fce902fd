"""What a component must be, checked when it is loaded."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from graphbit_core.contracts import API_VERSION
from graphbit_core.host.arguments import RESERVED, annotation_of, host_parameter, settings_of
from graphbit_core.host.faults import incompatible, unusable
from graphbit_core.host.records import PLUGIN, Origin
from graphbit_core.host.reference import Reference

_FORMS = {"embedder": ("LocalEmbedder", "HttpEmbedder")}
"""Kinds whose contract comes in several forms."""


def check(origin: Origin, component: Any) -> None:
    """Checks a component that an entry point, a hook or code has given.

    What an entry point names must be a class with its kind's methods, or a frozen dataclass instance,
    and declare ``graphbit_api``. Code may also hand over a function, and need not declare a version:
    it was written for the graphbit-core that it runs with.

    Raises:
        PluginLoadError: It is of the wrong type, a class without a method its kind must have or that nobody
            can make an instance of, or it has a setting whose name is taken.
        IncompatiblePluginError: It declares no version, or one this host does not speak.
    """
    installed, named = origin.source == "installed", origin.source in ("installed", "in-house")
    if origin.kind == PLUGIN:
        check_version(origin, component, required=installed)
        return
    is_class = isinstance(component, type)
    if not (is_class or is_row(component) or _is_tool(origin, component)):
        allowed = "a class or a frozen dataclass instance"
        if installed or not callable(component):
            problem = f"a {origin.kind} must be {allowed}, not {_shown(component)}"
            raise unusable(origin, problem + _attribute_hint(origin, component))
    check_version(origin, component, required=installed)
    _check_settings(origin, component)
    _check_can_be_made(origin, component)
    if named and is_class:
        _check_methods(origin, component)


def check_version(origin: Origin, component: Any, *, required: bool) -> None:
    """Same major, and minor not above the host's. Without ``required`` the declaration may be absent."""
    declared = getattr(component, "graphbit_api", None)
    if declared is None and not required:
        return
    match declared:
        case (int(major), int(minor)) if isinstance(declared, tuple):
            if major == API_VERSION[0] and minor <= API_VERSION[1]:
                return
    raise incompatible(origin, declared)


def _check_settings(origin: Origin, component: Any) -> None:
    """No setting may have a name that means something else in every component, or every one of its kind."""
    _check_host(origin, component)
    reserved = RESERVED.get(origin.kind)
    if reserved is None:
        return
    known, _, _ = settings_of(makes(component))
    if taken := [name for name in known if name in reserved]:
        raise unusable(
            origin,
            f"a setting cannot be called {' or '.join(map(repr, taken))}: in every {origin.kind} that means "
            "something else, so it would never be given it; call it something else",
        )


def _check_host(origin: Origin, component: Any) -> None:
    if not callable(component):
        return
    parameter = host_parameter(component)
    annotation = annotation_of(parameter) if parameter is not None else ""
    if annotation and not any(word in annotation for word in ("Host", "Any", "object")):
        raise unusable(
            origin,
            f"its keyword-only parameter 'host' is annotated {annotation}, but is given the Host that makes "
            "the component; call the setting something else, such as 'server'",
        )


def _attribute_hint(origin: Origin, component: Any) -> str:
    """What to write for a module, where a class in it was meant."""
    if not inspect.ismodule(component) or origin.entry_point is None:
        return ""
    place = Reference.read(origin.entry_point).place
    return f"; name what is meant in it: '{place}:Name'"


def _check_can_be_made(origin: Origin, component: Any) -> None:
    """Settings are given by name, so what can only be given by position is given by nobody."""
    if abstract := sorted(getattr(component, "__abstractmethods__", ())):
        raise unusable(
            origin, f"{component.__name__} cannot be made: {', '.join(abstract)} is still abstract"
        )
    try:
        parameters = inspect.signature(makes(component)).parameters.values()
    except (TypeError, ValueError):  # a built-in without a signature, or an object that is not made
        return
    unnamed = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY and p.default is p.empty]
    if unnamed:
        names = ", ".join(map(repr, unnamed))
        raise unusable(
            origin,
            f"it cannot be made: settings are given by name, and {names} can only be given by position",
        )


def makes(component: Any) -> Callable[..., Any]:
    """What is called with the settings."""
    if is_template(component):
        fields = [field.name for field in dataclasses.fields(component) if field.init]
        row: Callable[..., Any] = type(component)
        return partial(row, **{field: getattr(component, field) for field in fields})
    if not isinstance(component, type) and hasattr(component, "graphbit_api") and not is_row(component):
        return lambda: component
    made: Callable[..., Any] = component
    return made


def is_row(component: Any) -> bool:
    """Whether it is a frozen row of data."""
    return (
        dataclasses.is_dataclass(component)
        and not isinstance(component, type)
        and component.__dataclass_params__.frozen  # type: ignore[attr-defined]
    )


def is_template(component: Any) -> bool:
    """Whether it is a row whose fields are the settings; one that can be called makes instances itself."""
    return is_row(component) and not callable(component)


def _is_tool(origin: Origin, component: Any) -> bool:
    return origin.kind == "tool" and callable(getattr(component, "call", None)) and hasattr(component, "spec")


def _check_methods(origin: Origin, component: type) -> None:
    lacking = [_missing(form, component) for form in forms_of(origin.kind)]
    if all(lacking):
        names = " or ".join(", ".join(names) for names in lacking)
        raise unusable(origin, f"{component.__name__} is not a {origin.kind}: it has no {names}")


def _missing(form: type, component: type) -> list[str]:
    wanted = [name for name, value in vars(form).items() if inspect.isfunction(value) and name[0] != "_"]
    return [method for method in wanted if not hasattr(component, method)]


def forms_of(kind: str) -> tuple[type, ...]:
    """The protocols of which each component of a kind follows one: for most kinds just their contract."""
    contract = contract_of(kind)
    module = import_module(contract.__module__)
    return tuple(getattr(module, form) for form in _FORMS.get(kind, (contract.__name__,)))


def contract_of(kind: str) -> type:
    """The protocol of a kind of component: that of ``vector_store`` is ``VectorStore``, and so on."""
    module = import_module(f"graphbit_core.contracts.{kind}")
    contract: type = getattr(module, "".join(word.capitalize() for word in kind.split("_")))
    return contract


def _shown(component: Any) -> str:
    if inspect.ismodule(component):
        return f"the module {component.__name__}"
    if inspect.isroutine(component):
        return f"the function {component.__name__}"
    return f"{component!r:.60} of type {type(component).__name__}"
