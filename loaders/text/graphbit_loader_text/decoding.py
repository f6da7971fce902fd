"""Bytes to text: which encoding a file is in."""

from __future__ import annotations

import codecs
from pathlib import Path

from charset_normalizer import CharsetMatch, from_bytes

from graphbit_core import ConfigError, DocumentError

_MARKS = (  # the longer ones first: the UTF-32 mark begins with the UTF-16 one
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = "it looks like a binary file, not text"


def check_encoding(encoding: str | None) -> str | None:
    """Returns ``encoding`` if Python knows it; ConfigError otherwise."""
    try:
        if encoding is not None:
            "".encode(encoding)
    except (LookupError, TypeError) as error:
        message = (
            f"setting 'encoding' must name a text encoding such as 'utf-8' or 'cp1252', not {encoding!r}"
        )
        raise ConfigError(message, setting="encoding") from error
    return encoding


def decode(data: bytes, path: Path, encoding: str | None) -> str:
    """The text in ``data``, with Unix line ends, and without a byte order mark.

    Without ``encoding``: what a byte order mark says, else UTF-8 if it is valid, else the best guess.

    Raises:
        DocumentError: ``malformed`` when it is not text in that encoding, or in any; ``empty`` when it is
            only white space.
    """
    encoding = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), None)
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeError as error:
        if encoding is not None:
            raise _malformed(path, f"byte {getattr(error, 'start', 0):,} is not {encoding}") from error
        text = _guess(data, path)
    if "\0" in text:
        raise _malformed(path, _BINARY)
    if not text.strip():
        raise DocumentError(f"{path} holds only white space", path=str(path), reason="empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _guess(data: bytes, path: Path) -> str:
    if b"\0" in data:
        raise _malformed(path, _BINARY)
    matches = from_bytes(data)
    best = matches.best()
    if best is None:
        raise _malformed(path, "its encoding is not known; name it with the loader's setting encoding=")
    equals = [match for match in matches if _rank(match) == _rank(best)]
    # Of several that fit alike, cp1252 is by far the most used; for French cp1250 may rank first.
    return str(next((match for match in equals if match.encoding == "cp1252"), best))


def _rank(match: CharsetMatch) -> tuple[float, float]:
    return match.chaos, match.coherence


def _malformed(path: Path, why: str) -> DocumentError:
    return DocumentError(f"cannot read {path} as text: {why}", path=str(path), reason="malformed")
