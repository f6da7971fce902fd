"""The grammar of expressions: from a text to a tree of plain data. Nothing in it can call Python code.

either   := both ("or" both)*
both     := negation ("and" negation)*
negation := "not" negation | relation
relation := sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") sum)?
sum      := product (("+" | "-") product)*
product  := sign (("*" | "/" | "%") sign)*
sign     := "-" sign | primary
primary  := number | text | "true" | "false" | "null" | list | "(" either ")" | call | path
path     := name ("." name | "[" number "]" | "[" text "]")*
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest

MAX_LENGTH = 10_000
"""Longest expression, in characters."""
MAX_DEPTH = 50
"""Deepest nesting of parentheses, lists, calls and signs."""

FUNCTIONS = {
    "len": (1, 1), "lower": (1, 1), "upper": (1, 1), "strip": (1, 1), "contains": (2, 2), "starts_with": (2, 2),
    "ends_with": (2, 2), "matches": (2, 2), "default": (2, 2), "min": (1, 9), "max": (1, 9), "sum": (1, 1),
    "any": (1, 1), "all": (1, 1), "abs": (1, 1), "round": (1, 2), "int": (1, 1), "float": (1, 1), "str": (1, 1),
}  # fmt: skip
"""The functions there are, with the fewest and the most arguments they take."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d{1,3})?)
  | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<name>[A-Za-z_]\w*(?:-\w+)*)
  | (?P<sign>==|!=|<=|>=|[-+*/%<>()\[\],.])
    )""",
    re.VERBOSE,
)
_WORDS = {"and", "or", "not", "in", "true", "false", "null", "True", "False", "None"}
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_RELATIONS = ("==", "!=", "<=", ">=", "<", ">", "in")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, true, false or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    items: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A name, and steps into its value."""

    root: str
    steps: tuple[str | int, ...]

    def __str__(self) -> str:
        return ".".join((self.root, *map(str, self.steps)))


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator or function, and what it works on."""

    name: str
    arguments: tuple[Tree, ...]


Tree: TypeAlias = Constant | Items | Path | Operation


def parse(text: str) -> Tree:
    """The tree of an expression.

    Raises:
        ValidationError: It is not one; the message shows where, and what mends it.
    """
    if len(text) > MAX_LENGTH:
        raise ValidationError(f"an expression has at most {MAX_LENGTH} characters, not {len(text)}")
    parser = _Parser(text)
    tree = parser.either()
    if parser.kind != "end":
        parser.refuse("this was not expected here; join two parts with and, or, or an operator")
    return tree


class _Parser:
    """Reads one token ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self._depth = 0
        self.kind = ""
        self.token = ""
        self._at = 0
        self._advance()

    def refuse(self, problem: str, at: int | None = None) -> NoReturn:
        """Raises the error of a wrong expression, with a mark under the place."""
        place = self._at if at is None else at
        raise ValidationError(f"{problem}\n    {self._text}\n    {' ' * place}^")

    def either(self) -> Tree:
        """See the grammar."""
        return self._chain(("or",), self._both)

    def _both(self) -> Tree:
        return self._chain(("and",), self._negation)

    def _negation(self) -> Tree:
        if not self._take("not"):
            return self._relation()
        return Operation("not", (self._nested(self._negation),))

    def _relation(self) -> Tree:
        left = self._sum()
        if self._take("not"):
            if not self._take("in"):
                self.refuse("after 'not' comes 'in' here")
            return Operation("not", (Operation("in", (left, self._sum())),))
        for relation in _RELATIONS:
            if self._take(relation):
                found = Operation(relation, (left, self._sum()))
                if self.token in _RELATIONS and self.kind != "text":
                    self.refuse("comparisons do not chain; write a < b and b < c")
                return found
        if self.token == "=":
            self.refuse("compare with ==")
        return left

    def _sum(self) -> Tree:
        return self._chain(("+", "-"), self._product)

    def _product(self) -> Tree:
        return self._chain(("*", "/", "%"), self._sign)

    def _sign(self) -> Tree:
        return Operation("negative", (self._nested(self._sign),)) if self._take("-") else self._primary()

    def _primary(self) -> Tree:
        kind, token, at = self.kind, self.token, self._at
        if kind == "number":
            self._advance()
            return Constant(float(token) if any(mark in token for mark in ".eE") else self._whole(token, at))
        if kind == "text":
            self._advance()
            return Constant(_unquoted(token))
        if self._take("("):
            inner = self._nested(self.either)
            self._expect(")")
            return inner
        if self._take("["):
            return Items(self._arguments("]"))
        if kind == "name" and (token not in _WORDS or token in _CONSTANTS):
            self._advance()
            if token in _CONSTANTS:
                return Constant(_CONSTANTS[token])
            return self._call(token, at) if self._take("(") else self._path(token)
        return self.refuse("a value is missing here: a name, a number, a text in quotes, a list or (…)")

    def _whole(self, token: str, at: int) -> int:
        if len(token) > 18:
            self.refuse("whole numbers have at most 18 digits", at)
        return int(token)

    def _call(self, name: str, at: int) -> Tree:
        if name not in FUNCTIONS:
            hint = nearest(name, FUNCTIONS) or f"; there are {', '.join(FUNCTIONS)}"
            self.refuse(f"there is no function {name!r}{hint}", at)
        arguments = self._arguments(")")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            takes = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            self.refuse(f"{name} takes {takes} arguments, not {len(arguments)}", at)
        if name == "matches" and not (
            isinstance(arguments[1], Constant) and isinstance(arguments[1].value, str)
        ):
            self.refuse("the pattern of matches is a text in quotes, not something computed", at)
        return Operation(name, arguments)

    def _path(self, root: str) -> Path:
        steps: list[str | int] = []
        while self.token in (".", "[") and self.kind == "sign":
            if self._take("."):
                if (
                    self.kind not in ("name", "number")
                    or not self.token.replace("_", "a").replace("-", "a").isalnum()
                ):
                    self.refuse("after a dot comes a name or a whole number")
                steps.append(int(self.token) if self.kind == "number" else self.token)
                self._advance()
                continue
            self._advance()
            if self.kind == "number" and self.token.isdigit():
                steps.append(self._whole(self.token, self._at))
            elif self.kind == "text":
                steps.append(_unquoted(self.token))
            else:
                self.refuse("in brackets stands a whole number or a text in quotes")
            self._advance()
            self._expect("]")
        return Path(root, tuple(steps))

    def _arguments(self, closing: str) -> tuple[Tree, ...]:
        arguments: list[Tree] = []
        while not (self.kind == "sign" and self.token == closing):
            arguments.append(self._nested(self.either))
            if not self._take(","):
                break
        self._expect(closing)
        return tuple(arguments)

    def _chain(self, operators: tuple[str, ...], part: Any) -> Tree:
        tree: Tree = part()
        depth = self._depth
        while self.kind in ("sign", "name") and self.token in operators:
            name = self.token
            self._advance()
            self._deeper()  # each adds a level to the tree
            tree = Operation(name, (tree, part()))
        self._depth = depth
        return tree

    def _nested(self, part: Any) -> Any:
        self._deeper()
        tree = part()
        self._depth -= 1
        return tree

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.refuse(
                f"an expression is at most {MAX_DEPTH} levels deep; compute parts of it in a transform"
            )

    def _take(self, token: str) -> bool:
        if self.token != token or self.kind in ("text", "end"):
            return False
        self._advance()
        return True

    def _expect(self, token: str) -> None:
        if not self._take(token):
            self.refuse(f"{token!r} is missing here")

    def _advance(self) -> None:
        rest = self._text[self._end :]
        blank = len(rest) - len(rest.lstrip())
        self._at = self._end + blank
        if not rest.strip():
            self.kind, self.token = "end", ""
            return
        match = _TOKEN.match(self._text, self._end)
        if match is None:
            if self._text[self._at] == "=":
                self.refuse("compare with ==")
            self.refuse("this character means nothing in an expression")
        self.kind, self.token = match.lastgroup or "", match[match.lastgroup or 0]
        self._end = match.end()


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), token[1:-1], flags=re.DOTALL)
