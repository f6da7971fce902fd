"""From tokens to a tree: operator precedence, in one pass, with bounded nesting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphbit_core.nearest import nearest
from graphbit_core.workflow.expressions.fault import Fault
from graphbit_core.workflow.expressions.functions import FUNCTIONS, Function, matcher
from graphbit_core.workflow.expressions.tokens import Kind, Token, tokens
from graphbit_core.workflow.expressions.tree import (
    Arithmetic,
    Call,
    Comparison,
    Default,
    Items,
    Junction,
    Literal,
    Not,
    Path,
    Tree,
    bounded,
)

MAX_LENGTH = 10_000
"""Most characters of an expression."""
MAX_DEPTH = 24
"""How deep parts of an expression may lie in each other."""
MAX_PATTERNS = 20
"""Most calls of ``matches``; a pattern may take megabytes."""

_CONSTANTS: dict[str, Any] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
_WORDS = {"and", "or", "not", "in"}
_OR, _AND, _NOT, _COMPARE, _ADD, _MULTIPLY = range(1, 7)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in", "not in"), _COMPARE),
    **dict.fromkeys("+-", _ADD),
    **dict.fromkeys("*/%", _MULTIPLY),
}
_SPECIAL = {"default": Function(len, 2, 2), "matches": Function(len, 2, 2)}
_KNOWN = {**FUNCTIONS, **_SPECIAL}
_INSTEAD = {
    "is": "; write '==' or '!='",
    "if": "; there is no choice here: use 'and', 'or', or a condition node",
    "else": "; there is no choice here: use 'and', 'or', or a condition node",
    "for": "; there are no loops here: use any(…), all(…), sum(…) or a map node",
    "lambda": "; there are no functions to write here: use a Python function",
}


class Parser:
    """Reads one expression.

    Attributes:
        names: What it needs, as ``draft`` and ``draft.score``, each once, in order.
    """

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._in_default = 0
        self._patterns = 0
        self.names: dict[str, None] = {}

    def parse(self) -> Tree:
        """The tree of the whole expression.

        Raises:
            Fault: It cannot be read.
        """
        tree = self._expression(0)
        if self._peek.kind != "end":
            raise self._unexpected("an operator or the end")
        return tree

    # --- tokens ----------------------------------------------------------------------------------

    @property
    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._peek
        self._next += 1
        return token

    def _accept(self, text: str, kind: Kind = "operator") -> bool:
        if self._peek.kind == kind and self._peek.text == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise self._unexpected(f"{text!r}")

    def _unexpected(self, wanted: str) -> Fault:
        token = self._peek
        found = f"{token.text!r}" if token.kind != "end" else "its end"
        instead = _INSTEAD.get(token.text, "") if token.kind == "name" else ""
        return Fault(f"{wanted} is expected here, not {found}{instead}", token.at)

    # --- operators -------------------------------------------------------------------------------

    def _operator(self) -> str | None:
        """The binary operator that comes next."""
        token = self._peek
        if token.kind == "name" and token.text == "not":
            after = self._tokens[self._next + 1]
            return "not in" if (after.kind, after.text) == ("name", "in") else None
        return token.text if token.kind in ("operator", "name") and token.text in _LEVELS else None

    def _expression(self, above: int) -> Tree:
        """An operand, and the operators after it that bind tighter than ``above``."""
        left = self._operand()
        while (sign := self._operator()) is not None and (level := _LEVELS[sign]) > above:
            left = self._joined(left, sign, level)
        return left

    def _joined(self, left: Tree, sign: str, level: int) -> Tree:
        at = self._peek.at
        if level == _COMPARE:
            self._next += 2 if sign == "not in" else 1
            compared = Comparison(sign, left, self._expression(level), at)
            if (again := self._operator()) is not None and _LEVELS[again] == _COMPARE:
                raise Fault("comparisons make no chains; join two of them with 'and'", self._peek.at)
            return compared
        operands: list[tuple[str, Tree, int]] = []
        while (again := self._operator()) is not None and _LEVELS[again] == level:
            token = self._take()
            operands.append((token.text, self._expression(level), token.at))
        if level in (_AND, _OR):
            return Junction((left, *(term for _, term, _ in operands)), level == _OR, at)
        return Arithmetic(left, tuple(operands), at)

    # --- operands --------------------------------------------------------------------------------

    def _operand(self) -> Tree:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Fault(
                f"parts lie more than {MAX_DEPTH} deep in each other here; use a function", self._peek.at
            )
        tree = self._single()
        self._depth -= 1
        return tree

    def _single(self) -> Tree:
        token = self._take()
        if token.kind == "number":
            return Literal(_number(token), token.at)
        if token.kind == "text":
            return Literal(token.text, token.at)
        if token.kind == "quoted":
            return self._path(token)
        if token.kind == "name":
            return self._word(token)
        if token.kind == "operator":
            if token.text == "(":
                inner = self._expression(0)
                self._expect(")")
                return inner
            if token.text == "[":
                return Items(self._list("]"), token.at)
            if token.text in "+-":
                return Arithmetic(Literal(0, token.at), ((token.text, self._operand(), token.at),), token.at)
        self._next -= 1
        raise self._unexpected("a value")

    def _word(self, token: Token) -> Tree:
        if token.text == "not":
            return Not(self._expression(_NOT), token.at)
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.at)
        if token.text in _WORDS or token.text in _INSTEAD:
            self._next -= 1
            raise self._unexpected("a value")
        return self._call(token) if self._accept("(") else self._path(token)

    def _list(self, closing: str) -> tuple[Tree, ...]:
        """Expressions between commas, up to the bracket; a comma before it is no fault."""
        items: list[Tree] = []
        while not self._accept(closing):
            items.append(self._expression(0))
            if not self._accept(","):
                self._expect(closing)
                break
        return tuple(items)

    def _path(self, root: Token) -> Path:
        steps: list[str | Tree] = []
        while True:
            if self._peek.kind == "field":
                steps.append(self._take().text)
            elif self._accept("["):
                steps.append(self._expression(0))
                self._expect("]")
            else:
                break
        if self._peek.text == "(" and self._peek.kind == "operator":
            raise Fault(
                "what a value offers cannot be called; there are only functions such as len(…)", root.at
            )
        if not self._in_default:
            self.names[_dotted(root.text, steps)] = None
        return Path(root.text, tuple(steps), root.at)

    # --- calls -----------------------------------------------------------------------------------

    def _call(self, name: Token) -> Tree:
        function = _KNOWN.get(name.text)
        if function is None:
            hint = nearest(name.text, _KNOWN) or f"; there are {', '.join(sorted(_KNOWN))}"
            raise Fault(f"there is no function {name.text!r}{hint}", name.at)
        if name.text == "default":
            return self._default(name)
        arguments = self._list(")")
        if not function.least <= len(arguments) <= function.most:
            wanted = f"{function.least}" if function.least == function.most else f"{function.least} or more"
            raise Fault(
                f"{name.text} takes {wanted} of what stands between its brackets, not {len(arguments)}",
                name.at,
            )
        if name.text == "matches":
            return self._matches(name, *arguments)
        return Call(function.body, arguments, name.at)

    def _default(self, name: Token) -> Default:
        self._in_default += 1
        path = self._operand()
        self._in_default -= 1
        if not isinstance(path, Path):
            raise Fault("default takes a name or a part, as in default(draft.score, 0)", path.at)
        self._expect(",")
        fallback = self._expression(0)
        self._accept(",")
        self._expect(")")
        return Default(path, fallback, name.at)

    def _matches(self, name: Token, text: Tree, pattern: Tree) -> Call:
        self._patterns += 1
        if self._patterns > MAX_PATTERNS:
            raise Fault(f"an expression has at most {MAX_PATTERNS} patterns; join some with '|'", name.at)
        if not isinstance(pattern, Literal) or not isinstance(pattern.value, str):
            raise Fault("the pattern of matches stands in quotes; it cannot be computed", pattern.at)
        try:
            body: Callable[..., Any] = matcher(pattern.value)
        except Fault as fault:
            raise Fault(fault.message, pattern.at) from None
        return Call(body, (text,), name.at)


def _number(token: Token) -> int | float:
    plain = token.text.isdigit()
    if plain and len(token.text) > 40:
        raise Fault("a number too long to calculate with", token.at)
    try:
        return bounded(int(token.text) if plain else float(token.text))
    except Fault as fault:
        raise Fault(fault.message, token.at) from None


def _dotted(root: str, steps: list[str | Tree]) -> str:
    """The path as a template writes it, as far as it is known before a run."""
    known = [root]
    for step in steps:
        key = step.value if isinstance(step, Literal) else step
        if not isinstance(key, str | int) or isinstance(key, bool) or "." in str(key):
            break
        known.append(str(key))
    return ".".join(known)
