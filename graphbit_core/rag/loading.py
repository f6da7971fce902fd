"""Choosing the loader for a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import DocumentError, PluginError
from graphbit_core.host import Host, default_host
from graphbit_core.types.documents import Document

if TYPE_CHECKING:
    from graphbit_core.contracts.loader import Loader


class Loaders:
    """The installed loaders by file ending, each made once with the same settings.

    Args:
        host: Where loaders come from; default: what is installed.
        settings: Given to every loader, for example ``max_bytes``.
    """

    def __init__(self, host: Host | None = None, settings: Mapping[str, Any] | None = None) -> None:
        self._host = host or default_host()
        self._settings = dict(settings or {})
        self._by_suffix: dict[str, str] | None = None
        self._made: dict[str, Loader] = {}

    @property
    def suffixes(self) -> list[str]:
        """The file endings that some loader reads."""
        return sorted(self._index())

    def named(self, name: str) -> Loader:
        """The loader of this name."""
        if name not in self._made:
            self._made[name] = self._host.create("loader", name, **self._settings)
        return self._made[name]

    def for_file(self, path: Path) -> Loader:
        """The loader that reads files with the ending of ``path``.

        Raises:
            DocumentError: ``unsupported``: there is none.
        """
        name = self._index().get(path.suffix.lower())
        if name is None:
            raise DocumentError(
                f"{str(path)!r}: no installed loader reads {path.suffix or 'files without an ending'!s}; "
                f"readable are {' '.join(self.suffixes)}",
                path=str(path),
                reason="unsupported",
            )
        return self.named(name)

    def _index(self) -> dict[str, str]:
        if self._by_suffix is None:
            self._by_suffix = {}
            for name in sorted({info.name for info in self._host.list("loader")}):
                for suffix in self._suffixes_of(name):
                    self._by_suffix.setdefault(suffix, name)
        return self._by_suffix

    def _suffixes_of(self, name: str) -> frozenset[str]:
        try:
            suffixes: frozenset[str] = self._host.component("loader", name).suffixes
        except PluginError:
            # The host has warned and says why when it is asked for by name; its files count as unsupported.
            return frozenset()
        return suffixes


def load_file(
    path: Path,
    *,
    host: Host | None = None,
    loader: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> list[Document]:
    """The documents in one file, read by ``loader`` or by the one for its ending."""
    loaders = Loaders(host, settings)
    return list((loaders.named(loader) if loader else loaders.for_file(path)).load(path))
