"""Variables of a workflow: names that nodes write, and how several writes become one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.options import function_or_path, variable_name

REDUCERS = ("last", "append", "merge", "sum", "max", "min", "set")
VARIABLE_KEYS = ("reducer", "initial")


@dataclass(frozen=True, slots=True)
class Variable:
    """How the writes to a variable become its value.

    Attributes:
        reducer: One of ``REDUCERS``, or a function of the value so far and the one written, or where that is:
            ``package.module:function``.
        initial: The value before the first write; None: there is none.
    """

    reducer: Callable[[Any, Any], Any] | str = "last"
    initial: Any = None

    def written(self) -> Any:
        """As users write it; ``parse_variables`` reads it again."""
        return self.reducer if self.initial is None else {"reducer": self.reducer, "initial": self.initial}


def parse_variables(given: Any) -> Mapping[str, Variable]:
    """Variables by name, of what users wrote: per name a reducer, or a mapping with reducer and initial.

    Raises:
        ValidationError: Some are wrong; ``findings`` lists them all.
    """
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        raise ValidationError(
            f"variables is {given!r:.80}; give a mapping such as {{'notes': 'append'}}", field="variables"
        )
    variables: dict[str, Variable] = {}
    findings: list[Finding] = []
    for name, value in given.items():
        try:
            variables[variable_name(name)] = _variable(value)
        except ValueError as error:
            findings.append(Finding("bad_variable", f"the variable {name!r} is {value!r:.80}", str(error)))
    if findings:
        raise ValidationError("variables are wrong:", findings=tuple(findings), field="variables")
    return MappingProxyType(variables)


def _variable(value: Any) -> Variable:
    if isinstance(value, Variable):
        return Variable(_reducer(value.reducer), value.initial)
    if not isinstance(value, Mapping):
        return Variable(_reducer(value))
    for key in value:
        if key not in VARIABLE_KEYS:
            raise ValueError(
                f"a mapping has 'reducer' and 'initial'; not {key!r}{nearest(str(key), VARIABLE_KEYS)}"
            )
    return Variable(_reducer(value.get("reducer", "last")), value.get("initial"))


def _reducer(value: Any) -> Callable[[Any, Any], Any] | str:
    if isinstance(value, str) and value in REDUCERS:
        return value
    try:
        return function_or_path(value)
    except ValueError:
        hint = nearest(value, REDUCERS) if isinstance(value, str) else ""
        raise ValueError(
            f"a reducer is {', '.join(REDUCERS)}, a function or 'package.module:function'{hint}"
        ) from None
