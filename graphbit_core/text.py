"""Cutting text, for splitters and whoever else needs exact offsets. The scanning is done in the kernel.

What finds something returns spans ``(start, end)`` in characters, so ``text[start:end]`` is what was found.
"""

from __future__ import annotations

from graphbit_core.errors import ValidationError
from graphbit_core.kernel import sentences, split_characters, split_recursive, words

__all__ = ["check_text", "sentences", "split_characters", "split_recursive", "words"]


def check_text(text: str) -> None:
    """Raises ValidationError if ``text`` holds half of a surrogate pair, which no model can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        message = f"character {error.start} of the text is half of a surrogate pair; use clean_text() on it"
        raise ValidationError(message, field="text") from error
