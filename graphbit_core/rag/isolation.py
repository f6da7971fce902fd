"""Reading a file in a child process: for formats whose parsers a file can make hang, swell or crash."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from graphbit_core.errors import DeadlineError, DocumentError, ProcessError, ResourceExhaustedError
from graphbit_core.processes.call import Limits
from graphbit_core.processes.calls import call_in_process, run_in_process
from graphbit_core.types.documents import Document

RISKY = frozenset({".pdf", ".docx", ".xlsx"})
"""Endings of files that are read in a child process unless told otherwise."""
LIMITS = Limits(seconds=10.0, memory_bytes=512 * 1024 * 1024, result_bytes=256 * 1024 * 1024)
"""What reading one file may take."""
_READ = "graphbit_core.rag.reader:read"


class IsolatedLoader:
    """A loader whose files are read in a child process, within ``LIMITS``.

    Args:
        place: Its class, as ``package.module:Class``.
        settings: Its settings.
        configured: Those of the configuration, which stand under them.
    """

    def __init__(
        self, place: str, settings: Mapping[str, Any], configured: Mapping[str, Any] | None = None
    ) -> None:
        self._place = place
        self._settings = dict(settings)
        self._configured = {name: _as_written(value) for name, value in (configured or {}).items()}

    def load(self, path: Path) -> Iterator[Document]:
        """The documents.

        Raises:
            DocumentError: As the loader does; ``too_large`` for a file that reaches a limit, ``malformed``
                for one that ends the process.
        """
        with _errors_as_document_errors(path):
            found = call_in_process(_READ, self._arguments(path), limits=LIMITS)
        return iter(_documents(found))

    async def load_async(self, path: Path) -> list[Document]:
        """As ``load``; cancelling it ends the child."""
        with _errors_as_document_errors(path):
            found = await run_in_process(_READ, self._arguments(path), limits=LIMITS)
        return _documents(found)

    def _arguments(self, path: Path) -> list[Any]:
        return [self._place, self._settings, str(path), self._configured]


def _as_written(value: Any) -> Any:
    """As a configuration file has it: paths and sets do not travel."""
    if isinstance(value, Path):
        return str(value)
    return (
        [_as_written(item) for item in value] if isinstance(value, list | tuple | set | frozenset) else value
    )


def place_of(component: Any) -> str | None:
    """Where another process finds a class; None if it cannot."""
    module, name = getattr(component, "__module__", ""), getattr(component, "__qualname__", "<unknown>")
    if module == "__main__" or "<" in name or getattr(sys.modules.get(module), name, None) is not component:
        return None
    return f"{module}:{name}"


def _documents(found: dict[str, Any]) -> list[Document]:
    if "documents" not in found:
        raise DocumentError(found["message"], **found["facts"])
    documents: list[Document] = found["documents"]
    return documents


@contextmanager
def _errors_as_document_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except DeadlineError as error:
        why = f"reading it takes longer than {LIMITS.seconds:g} s"
        raise _error(path, "too_large", why) from error
    except ResourceExhaustedError as error:
        raise _error(path, "too_large", error.message) from error
    except ProcessError as error:
        if error.reason not in ("killed", "exited"):
            raise
        raise _error(path, "malformed", f"it ended its reader: {error.message}") from error


def _error(path: Path, reason: str, why: str) -> DocumentError:
    return DocumentError(f"cannot read {path}: {why}", path=str(path), reason=reason)
