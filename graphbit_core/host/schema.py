"""The schema of settings: the keywords of whatever takes them, and the types that these are annotated with.

Types that a configuration file can hold are checked, and types made of them; of all others nothing is said
here, and the component checks them itself.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections import abc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from graphbit_core.host.arguments import HOST, NO_SETTING, settings_of, takes_host
from graphbit_core.nearest import nearest

_SEQUENCES: dict[Any, Callable[[Any], Any]] = {
    **{list: list, tuple: tuple, set: set, frozenset: frozenset},
    **{abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list},
    **{abc.Set: frozenset, abc.MutableSet: set},
}
"""Type → what makes it of the list that a configuration file has."""
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)


class MisfitError(Exception):
    """A value is not of the type that is wanted; the message begins with the setting's name."""


def problems_of(taker: Callable[..., Any], settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each setting that ``taker`` does not take, or not with that value, and what is wrong with it."""
    known, _, open_ended = settings_of(taker)
    hints = hints_of(taker)
    found = []
    for name, value in settings.items():
        if name == HOST and takes_host(taker):
            found.append((name, NO_SETTING))
            continue
        if name not in known and not open_ended:
            near = nearest(name, known) or f"; it has {', '.join(known) or 'none'}"
            found.append((name, f"there is no setting {name!r}{near}"))
            continue
        try:
            fitted(hints.get(name, Any), value, name)
        except MisfitError as error:
            found.append((name, str(error)))
    return found


def fitted_all(taker: Callable[..., Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without a problem, in the types that ``taker`` wants: a Path for text, a tuple for a list."""
    hints = hints_of(taker)
    return {name: fitted(hints.get(name, Any), value, name) for name, value in settings.items()}


def hints_of(taker: Any) -> dict[str, Any]:
    """Types by parameter, without those whose names only a type checker knows."""
    while isinstance(taker, functools.partial):
        taker = taker.func
    special = "__init__" if isinstance(taker, type) else "__call__"
    function = inspect.unwrap(taker if inspect.isroutine(taker) else getattr(taker, special))
    hints: dict[str, Any] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        alone = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            hints |= typing.get_type_hints(alone, getattr(function, "__globals__", {}))
        except (NameError, TypeError, AttributeError, SyntaxError):
            continue
    return hints


def fitted(hint: Any, value: Any, name: str) -> Any:
    """``value`` as ``hint`` wants it.

    Raises:
        MisfitError: It is of another type.
    """
    kind, arguments = get_origin(hint) or hint, get_args(hint)
    if kind is Literal:
        if not any(value == one and type(value) is type(one) for one in arguments):
            raise MisfitError(f"{name} must be {' or '.join(map(repr, arguments))}, not {value!r:.60}")
        return value
    if kind in (Union, types.UnionType):
        return _one_of(hint, value, name)
    if kind is Path:
        return Path(_is(hint, value, name, str, Path))
    if kind in (str, bool, types.NoneType):
        return _is(hint, value, name, kind)
    if kind in (int, float):
        return _is(hint, value, name, int, kind)
    if isinstance(kind, abc.Hashable) and kind in _SEQUENCES:
        return _sequence(hint, value, name)
    if kind in _MAPPINGS:
        return _mapping(hint, value, name)
    return value


def _is(hint: Any, value: Any, name: str, *kinds: Any) -> Any:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise MisfitError(f"{name} must be {shown(hint)}, not {type(value).__name__}")
    return value


def _one_of(hint: Any, value: Any, name: str) -> Any:
    misfits = []
    for one in get_args(hint):
        try:
            return fitted(one, value, name)
        except MisfitError as error:
            misfits.append(error)
    inside = [error for error in misfits if not str(error).startswith(f"{name} must")]
    if inside:
        raise inside[0]
    raise MisfitError(f"{name} must be {shown(hint)}, not {type(value).__name__}")


def _sequence(hint: Any, value: Any, name: str) -> Any:
    kind, arguments = get_origin(hint) or hint, get_args(hint)
    items = list(_is(hint, value, name, list, tuple, set, frozenset))
    if kind is tuple and arguments and arguments[-1] is not ...:
        if len(arguments) != len(items):
            raise MisfitError(f"{name} must be {shown(hint)}, not {len(items)} values")
        wanted = list(arguments)
    else:
        wanted = [arguments[0] if arguments else Any] * len(items)
    made = [
        fitted(one, item, f"{name}[{i}]") for i, (one, item) in enumerate(zip(wanted, items, strict=True))
    ]
    return _SEQUENCES[kind](made)


def _mapping(hint: Any, value: Any, name: str) -> dict[Any, Any]:
    arguments = get_args(hint) or (Any, Any)
    _is(hint, value, name, abc.Mapping)
    return {
        fitted(arguments[0], key, f"a key of {name}"): fitted(arguments[1], item, f"{name}.{key}")
        for key, item in value.items()
    }


def shown(hint: Any) -> str:
    """A type as one writes it."""
    text = inspect.formatannotation(hint)
    for module in ("typing.", "collections.abc.", "pathlib."):
        text = text.replace(module, "")
    return text
