"""A value that must not be seen by accident."""

from __future__ import annotations

import hashlib
from typing import Any, Never


class Secret:
    """Holds an API key. Shown, formatted, copied or serialised it is ``Secret(***)``, never its value.

    ``reveal()`` is the only way to the value, so that a search for it finds every use.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself."""
        return self._value

    def fingerprint(self) -> str:
        """Twelve hex digits that tell two secrets apart and reveal neither."""
        return hashlib.blake2b(self._value.encode(), digest_size=6, person=b"graphbit").hexdigest()

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> Never:
        raise TypeError("a Secret cannot be pickled; pass the name of its environment variable instead")
