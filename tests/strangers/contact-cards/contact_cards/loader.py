"""The loader ``vcard``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from graphbit_core import (
    DEFAULT_MAX_BYTES,
    Document,
    DocumentError,
    Metadata,
    check_whole_number,
    clean_text,
    read_regular_file,
)

_LABELS = {
    "ORG": "organisation",
    "TITLE": "title",
    "EMAIL": "e-mail",
    "TEL": "telephone",
    "ADR": "address",
    "NOTE": "note",
}


class VCardLoader:
    """Reads vCard files, a document for each person.

    Args:
        max_bytes: Largest file that is read.
        private: Whether addresses and telephone numbers are read as well.

    Raises:
        ConfigError: ``max_bytes`` is below 1.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".vcf", ".vcard"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES, private: bool = False) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)
        self._labels = {key: label for key, label in _LABELS.items() if private or key not in {"ADR", "TEL"}}

    def load(self, path: Path) -> Iterator[Document]:
        """The people in order; ``title`` is the name, ``paragraph`` the number of the card."""
        data = read_regular_file(path, self._max_bytes)
        try:
            text = clean_text(data.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise _malformed(path, "it is not UTF-8") from error
        cards = list(_cards(text, path))
        if not cards:
            raise DocumentError(f"{path} holds no cards", path=str(path), reason="empty")
        for number, card in enumerate(cards, 1):
            name = next((value for key, value in card if key == "FN" and value), None)
            if name is None:
                raise _malformed(path, f"card {number} has no FN, the name of the person")
            facts = [f"{self._labels[key]}: {value}" for key, value in card if key in self._labels and value]
            metadata: Metadata = {"source": str(path), "paragraph": number, "title": name}
            yield Document("\n".join([name, *facts]), metadata)


def _cards(text: str, path: Path) -> Iterator[list[tuple[str, str]]]:
    """Keys in capitals and values of each card; a line that begins with a space goes on with the last."""
    card: list[tuple[str, str]] | None = None
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        head, colon, value = line.partition(":")
        key = head.partition(";")[0].rpartition(".")[2].strip().upper()
        mark = (key, value.strip().upper())
        if mark == ("BEGIN", "VCARD") and card is None:
            card = []
        elif card is None:
            if line.strip():
                raise _malformed(path, f"{line[:40]!r} is outside a card")
        elif mark == ("END", "VCARD"):
            yield card
            card = None
        elif not colon and line.strip():
            raise _malformed(path, f"{line[:40]!r} has no colon")
        else:
            card.append((key, _plain(value)))
    if card is not None:
        raise _malformed(path, "the last card has no END:VCARD")


def _plain(value: str) -> str:
    """The value without backslashes; its fields are separated by commas."""
    parts = [part for part in re.split(r"(?<!\\);", value) if part.strip()]
    escapes = {"n": "\n", "N": "\n"}
    return re.sub(r"\\(.)", lambda found: escapes.get(found[1], found[1]), ", ".join(parts).strip()).strip()


def _malformed(path: Path, why: str) -> DocumentError:
    return DocumentError(f"cannot read {path}: {why}", path=str(path), reason="malformed")
