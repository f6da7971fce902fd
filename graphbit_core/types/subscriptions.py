"""Who is given events of a run, and of which types."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.types.events import EVENT_TYPES, Event

Take = Callable[[Event], None]
Subscriber = Take | tuple[Take, Sequence[str]]
"""A function that is given each event, or ``(function, types)``: only those of these types."""


class Wanted:
    """Tells which types of events are wanted.

    Args:
        patterns: Types, also with ``*``: ``node.*``. None: all.

    Raises:
        ValidationError: A pattern fits no type of event.
    """

    def __init__(self, patterns: Sequence[str] | None) -> None:
        if isinstance(patterns, str) or not isinstance(patterns, Iterable | None):
            hint = f"types is {patterns!r:.80}; give a list of types of events, such as ['node.*']"
            raise ValidationError(hint, field="types")
        self._patterns = None if patterns is None else tuple(patterns)
        self._known: dict[str, bool] = {}
        for pattern in self._patterns or ():
            if not isinstance(pattern, str) or not any(fnmatchcase(name, pattern) for name in EVENT_TYPES):
                hint = nearest(str(pattern), EVENT_TYPES)
                raise ValidationError(f"no type of event fits {pattern!r}{hint}", field="types")

    def __call__(self, name: str) -> bool:
        """Whether events of this type are wanted."""
        if self._patterns is None:
            return True
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = any(fnmatchcase(name, pattern) for pattern in self._patterns)
        return known


class Subscription(NamedTuple):
    """What events are given to, and which ones."""

    take: Take
    wanted: Wanted


def subscription(subscriber: Subscriber) -> Subscription:
    """What a subscriber asks for.

    Raises:
        ValidationError: It is neither a function nor ``(function, types)``, or a type fits no event.
    """
    take, types = _pair(subscriber)
    if not callable(take):
        raise ValidationError(
            f"a subscriber is {subscriber!r:.80}; give a function, or (function, types) such as "
            "(function, ['node.*'])",
            field="subscribers",
        )
    return Subscription(take, Wanted(types))


def _pair(subscriber: Any) -> tuple[Any, Any]:
    return subscriber if isinstance(subscriber, tuple) and len(subscriber) == 2 else (subscriber, None)
