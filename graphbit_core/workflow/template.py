"""Prompt templates: ``{name}`` and ``{node.field}``, replaced in one pass.

A value's own braces are never looked at. Braces around anything that is not a name, as in JSON, are
ordinary text; ``{{name}}`` stands for the text ``{name}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.values import as_text

_NAME = r"[A-Za-z_][\w-]*(?:\.[\w-]+)*"
_PLACEHOLDER = re.compile(rf"\{{\{{({_NAME})\}}\}}|\{{({_NAME})\}}")
MAX_RENDERED = 10 * 1024 * 1024
"""Most characters that rendering may produce."""


def placeholders(template: str) -> list[str]:
    """The names that ``template`` mentions, each once, in order."""
    return list(dict.fromkeys(name for _, name in _PLACEHOLDER.findall(template) if name))


def render(template: str, resolve: Callable[[str], Any]) -> str:
    """``template`` with each placeholder replaced by the text of ``resolve(name)``.

    Raises:
        ValidationError: The result would be longer than ``MAX_RENDERED`` characters.
    """
    length = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal length
        literal, name = match.groups()
        text = f"{{{literal}}}" if literal else as_text(resolve(name))
        length += len(text)
        if length > MAX_RENDERED:
            raise ValidationError(
                f"the template grew past {MAX_RENDERED} characters at {{{name}}}; pass less text", field=name
            )
        return text

    return _PLACEHOLDER.sub(replace, template)


def fill(value: Any, resolve: Callable[[str], Any]) -> Any:
    """``value`` with the texts in it filled, also those in mappings and lists. A text that is one
    placeholder and nothing else gives the value itself, whatever its type.
    """
    if isinstance(value, str):
        alone = _PLACEHOLDER.fullmatch(value)
        return resolve(alone[2]) if alone and alone[2] else render(value, resolve)
    if isinstance(value, Mapping):
        return {key: fill(item, resolve) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, resolve) for item in value]
    return value


def names_in(value: Any) -> list[str]:
    """The names that the texts in ``value`` mention, each once, in order; see ``fill``."""
    if isinstance(value, str):
        return placeholders(value)
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return list(dict.fromkeys(name for item in items for name in names_in(item)))


def lookup(name: str, values: Mapping[str, Any]) -> Any:
    """The value of ``name`` in ``values``; ``a.b`` reaches into mappings and lists, never into objects.

    Raises:
        KeyError: Nothing is there; the argument is the name as far as it could be followed.
    """
    root, *path = name.split(".")
    if root not in values:
        raise KeyError(root)
    return follow(values[root], path, root)


def follow(value: Any, path: Sequence[str], root: str) -> Any:
    """The part of ``value`` at ``path``: keys of mappings, indexes of lists.

    Raises:
        KeyError: Nothing is there; the argument is the path from ``root`` as far as it could be followed.
    """
    followed = root
    for step in path:
        followed = f"{followed}.{step}"
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list | tuple) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            raise KeyError(followed)
    return value
