"""What a component is told to do, and with what: for ``graphbit plugins show``."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import PluginError
from graphbit_core.host import ComponentInfo, Host
from graphbit_core.host.arguments import annotation_of, is_for_host
from graphbit_core.host.checks import is_row, is_template
from graphbit_core.host.configured import Configured
from graphbit_core.host.loading import load
from graphbit_core.host.records import PLUGIN
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.options import NodeOptions
from graphbit_core.workflow.schema import documented

_SECRET = re.compile(r"(^|_)(key|keys|secret|token|password|credentials)$")
"""Names of settings whose values are not printed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting; ``default`` is None where it must be given.

    Attributes:
        configured: What the configuration says; None if it says nothing, and ``***`` for a secret.
    """

    name: str
    type: str
    default: str | None
    about: str
    configured: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What is known of a component once it is imported."""

    does: str = ""
    settings: tuple[Setting, ...] = ()
    options: tuple[str, ...] = ()
    """What every component of its kind takes beside its own settings."""
    problem: str = ""
    """Why nothing is known."""
    facts: dict[str, str] = dataclasses.field(default_factory=dict)
    """What a row of data says: of a gateway, where it is and which variable holds its key."""
    arguments: tuple[Setting, ...] = ()
    """What a model may give a tool."""
    hooks: tuple[str, ...] = ()
    """Which hooks a module of hooks has."""
    configured_in: str = ""
    """The file that configures some of the settings."""
    misfits: tuple[str, ...] = ()
    """What is wrong with what is configured."""


def describe(host: Host, info: ComponentInfo) -> Described:
    """Imports a component, or a module of hooks, and says what it does and takes."""
    try:
        if info.kind == PLUGIN:
            component = load(info.origin)
            described = _hooks(component)
        else:
            component = host.component(info.kind, f"{info.name}@{info.distribution}")
            described = _component(info, component)
    except PluginError as error:
        return Described(problem=error.message)
    configured = host.settings.configured(info.origin)
    return _with_configured(described, configured, component) if configured.values else described


def _component(info: ComponentInfo, component: Any) -> Described:
    maker = getattr(Node, info.name, None) if info.kind == "node_type" else None
    owners = (
        type(component) if is_row(component) else component,
        getattr(component, "__call__" if is_row(component) else "__init__", None),
        maker,
    )
    about: dict[str, str] = {}
    for owner in owners:
        about |= documented(owner)
    options = tuple(NodeOptions.__annotations__) if info.kind == "node_type" else ()
    facts = _facts(component) if is_row(component) and not is_template(component) else {}
    arguments = _arguments(component.spec.parameters) if hasattr(component, "spec") else ()
    return Described(
        _plain(_summary(component)), _settings(component, about), options, facts=facts, arguments=arguments
    )


def _arguments(schema: Mapping[str, Any]) -> tuple[Setting, ...]:
    """What a tool's JSON Schema says of each argument."""
    required = schema.get("required", ())
    return tuple(
        Setting(
            name,
            str(one.get("type", "")),
            None if name in required else repr(one.get("default")),
            _plain(str(one.get("description", ""))),
        )
        for name, one in schema.get("properties", {}).items()
    )


def _hooks(plugin: Any) -> Described:
    from graphbit_core.host.doctor.trial import marked

    taker = getattr(plugin, "graphbit_settings", None)
    settings = _settings(taker, documented(taker)) if callable(taker) else ()
    return Described(_plain(_summary(plugin)), settings, hooks=tuple(sorted(marked(plugin))))


def _with_configured(described: Described, configured: Configured, component: Any) -> Described:
    settings = tuple(
        dataclasses.replace(one, configured=_shown(one, configured.values[one.name]))
        if one.name in configured.values
        else one
        for one in described.settings
    )
    misfits = tuple(configured.problems(component))
    return dataclasses.replace(described, settings=settings, configured_in=configured.source, misfits=misfits)


def _shown(setting: Setting, value: Any) -> str:
    return "***" if "Secret" in setting.type or _SECRET.search(setting.name) else repr(value)


def _facts(row: Any) -> dict[str, str]:
    """The texts of a row of data, and those of rows in it."""
    facts: dict[str, str] = {}
    for field in dataclasses.fields(row):
        value = getattr(row, field.name)
        if is_row(value) and hasattr(value, "graphbit_api"):  # an embedder of a gateway
            facts |= {name: text for name, text in _facts(value).items() if name not in facts}
        elif isinstance(value, tuple) and all(isinstance(one, str) for one in value):
            facts[field.name] = ", ".join(value)
        elif isinstance(value, str):
            facts[field.name] = value
    return {name: text for name, text in facts.items() if text}


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
        Setting(
            one.name,
            annotation_of(one).removesuffix(" | None"),
            _default(one),
            _plain(about.get(one.name, "")),
        )
        for one in parameters
        if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD) and not is_for_host(one)
    )


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
    if described.facts:
        column = max(map(len, described.facts)) + 2
        rows = [f"{name.replace('_', ' '):{column}}{text}" for name, text in described.facts.items()]
        found += ["", *rows]
    if described.hooks:
        found += ["", *textwrap.wrap(f"hooks: {', '.join(described.hooks)}", width)]
    found += ["", *_rows("settings", described.settings, width)]
    if described.arguments:
        found += ["", *_rows("arguments, given by a model", described.arguments, width)]
    if described.configured_in:
        found += ["", f"configured in {described.configured_in}"]
        found += [f"  wrong: {problem}" for problem in described.misfits]
    if described.options:
        text = f"every node also takes: {', '.join(described.options)}"
        found += ["", *textwrap.wrap(text, width)]
    return found


def _rows(heading: str, settings: Sequence[Setting], width: int) -> list[str]:
    import textwrap

    found = [heading if settings else f"{heading}: none"]
    for one in settings:
        given = "required" if one.default is None else f"default {one.default}"
        facts = [one.type, given if one.default != "None" else ""]
        facts.append("" if one.configured is None else f"configured: {one.configured}")
        text = ", ".join(filter(None, facts))
        found.append(f"  {one.name}  ({text})" if text else f"  {one.name}")
        found += textwrap.wrap(one.about, width, initial_indent="      ", subsequent_indent="      ")
    return found
