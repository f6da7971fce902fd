"""Choosing the loader for a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import DocumentError, PluginError, ValidationError
from graphbit_core.host import Host, default_host
from graphbit_core.host.arguments import takes_host
from graphbit_core.rag.isolation import RISKY, IsolatedLoader, place_of

if TYPE_CHECKING:
    from graphbit_core.contracts.loader import Loader


class Loaders:
    """The installed loaders by file ending, each made once with the same settings.

    Args:
        host: Where loaders come from; default: what is installed.
        settings: Given to every loader, for example ``max_bytes``.
        isolation: ``process`` reads every file in a child process, ``none`` none. Default: those in formats
            whose parsers a file can make hang, swell or crash (PDF, DOCX, XLSX), if the loader can be
            imported there and no plugin wraps it.

    Raises:
        ValidationError: There is no such isolation.
    """

    def __init__(
        self,
        host: Host | None = None,
        settings: Mapping[str, Any] | None = None,
        isolation: str | None = None,
    ) -> None:
        check_isolation(isolation)
        self._isolation = isolation
        self._host = host or default_host()
        self._settings = dict(settings or {})
        self._by_suffix: dict[str, str] | None = None
        self._made: dict[str, Loader | IsolatedLoader] = {}

    @property
    def suffixes(self) -> list[str]:
        """The file endings that some loader reads."""
        return sorted(self._index())

    def named(self, name: str) -> Loader | IsolatedLoader:
        """The loader of this name."""
        if name not in self._made:
            loader: Loader = self._host.create("loader", name, **self._settings)
            self._made[name] = self._isolated(name, loader) or loader
        return self._made[name]

    def _isolated(self, name: str, loader: Loader) -> IsolatedLoader | None:
        """The same loader in a child process, if it is to be there."""
        if self._isolation == "none" or (self._isolation is None and not loader.suffixes & RISKY):
            return None
        component = self._host.component("loader", name)
        alone = type(loader) is component and not takes_host(component)
        place = place_of(component) if alone else None
        if place is not None:
            return IsolatedLoader(place, self._settings, self._host.configured("loader", name))
        if self._isolation is None:
            return None
        raise ValidationError(
            f"the loader {name!r} cannot be isolated: it is not a class that a process can import, it asks "
            "for its host, or a plugin wraps it; leave isolation out",
            field="isolation",
        )

    def for_file(self, path: Path) -> Loader | IsolatedLoader:
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


def check_isolation(isolation: Any) -> None:
    """Raises a ValidationError unless it is ``process``, ``none`` or None."""
    if isolation not in (None, "process", "none"):
        raise ValidationError(
            f"isolation is {isolation!r:.80}; it must be 'process' or 'none'", field="isolation"
        )
