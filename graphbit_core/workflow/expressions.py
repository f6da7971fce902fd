"""Safe expressions: ``draft.score >= 0.5 and 'tea' in draft.tags``.

They read mappings and lists, compare and compute. They never reach an attribute of an object, never call
anything but the functions of ``grammar.FUNCTIONS``, and stop when they have done too much.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.kernel import Pattern
from graphbit_core.types.documents import Document, Match
from graphbit_core.workflow.grammar import Constant, Items, Operation, Path, Tree, parse

MAX_STEPS = 10_000
"""Most operations of one evaluation; an element of a list that is searched or compared counts as one."""
MAX_TEXT = 10 * 1024 * 1024
"""Longest text that an evaluation may look through or make, in characters."""
_MAX_NUMBER = 10**30

_FIELDS: dict[type, frozenset[str]] = {
    Document: frozenset({"text", "metadata"}),
    Match: frozenset({"id", "text", "score", "metadata"}),
}
"""What may be read of our own types."""
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": operator.mod
}  # fmt: skip

Resolve = Callable[[str], Any]
"""The value of a root name; raises KeyError, or an error of its own, where there is none."""


class Expression:
    """A parsed expression.

    Raises:
        ValidationError: The text is not one; the message shows where, and what mends it.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tree = parse(text)
        self._patterns = {pattern: Pattern(pattern) for pattern in _patterns(self._tree)}

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @cached_property
    def names(self) -> list[str]:
        """The names it reads, as a template's placeholders: ``draft.score``; those with a default left out."""
        return list(dict.fromkeys(str(path) for path in _paths(self._tree)))

    def evaluate(self, resolve: Resolve) -> Any:
        """The value.

        Raises:
            ValidationError: A name or key is missing, types do not go together, or it does too much.
        """
        return _Evaluation(self.text, resolve, self._patterns).value(self._tree)


def _paths(tree: Tree) -> Iterator[Path]:
    match tree:
        case Path():
            yield tree
        case Items(items):
            for item in items:
                yield from _paths(item)
        case Operation(name, arguments):
            for argument in arguments[1:] if name == "default" else arguments:
                yield from _paths(argument)
        case Constant():
            return


def _patterns(tree: Tree) -> Iterator[str]:
    match tree:
        case Operation("matches", (_, Constant(pattern))):
            yield pattern
        case Operation(_, inner) | Items(inner):
            for one in inner:
                yield from _patterns(one)
        case _:
            return


