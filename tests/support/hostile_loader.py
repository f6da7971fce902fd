"""A loader whose parser can be made to do anything: the file says what."""

from __future__ import annotations

import ctypes
import os
import time
from typing import ClassVar

from graphbit_core import Document, DocumentError


class HostileLoader:
    """Reads .pdf files that hold the name of a fault."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".pdf"})

    def __init__(self, *, max_bytes: int = 1000) -> None:
        self._max_bytes = max_bytes

    def load(self, path):
        match path.read_text():
            case "hang":
                path.with_suffix(".pid").write_text(str(os.getpid()))
                time.sleep(60)
            case "swell":
                bytearray(10_000_000_000)
            case "crash":
                ctypes.string_at(0)
            case "exit":
                os._exit(1)
            case "refuse":
                raise DocumentError("it is no good", path=str(path), reason="malformed", page=7)
            case "bug":
                raise KeyError("a fault of the loader")
        yield Document(str(os.getpid()), {"source": str(path), "max_bytes": self._max_bytes})


class PlainLoader(HostileLoader):
    """Reads files that nobody calls risky."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".plain"})
