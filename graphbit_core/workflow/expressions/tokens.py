"""Expressions cut into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from graphbit_core.workflow.expressions.fault import Fault

Kind = Literal["number", "text", "name", "quoted", "field", "operator", "end"]

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<name>[^\W\d]\w*)
    | (?P<quoted>`[\w-]+`)
    | (?P<field>\.[ ]*\w+)
    | (?P<operator>==|!=|<=|>=|[-+*/%<>()\[\],])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\([\\\"'nt])")
_ESCAPED = {"n": "\n", "t": "\t"}
_INSTEAD = {
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not'",
    "=": "write '==' to compare",
    "{": "names stand without braces here; there are no mappings to write",
    "“": "use straight quotes",
    "”": "use straight quotes",
    "‘": "use straight quotes",
    "’": "use straight quotes",
    '"': "close the text with another one",
    "'": "close the text with another one",
    "`": "a name between backticks is made of letters, digits, '_' and '-'",
    ".": "write a field's name after it, and a digit before it in a number",
}


@dataclass(frozen=True, slots=True)
class Token:
    """One word or sign. ``text`` is its meaning: a field without its dot, a text without its quotes."""

    kind: Kind
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, and one of kind ``end``.

    Raises:
        Fault: A character has no place in an expression.
    """
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            instead = _INSTEAD.get(text[at], "it has no place in an expression")
            raise Fault(f"{text[at]!r} cannot be read: {instead}", at)
        kind = match.lastgroup
        if kind != "space":
            found.append(Token(kind, _meaning(kind, match[0]), at))  # type: ignore[arg-type]
        at = match.end()
    return [*found, Token("end", "", len(text))]


def _meaning(kind: str | None, text: str) -> str:
    """Newlines, tabs, quotes and backslashes are escaped with a backslash; others stay, for patterns."""
    if kind == "text":
        return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), text[1:-1])
    if kind == "quoted":
        return text[1:-1]
    return text[1:].lstrip(" ") if kind == "field" else text
