"""What is wrong inside an expression, before it becomes an error that shows where."""

from __future__ import annotations


class Fault(Exception):
    """The expression cannot be read or evaluated; the message says why, and what to do.

    Args:
        message: What is wrong.
        at: Position in the expression; None: where evaluation stands.
    """

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Missing(Fault):
    """A name or a part of a value is not there; ``default`` makes up for it."""


_SHOWN = 60


def marked(text: str, at: int) -> str:
    """The expression around position ``at`` on one line, and below it a ``^`` at that place."""
    start = max(0, at - _SHOWN)
    end = min(len(text), at + _SHOWN)
    before, after = "…" if start else "", "…" if end < len(text) else ""
    line = "".join(c if c.isprintable() else " " for c in text[start:end])
    return f"  {before}{line}{after}\n  {' ' * (len(before) + at - start)}^"