class _Evaluation:
    """One evaluation, and how much it has done."""

    def __init__(self, text: str, resolve: Resolve, patterns: Mapping[str, Pattern]) -> None:
        self._text = text
        self._resolve = resolve
        self._patterns = patterns
        self._steps = 0

    def value(self, tree: Tree) -> Any:
        """The value of a part."""
        self._count(1)
        match tree:
            case Constant(value):
                return value
            case Path():
                return self._read(tree)
            case Items(items):
                return [self.value(item) for item in items]
            case Operation("and", (left, right)):
                return self.value(left) and self.value(right)
            case Operation("or", (left, right)):
                return self.value(left) or self.value(right)
            case Operation("default", (wanted, other)):
                return self._or_default(wanted, other)
            case Operation(name, arguments):
                return self._apply(name, [self.value(argument) for argument in arguments])

    def _refuse(self, problem: str) -> ValidationError:
        return ValidationError(f"{problem}, in the expression {self._text!r:.200}", field="expression")

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise self._refuse(f"it takes more than {MAX_STEPS} steps; compute this in a transform")

    def _read(self, path: Path) -> Any:
        try:
            value = self._resolve(path.root)
        except KeyError:
            raise self._refuse(f"there is no {path.root!r}") from None
        followed = path.root
        for step in path.steps:
            fields = _FIELDS.get(type(value), frozenset())
            if (isinstance(value, Mapping) and step in value) or (
                isinstance(value, list | tuple) and isinstance(step, int) and step < len(value)
            ):
                value = value[step]
            elif step in fields:
                value = getattr(value, str(step))
            else:
                raise self._refuse(f"there is no {step!r} in {followed!r}, a {type(value).__name__}")
            followed = f"{followed}.{step}"
        return value

    def _or_default(self, wanted: Tree, other: Tree) -> Any:
        try:
            found = self.value(wanted)
        except ValidationError:
            found = None
        return self.value(other) if found is None else found

    def _apply(self, name: str, arguments: list[Any]) -> Any:
        if name in ("==", "!="):
            return self._equal(*arguments) is (name == "==")
        if name in _COMPARE:
            return self._compare(name, *arguments)
        if name in _ARITHMETIC:
            return self._compute(name, *arguments)
        if name == "matches":
            return self._patterns[arguments[1]].is_match(self._short(arguments[0], "matches"))
        function: Callable[..., Any] = getattr(self, f"_do_{name}")
        return function(*arguments)

    # --- operators -------------------------------------------------------------------------------

    def _equal(self, left: Any, right: Any) -> bool:
        for side in (left, right):
            self._count(_size(side))
        plain = (bool, int, float, str, bytes, type(None), list, tuple, dict)
        if not isinstance(left, plain) or not isinstance(right, plain):
            raise self._mismatch("compare", left, right)
        same_kind = isinstance(left, bool) is isinstance(right, bool)
        return same_kind and bool(left == right)

    def _compare(self, name: str, left: Any, right: Any) -> bool:
        if not (_numbers(left, right) or (isinstance(left, str) and isinstance(right, str))):
            raise self._mismatch("compare", left, right)
        return _COMPARE[name](left, right)

    def _compute(self, name: str, left: Any, right: Any) -> Any:
        if name == "+" and isinstance(left, str) and isinstance(right, str):
            return self._short(left + right, "+")
        if not _numbers(left, right):
            raise self._mismatch("compute with", left, right)
        try:
            return self._bounded(_ARITHMETIC[name](left, right))
        except (ZeroDivisionError, OverflowError) as error:
            raise self._refuse(f"{left!r} {name} {right!r} has no value: {error}") from None

    def _bounded(self, number: Any) -> Any:
        if isinstance(number, int) and abs(number) > _MAX_NUMBER:
            raise self._refuse("a number grows past 30 digits")
        return number

    def _mismatch(self, verb: str, left: Any, right: Any) -> ValidationError:
        return self._refuse(f"it cannot {verb} a {type(left).__name__} and a {type(right).__name__}")

    def _do_in(self, item: Any, container: Any) -> bool:
        if isinstance(container, str):
            if not isinstance(item, str):
                raise self._mismatch("search", item, container)
            return item in self._short(container, "in")
        if isinstance(container, Mapping):
            return isinstance(item, str | int | float | bool) and item in container
        if isinstance(container, list | tuple | set | frozenset):
            self._count(len(container))
            return any(_plain(item) and _plain(one) and item == one for one in container)
        raise self._refuse(f"it cannot search a {type(container).__name__}")

    def _do_not(self, value: Any) -> bool:
        return not value

    def _do_negative(self, value: Any) -> Any:
        return -self._number(value, "-")

    # --- functions -------------------------------------------------------------------------------

    def _do_len(self, value: Any) -> int:
        if not isinstance(value, str | bytes | list | tuple | Mapping | set | frozenset):
            raise self._refuse(f"len takes a text, a list or a mapping, not a {type(value).__name__}")
        return len(value)

    def _do_lower(self, value: Any) -> str:
        return self._short(value, "lower").lower()

    def _do_upper(self, value: Any) -> str:
        return self._short(value, "upper").upper()

    def _do_strip(self, value: Any) -> str:
        return self._short(value, "strip").strip()

    def _do_contains(self, container: Any, item: Any) -> bool:
        return self._do_in(item, container)

    def _do_starts_with(self, text: Any, start: Any) -> bool:
        return self._short(text, "starts_with").startswith(self._short(start, "starts_with"))

    def _do_ends_with(self, text: Any, end: Any) -> bool:
        return self._short(text, "ends_with").endswith(self._short(end, "ends_with"))

    def _do_min(self, *values: Any) -> Any:
        return min(self._alike("min", values))

    def _do_max(self, *values: Any) -> Any:
        return max(self._alike("max", values))

    def _do_sum(self, values: Any) -> Any:
        return self._bounded(sum(self._number(value, "sum") for value in self._list(values, "sum")))

    def _do_any(self, values: Any) -> bool:
        return any(self._list(values, "any"))

    def _do_all(self, values: Any) -> bool:
        return all(self._list(values, "all"))

    def _do_abs(self, value: Any) -> Any:
        return abs(self._number(value, "abs"))

    def _do_round(self, value: Any, digits: Any = 0) -> Any:
        if isinstance(digits, bool) or not isinstance(digits, int) or not 0 <= digits <= 15:
            raise self._refuse("round takes 0 to 15 digits")
        return self._converted("round", lambda: round(self._number(value, "round"), digits or None))

    def _do_int(self, value: Any) -> int:
        if isinstance(value, str) and len(value) > 30:
            raise self._refuse("int takes a text of at most 30 characters")
        self._scalar(value, "int")
        return self._converted("int", lambda: int(value))

    def _do_float(self, value: Any) -> float:
        self._scalar(value, "float")
        return self._converted("float", lambda: float(value))

    def _do_str(self, value: Any) -> str:
        return str(self._scalar(value, "str"))

    # --- what functions take ---------------------------------------------------------------------

    def _short(self, value: Any, where: str) -> str:
        if not isinstance(value, str):
            raise self._refuse(f"{where} takes a text, not a {type(value).__name__}")
        if len(value) > MAX_TEXT:
            raise self._refuse(f"{where} takes a text of at most {MAX_TEXT} characters, not {len(value)}")
        return value

    def _number(self, value: Any, where: str) -> Any:
        if not _numbers(value):
            raise self._refuse(f"{where} takes a number, not a {type(value).__name__}")
        return value

    def _scalar(self, value: Any, where: str) -> Any:
        if not isinstance(value, str | int | float):
            raise self._refuse(f"{where} takes a text or a number, not a {type(value).__name__}")
        return self._short(value, where) if isinstance(value, str) else value

    def _list(self, value: Any, where: str) -> Sequence[Any]:
        if not isinstance(value, list | tuple):
            raise self._refuse(f"{where} takes a list, not a {type(value).__name__}")
        self._count(len(value))
        return value

    def _alike(self, where: str, values: Sequence[Any]) -> Sequence[Any]:
        several = self._list(values[0], where) if len(values) == 1 else values
        if several and (_numbers(*several) or all(isinstance(value, str) for value in several)):
            return several
        raise self._refuse(f"{where} takes numbers, or texts, at least one")

    def _converted(self, where: str, convert: Callable[[], Any]) -> Any:
        try:
            return self._bounded(convert())
        except (ValueError, OverflowError) as error:
            raise self._refuse(f"{where} has no value: {error}") from None


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str | bytes | type(None) | list | tuple | dict)


def _size(value: Any) -> int:
    """Elements of nested lists and mappings, counted as far as the budget goes."""
    waiting, count = [value], 0
    while waiting and count <= MAX_STEPS:
        one = waiting.pop()
        if isinstance(one, list | tuple | dict):
            count += len(one)
            waiting.extend(list(one.values() if isinstance(one, dict) else one)[:MAX_STEPS])
    return count
