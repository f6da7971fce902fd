"""What a component is told to do, and with what: for ``graphbit plugins show``."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import PluginError
from graphbit_core.host import Host
from graphbit_core.host.arguments import is_for_host
from graphbit_core.host.checks import is_row, is_template
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.options import NodeOptions
from graphbit_core.workflow.schema import documented


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; ``default`` is None where it must be given."""

    name: str
    type: str
    default: str | None
    about: str


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a component once it is imported."""

    does: str = ""
    settings: tuple[Setting, ...] = ()
    options: tuple[str, ...] = ()
    """What every component of its kind takes beside its own settings."""
    problem: str = ""
    """Why nothing is known."""


def describe(host: Host, kind: str, name: str) -> Described:
    """Imports a component and says what it does and takes.

    Args:
        host: Where it comes from.
        kind: Its kind.
        name: Its name, with ``@distribution`` where several offer it.
    """
    try:
        component = host.component(kind, name)
    except PluginError as error:
        return Described(problem=error.message)
    maker = getattr(Node, name.partition("@")[0], None) if kind == "node_type" else None
    owners = (
        type(component) if is_row(component) else component,
        getattr(component, "__call__" if is_row(component) else "__init__", None),
        maker,
    )
    about: dict[str, str] = {}
    for owner in owners:
        about |= documented(owner)
    options = tuple(NodeOptions.__annotations__) if kind == "node_type" else ()
    return Described(_plain(_summary(component)), _settings(component, about), options)


def _summary(component: Any) -> str:
    return (inspect.getdoc(component) or "").partition("\n\n")[0]


def _settings(component: Any, about: dict[str, str]) -> tuple[Setting, ...]:
    if is_template(component):
        fields = [field for field in dataclasses.fields(component) if field.init]
        return tuple(
            Setting(one.name, str(one.type), repr(getattr(component, one.name)), about.get(one.name, ""))
            for one in fields
        )
    try:
        parameters = inspect.signature(component).parameters.values()
    except (TypeError, ValueError):  # it has no signature, so it checks its settings itself
        return ()
    return tuple(
        Setting(one.name, _type(one), _default(one), _plain(about.get(one.name, "")))
        for one in parameters
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and not is_for_host(one)
    )


def _type(parameter: inspect.Parameter) -> str:
    if parameter.annotation is parameter.empty:
        return ""
    text = inspect.formatannotation(parameter.annotation)
    return text.strip("'").removesuffix(" | None")


def _default(parameter: inspect.Parameter) -> str | None:
    return None if parameter.default is parameter.empty else repr(parameter.default)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("``", "'")


def lines(described: Described, width: int = 100) -> list[str]:
    """It as text for a terminal."""
    import textwrap

    if described.problem:
        return [f"its settings cannot be told: {described.problem}"]
    found = textwrap.wrap(described.does, width)
    found += ["", "settings"] if described.settings else ["", "settings: none"]
    for one in described.settings:
        given = "required" if one.default is None else f"default {one.default}"
        facts = ", ".join(filter(None, (one.type, given if one.default != "None" else "")))
        found.append(f"  {one.name}  ({facts})" if facts else f"  {one.name}")
        found += textwrap.wrap(one.about, width, initial_indent="      ", subsequent_indent="      ")
    if described.options:
        text = f"every node also takes: {', '.join(described.options)}"
        found += ["", *textwrap.wrap(text, width)]
    return found
