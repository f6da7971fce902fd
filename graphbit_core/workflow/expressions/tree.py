"""The parsed expression: frozen nodes that evaluate themselves within a budget of steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from graphbit_core.errors import OutputNotProducedError, ResourceExhaustedError, ValidationError
from graphbit_core.workflow.expressions.fault import Fault, Missing
from graphbit_core.workflow.expressions.values import contains, equals, is_true, kind_of, ordered, part_of

MAX_STEPS = 100_000
"""Steps that one evaluation may take: one per operation, per item looked at, and per KiB of text."""
MAX_INTEGER = 2**64
"""Whole numbers beyond this, either way, are not calculated with."""


class Evaluation:
    """One evaluation: where names come from, what is left of the budget, and where it stands."""

    __slots__ = ("_left", "at", "resolve")

    def __init__(self, resolve: Callable[[str], Any]) -> None:
        self.resolve = resolve
        self.at = 0
        self._left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Takes steps from the budget."""
        self._left -= steps
        if self._left < 0:
            raise ResourceExhaustedError(
                f"the expression takes more than {MAX_STEPS} steps on these values; "
                "look at less of them, or use a function",
                resource="expression",
                limit=MAX_STEPS,
            )

    def step(self, at: int) -> None:
        """Comes to the operation at position ``at``."""
        self.at = at
        self.spend(1)


class Tree(Protocol):
    """A node of the tree. ``at`` is its position in the expression."""

    @property
    def at(self) -> int:
        """Position in the expression."""
        ...

    def evaluate(self, run: Evaluation) -> Any:
        """Its value. Raises Fault; ResourceExhaustedError when the budget is used up."""
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, truth value or null."""

    value: Any
    at: int

    def evaluate(self, run: Evaluation) -> Any:
        """Itself."""
        run.step(self.at)
        return self.value


@dataclass(frozen=True, slots=True)
class Items:
    """``[a, b]``."""

    items: tuple[Tree, ...]
    at: int

    def evaluate(self, run: Evaluation) -> Any:
        """A new list."""
        run.step(self.at)
        return [item.evaluate(run) for item in self.items]


@dataclass(frozen=True, slots=True)
class Path:
    """A name, and the parts of its value: ``items[0].name``."""

    root: str
    steps: tuple[str | Tree, ...]
    at: int

    def evaluate(self, run: Evaluation) -> Any:
        """What is there."""
        run.step(self.at)
        try:
            value = run.resolve(self.root)
        except KeyError:
            raise Missing(f"there is no {self.root!r}") from None
        path = self.root
        for step in self.steps:
            key = step if isinstance(step, str) else step.evaluate(run)
            path += f".{key}" if isinstance(step, str) else f"[{_brief(key)}]"
            run.step(self.at)
            value = part_of(value, key, path)
        return value


def _brief(key: Any) -> str:
    return f"{key!r:.80}" if isinstance(key, str) or kind_of(key) == "number" else kind_of(key)


@dataclass(frozen=True, slots=True)
class Default:
    """``default(path, value)``."""

    path: Path
    fallback: Tree
    at: int

    def evaluate(self, run: Evaluation) -> Any:
        """What is at the path, or the other value if nothing is."""
        try:
            return self.path.evaluate(run)
        except (
            Missing,
            OutputNotProducedError,
            ValidationError,
        ):  # the last two: what ``resolve`` has to say
            return self.fallback.evaluate(run)


@dataclass(frozen=True, slots=True)
class Junction:
    """``a and b and c``, or with ``or``: true or false, and no more is evaluated than that takes."""

    terms: tuple[Tree, ...]
    ends_on: bool
    at: int

    def evaluate(self, run: Evaluation) -> bool:
        """True or false, never one of the terms."""
        for term in self.terms:
            value = term.evaluate(run)
            run.step(self.at)
            if is_true(value) is self.ends_on:
                return self.ends_on
        return not self.ends_on


@dataclass(frozen=True, slots=True)
class Not:
    """``not a``."""

    term: Tree
    at: int

    def evaluate(self, run: Evaluation) -> bool:
        """The opposite."""
        value = self.term.evaluate(run)
        run.step(self.at)
        return not is_true(value)


@dataclass(frozen=True, slots=True)
class Comparison:
    """``a < b`` and its like, ``a in b``, ``a not in b``."""

    sign: str
    left: Tree
    right: Tree
    at: int

    def evaluate(self, run: Evaluation) -> bool:
        """Whether it holds."""
        left, right = self.left.evaluate(run), self.right.evaluate(run)
        run.step(self.at)
        if self.sign in ("==", "!="):
            return equals(left, right, run.spend) is (self.sign == "==")
        if self.sign in ("in", "not in"):
            return contains(right, left, run.spend) is (self.sign == "in")
        return ordered(left, right, self.sign, run.spend)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``a + b - c`` or ``a * b / c``, from left to right; ``-a`` is ``0 - a``."""

    first: Tree
    rest: tuple[tuple[str, Tree, int], ...]
    at: int

    def evaluate(self, run: Evaluation) -> int | float:
        """The number."""
        value = self.first.evaluate(run)
        for sign, operand, at in self.rest:
            other = operand.evaluate(run)
            run.step(at)
            value = calculate(value, sign, other)
        return value  # type: ignore[no-any-return]


def calculate(left: Any, sign: str, right: Any) -> int | float:
    """``left sign right`` of numbers, within bounds."""
    kinds = kind_of(left), kind_of(right)
    if kinds != ("number", "number"):
        hint = "; texts are joined by a template" if sign == "+" and "text" in kinds else ""
        raise Fault(f"{kinds[0]} {sign} {kinds[1]} cannot be calculated; both must be numbers{hint}")
    bounded(left)
    bounded(right)
    if sign in ("/", "%") and right == 0:
        raise Fault("division by zero")
    return bounded(_CALCULATE[sign](left, right))


_CALCULATE: dict[str, Callable[[Any, Any], int | float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "%": lambda a, b: a % b,
}


def bounded(number: int | float) -> int | float:
    """The number, if it is finite and no huge whole number."""
    if isinstance(number, int):
        if not -MAX_INTEGER <= number <= MAX_INTEGER:
            raise Fault(
                "a whole number beyond 2 to the power of 64; write it with a decimal point, as in 1.0e30"
            )
    elif not math.isfinite(number):
        raise Fault("a number too large to calculate with")
    return number


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one of our functions."""

    function: Callable[..., Any]
    arguments: tuple[Tree, ...]
    at: int

    def evaluate(self, run: Evaluation) -> Any:
        """What the function gives."""
        arguments = [argument.evaluate(run) for argument in self.arguments]
        run.step(self.at)
        return self.function(run.spend, *arguments)
