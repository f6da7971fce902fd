"""Loaders: a file to documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.documents import Document


@runtime_checkable
class Loader(Protocol):
    """Made with settings as keywords, then used for many files.

    The setting ``max_bytes`` (default 10 MiB, ``DEFAULT_MAX_BYTES``) is common to all loaders.

    Threads:
        The caller's thread, or worker threads, from several at once. A PDF, DOCX or XLSX file is read in a
        child process, where an instance of its own is made, if the class can be imported there by its name.

    Raises:
        ConfigError: A setting is wrong; the message names it.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    suffixes: ClassVar[frozenset[str]]
    """File name endings it reads, lower case, with the dot."""

    def __init__(self, **settings: Any) -> None: ...

    def load(self, path: Path) -> Iterator[Document]:
        """The documents in ``path``, in order; never one whose text is only white space.

        Every document's metadata has ``source`` (``str(path)``), and ``page`` or ``paragraph``
        counted from 1 where the format has them. The loader opens regular files only.

        Raises:
            DocumentError: With ``path`` and ``reason``: ``unreadable``, ``empty`` (no text at all),
                ``encrypted``, ``too_large`` (above ``max_bytes``, or unpacked above a bound), ``unsupported``
                or ``malformed``.
        """
        ...
