"""JSON on standard output, and nothing else there: plugins and functions may print what they like."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any, TextIO

_reserved: TextIO | None = None
"""Standard output, while it is kept for JSON."""


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Prints one JSON text to standard output, at once; on one line with ``indent=None``."""
    print(json.dumps(value, ensure_ascii=False, indent=indent), file=_reserved or sys.stdout, flush=True)


@contextmanager
def kept_for_json() -> Iterator[None]:
    """Meanwhile only ``print_json`` reaches standard output; what else is printed goes to standard error.

    That holds for C libraries and child processes as well: the descriptor is exchanged, not only the object.
    """
    global _reserved
    standard = sys.stdout
    with _own_channel(standard) as _reserved, redirect_stdout(sys.stderr):
        try:
            yield
        finally:
            _reserved = None


@contextmanager
def _own_channel(standard: TextIO) -> Iterator[TextIO]:
    try:
        descriptor = standard.fileno()
    except io.UnsupportedOperation:  # not a file: someone collects it in memory
        yield standard
        return
    standard.flush()
    kept = os.dup(descriptor)
    try:
        os.dup2(sys.stderr.fileno(), descriptor)
        with open(kept, "w", encoding=standard.encoding, errors=standard.errors, closefd=False) as channel:
            yield channel
    finally:
        standard.flush()  # what was printed meanwhile, past the object that sys.stdout is now
        os.dup2(kept, descriptor)
        os.close(kept)
