"""Prompt templates: ``{name}`` and ``{node.field}``, replaced in one pass.

A value's own braces are never looked at. Braces around anything that is not a name, as in JSON, are
ordinary text; ``{{name}}`` stands for the text ``{name}``.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.types.documents import Document, Match
from graphbit_core.types.messages import ChatResponse
from graphbit_core.workflow.values import as_text

_NAME = r"[A-Za-z_][\w-]*(?:\.[\w-]+)*"
_PLACEHOLDER = re.compile(rf"\{{\{{({_NAME})\}}\}}|\{{({_NAME})\}}")
_AROUND = 4
"""Characters that an item of a list or mapping takes at least, in JSON with indentation."""
_INDEX = re.compile(r"[0-9]{1,18}")
MAX_RENDERED = 10 * 1024 * 1024
"""Most characters that rendering may produce, with those of the template itself."""


def placeholders(template: str) -> list[str]:
    """The names that ``template`` mentions, each once, in order."""
    return list(dict.fromkeys(name for _, name in _PLACEHOLDER.findall(template) if name))


def render(template: str, resolve: Callable[[str], Any]) -> str:
    """``template`` with each placeholder replaced by the text of ``resolve(name)``.

    Raises:
        ValidationError: The result would be longer than ``MAX_RENDERED`` characters, or a value has no form
            as text.
    """
    length = len(template)
    if length > MAX_RENDERED:
        raise ValidationError(f"the template is {length} characters long; at most {MAX_RENDERED} are taken")

    def replace(match: re.Match[str]) -> str:
        nonlocal length
        literal, name = match.groups()
        text = f"{{{literal}}}" if literal else _text_of(resolve(name), name)
        length += len(text) - len(match[0])
        if length > MAX_RENDERED:
            raise _too_long(name)
        return text

    return _PLACEHOLDER.sub(replace, template)


def joined_text(values: Mapping[str, Any], separator: str) -> str:
    """The texts of values, by name, as placeholders give them, with ``separator`` between them.

    Raises:
        ValidationError: As in ``render``.
    """
    texts: list[str] = []
    length = 0
    for name, value in values.items():
        texts.append(_text_of(value, name))
        length += len(texts[-1]) + len(separator)
        if length > MAX_RENDERED + len(separator):
            raise _too_long(name)
    return separator.join(texts)


def _too_long(name: str) -> ValidationError:
    return ValidationError(
        f"the text grew past {MAX_RENDERED} characters at {{{name}}}; pass less text", field=name
    )


def _text_of(value: Any, name: str) -> str:
    """``as_text``, with errors that name the value."""
    if isinstance(value, str):
        return value
    if _is_too_large(value):
        raise _too_long(name)
    try:
        return as_text(value)
    except RecursionError:
        raise ValidationError(f"{{{name}}} is nested too deep to be written as text", field=name) from None
    except (TypeError, ValueError) as error:
        raise ValidationError(f"{{{name}}} cannot be written as text: {error}", field=name) from error


def _is_too_large(value: Any) -> bool:
    """Whether its text would be longer than ``MAX_RENDERED``, found before it is made: a value that holds
    another one many times takes little memory, and its text may take all there is.
    """
    if isinstance(value, ChatResponse | Document | Match):
        return len(value.text) > MAX_RENDERED
    if isinstance(value, list | tuple) and all(isinstance(item, Document | Match) for item in value):
        return sum(len(item.text) for item in value) > MAX_RENDERED
    left = MAX_RENDERED + _AROUND
    waiting: list[Any] = [value]
    while waiting and left >= 0:
        item = waiting.pop()
        left -= _AROUND + (len(item) if isinstance(item, str) else 0)
        if isinstance(item, Mapping):
            waiting.extend(item.values())
        elif isinstance(item, list | tuple | set | frozenset):
            waiting.extend(item)
        elif dataclasses.is_dataclass(item) and not isinstance(item, type):
            waiting.extend(getattr(item, field.name) for field in dataclasses.fields(item) if field.repr)
    return left < 0


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
        elif isinstance(value, list | tuple) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            raise KeyError(followed)
    return value
