"""How what several nodes write to one variable becomes one value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.functions import discard, resolve_function
from graphbit_core.workflow.values import fresh

if TYPE_CHECKING:
    from graphbit_core.workflow.variables import Variable

ABSENT = object()
"""Stands for the value of a variable that has none yet."""

Reducer = Callable[[Any, Sequence[Any]], Any]
"""From the value so far and all that was written, in order, to the new value; changes neither."""


def _append(value: Any, written: Sequence[Any]) -> Any:
    return [*([] if value is ABSENT else value), *written]


def _merge(value: Any, written: Sequence[Any]) -> Any:
    merged = {} if value is ABSENT else dict(value)
    for one in written:
        if not isinstance(one, Mapping):
            raise TypeError(f"a variable that merges is written mappings, not {type(one).__name__}")
        merged.update(one)
    return merged


def _union(value: Any, written: Sequence[Any]) -> Any:
    united = set() if value is ABSENT else set(value)
    for one in written:
        united.update(one if isinstance(one, set | frozenset | list | tuple) else (one,))
    return united


def _one_by_one(combine: Callable[[Any, Any], Any]) -> Reducer:
    return lambda value, written: reduce(combine, written if value is ABSENT else [value, *written])


REDUCERS: dict[str, Reducer] = {
    "last": lambda _, written: written[-1],
    "append": _append,
    "merge": _merge,
    "sum": _one_by_one(lambda value, written: value + written),
    "max": _one_by_one(max),
    "min": _one_by_one(min),
    "set": _union,
}
"""By the name a workflow declares; ``append`` makes a list, ``set`` a set, ``merge`` a mapping."""


_EMPTY: dict[str, Callable[[], Any]] = {"append": list, "merge": dict, "sum": int, "set": set}
"""What a variable is before the first write, where nothing else is declared."""


def reducer(variable: Variable) -> Reducer:
    """The reducer of a declared variable; a callable takes the value so far and one write."""
    known = REDUCERS.get(variable.reducer) if isinstance(variable.reducer, str) else None
    return known or _one_by_one(_plain(resolve_function(variable.reducer, "reducer")))


def _plain(function: Callable[..., Any]) -> Callable[[Any, Any], Any]:
    def combine(value: Any, written: Any) -> Any:
        combined = function(value, written)
        if hasattr(type(combined), "__await__"):
            discard(combined)
            raise TypeError("the reducer is a coroutine function; give a plain one")
        return combined

    return combine


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - what cannot be shown must still be told of
        return f"something whose text cannot be had ({type(error).__name__})"


def first_values(declared: Mapping[str, Variable]) -> dict[str, Any]:
    """Values of declared variables before anything was written; those that have none are left out."""
    values = {}
    for name, variable in declared.items():
        if variable.initial is not None:
            values[name] = fresh(variable.initial)
        elif isinstance(variable.reducer, str) and variable.reducer in _EMPTY:
            values[name] = _EMPTY[variable.reducer]()
    return values


def fold(
    start: Mapping[str, Any], writes: Iterable[tuple[str, Any]], reducers: Mapping[str, Reducer]
) -> dict[str, Any]:
    """The variables after ``writes``, in their order. A variable that is not declared keeps the last.

    Raises:
        ValidationError: A reducer cannot take what was written; the message names the variable.
    """
    variables = dict(start)
    by_name: dict[str, list[Any]] = {}
    for name, written in writes:
        by_name.setdefault(name, []).append(written)
    for name, several in by_name.items():
        try:
            variables[name] = reducers.get(name, REDUCERS["last"])(variables.get(name, ABSENT), several)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise ValidationError(
                f"the variable {name!r} cannot be reduced from {_shown(several):.80}: {_shown(error)}",
                field=name,
            ) from error
    return variables
