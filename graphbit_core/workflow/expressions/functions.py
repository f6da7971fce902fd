"""The functions of expressions. There are no others, and a workflow cannot add any."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import ResourceExhaustedError, ValidationError
from graphbit_core.kernel import Pattern
from graphbit_core.workflow.expressions.fault import Fault
from graphbit_core.workflow.expressions.tree import bounded, calculate
from graphbit_core.workflow.expressions.values import LISTS, SETS, Spend, contains, is_true, kind_of, ordered
from graphbit_core.workflow.values import as_text

MAX_TEXT = 10 * 1024 * 1024
"""Most characters of a text that a function takes."""
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER = 60
MAX_SEARCHED = 1024 * 1024
"""Most characters of a text in which a pattern is looked for."""
_SEARCHING = 4096
"""A search costs a step for so many bytes times states of the pattern's program."""


@dataclass(frozen=True, slots=True)
class Function:
    """How a function is called: with ``least`` to ``most`` arguments."""

    body: Callable[..., Any]
    least: int
    most: int


def _text(value: Any, name: str, spend: Spend, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise Fault(f"{name} takes text, and this is {kind_of(value)}; convert it with str(…)")
    if len(value) > most:
        raise ResourceExhaustedError(
            f"{name} takes texts of up to {most} characters, and this one has {len(value)}",
            resource="expression",
            limit=most,
        )
    spend(len(value) // 1024)
    return value


def _list(value: Any, name: str, spend: Spend) -> list[Any]:
    if not isinstance(value, LISTS + SETS):
        raise Fault(f"{name} takes a list, and this is {kind_of(value)}")
    spend(len(value))
    return list(value)


def _len(spend: Spend, value: Any) -> int:
    if not isinstance(value, (str, *LISTS, *SETS, Mapping)):
        raise Fault(f"len takes text, a list or a mapping, and this is {kind_of(value)}")
    return len(value)


def _contains(spend: Spend, container: Any, item: Any) -> bool:
    return contains(container, item, spend)


def _extreme(name: str, sign: str) -> Callable[..., Any]:
    """``min`` or ``max``: of a list, or of several arguments."""

    def extreme(spend: Spend, *arguments: Any) -> Any:
        items = _list(arguments[0], name, spend) if len(arguments) == 1 else list(arguments)
        if not items:
            raise Fault(f"{name} takes a list that is not empty")
        found = items[0]
        ordered(found, found, sign, spend)  # refuses a single item that has no order
        for item in items[1:]:
            if ordered(item, found, sign, spend):
                found = item
        return found

    return extreme


def _sum(spend: Spend, value: Any) -> int | float:
    total: int | float = 0
    for item in _list(value, "sum", spend):
        total = calculate(total, "+", item)
    return total


def _any(spend: Spend, value: Any) -> bool:
    return any(is_true(item) for item in _list(value, "any", spend))


def _all(spend: Spend, value: Any) -> bool:
    return all(is_true(item) for item in _list(value, "all", spend))


def _abs(spend: Spend, value: Any) -> int | float:
    return abs(_number(value, "abs"))


def _round(spend: Spend, value: Any, digits: Any = None) -> int | float:
    number = _number(value, "round")
    if digits is None:
        return bounded(round(number))
    if kind_of(digits) != "number" or digits not in range(16):
        raise Fault("round takes 0 to 15 digits after the decimal point")
    return round(number, int(digits))


def _int(spend: Spend, value: Any) -> int:
    if kind_of(value) == "number":
        return int(_number(value, "int"))
    return int(bounded(int(_digits(value, "int", _WHOLE))))


def _float(spend: Spend, value: Any) -> float:
    if kind_of(value) == "number":
        return float(_number(value, "float"))
    return bounded(float(_digits(value, "float", _DECIMAL)))


def _number(value: Any, name: str) -> int | float:
    if kind_of(value) != "number":
        raise Fault(f"{name} takes a number, and this is {kind_of(value)}")
    return bounded(value)


def _digits(value: Any, name: str, form: re.Pattern[str]) -> str:
    if not isinstance(value, str):
        raise Fault(f"{name} takes a number or text, and this is {kind_of(value)}")
    digits = value.strip() if len(value) <= _LONGEST_NUMBER else ""
    if not form.fullmatch(digits):
        what = "a whole number" if form is _WHOLE else "a number"
        raise Fault(f"{name} takes text that is {what} and nothing else, and this one is not")
    return digits


def _str(spend: Spend, value: Any) -> str:
    if kind_of(value) not in ("number", "text", "true/false", "null"):
        raise Fault(f"str takes text, a number, true, false or null, and this is {kind_of(value)}")
    return as_text(bounded(value) if kind_of(value) == "number" else value)


def _of_texts(name: str, body: Callable[..., Any]) -> Callable[..., Any]:
    def function(spend: Spend, *arguments: Any) -> Any:
        return body(*(_text(argument, name, spend) for argument in arguments))

    return function


FUNCTIONS: Mapping[str, Function] = {
    "abs": Function(_abs, 1, 1),
    "all": Function(_all, 1, 1),
    "any": Function(_any, 1, 1),
    "contains": Function(_contains, 2, 2),
    "ends_with": Function(_of_texts("ends_with", str.endswith), 2, 2),
    "float": Function(_float, 1, 1),
    "int": Function(_int, 1, 1),
    "len": Function(_len, 1, 1),
    "lower": Function(_of_texts("lower", str.lower), 1, 1),
    "max": Function(_extreme("max", ">"), 1, 100),
    "min": Function(_extreme("min", "<"), 1, 100),
    "round": Function(_round, 1, 2),
    "starts_with": Function(_of_texts("starts_with", str.startswith), 2, 2),
    "str": Function(_str, 1, 1),
    "sum": Function(_sum, 1, 1),
    "upper": Function(_of_texts("upper", str.upper), 1, 1),
}
"""By name. ``default(path, value)`` and ``matches(text, "pattern")`` are made by the parser."""


def matcher(pattern: str) -> Callable[[Spend, Any], bool]:
    """The body of ``matches`` for one pattern.

    Raises:
        Fault: The pattern cannot be used.
    """
    try:
        compiled = Pattern(pattern)
    except ValidationError as error:
        raise Fault(f"the {error.message}") from None
    except UnicodeEncodeError:
        raise Fault("the pattern holds half of a surrogate pair") from None

    def matches(spend: Spend, value: Any) -> bool:
        text = _text(value, "matches", spend, MAX_SEARCHED)
        try:
            size = len(text) if text.isascii() else len(text.encode())
            spend(size * compiled.states // _SEARCHING)
            return compiled.is_match(text)
        except ValidationError as error:
            raise Fault(f"the {error.message}") from None
        except UnicodeEncodeError:
            raise Fault("the text holds half of a surrogate pair") from None

    return matches
