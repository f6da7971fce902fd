"""Help for loaders: what every one of them has to do the same, and safely."""

from __future__ import annotations

import os
import stat
import zipfile
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from graphbit_core.errors import DocumentError

DEFAULT_MAX_BYTES = 10 * 1024 * 1024
"""Largest file that a loader reads unless told otherwise."""

MAX_EXPANDED_BYTES = 100 * 1000 * 1000
"""Most bytes that one file may become when it is unpacked, whatever its size."""

_MAX_RATIO = 100
_MAX_ENTRIES = 10_000
_HARMLESS_BYTES = 10 * 1000 * 1000  # a short text of few words compresses better than the ratio allows


def read_regular_file(path: Path, max_bytes: int = DEFAULT_MAX_BYTES) -> bytes:
    """Reads a whole file, if it is a regular one with content.

    Raises:
        DocumentError: ``unreadable`` (missing, no permission), ``unsupported`` (a folder, pipe, socket or
            device), ``too_large`` (over ``max_bytes``) or ``empty`` (no bytes at all).
    """
    try:
        with _open_regular_file(path) as file:
            size = os.fstat(file.fileno()).st_size
            data = file.read(max_bytes + 1) if size <= max_bytes else b""
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or str(error)
        raise DocumentError(f"cannot read {path}: {why}", path=str(path), reason="unreadable") from error
    if max(size, len(data)) > max_bytes:
        raise DocumentError(
            f"{path} has {max(size, len(data)):,} bytes, more than the limit of {max_bytes:,}; "
            "raise the loader's max_bytes to read it",
            path=str(path),
            reason="too_large",
        )
    if not data:
        raise DocumentError(f"{path} is empty", path=str(path), reason="empty")
    return data


def _open_regular_file(path: Path) -> BinaryIO:
    """Opens ``path`` and checks what was really opened, because the name may change hands in between.

    The first check keeps devices from being opened at all: some act on it.
    """
    _require_regular(path, path.stat().st_mode)
    flags = (
        os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
    )
    descriptor = os.open(path, flags)
    try:
        _require_regular(path, os.fstat(descriptor).st_mode)
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        raise DocumentError(f"{path} is {what}", path=str(path), reason="unsupported")


def open_archive(data: bytes, path: Path) -> zipfile.ZipFile:
    """Opens a ZIP archive after checking that unpacking it stays within bounds.

    The sizes that an archive declares bind: ``zipfile`` never unpacks more of an entry than that.

    Raises:
        DocumentError: ``malformed`` (no ZIP archive) or ``too_large``: more than 10,000 entries, more than
            ``MAX_EXPANDED_BYTES`` unpacked, or 100 times its own size (if that is over 10 MB).
    """
    try:
        archive = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        message = f"{path} is not a readable ZIP archive: {error}"
        raise DocumentError(message, path=str(path), reason="malformed") from error
    entries = archive.infolist()
    expanded = sum(entry.file_size for entry in entries)
    limit = min(MAX_EXPANDED_BYTES, max(_MAX_RATIO * len(data), _HARMLESS_BYTES))
    if len(entries) > _MAX_ENTRIES or expanded > limit:
        raise DocumentError(
            f"{path} unpacks to {len(entries):,} files with {expanded:,} bytes, more than the limit of "
            f"{_MAX_ENTRIES:,} files or {limit:,} bytes for its size",
            path=str(path),
            reason="too_large",
        )
    return archive


def clean_text(text: str) -> str:
    """Text that every store and codec can take: surrogate pairs are joined; lone surrogates and NUL
    become U+FFFD.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "\ufffd")
