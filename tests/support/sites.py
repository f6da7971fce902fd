"""Folders that look as if packages had been installed into them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

LOADER = """
class Loader:
    "A loader."
    graphbit_api = (1, 0)
    suffixes = frozenset({".x"})
    def __init__(self, **settings): self.settings = settings
    def load(self, path): yield path
"""


class Site:
    """A folder on ``sys.path`` into which distributions are written as an installer would."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def install(
        self,
        name: str,
        entries: Mapping[str, Mapping[str, str]],
        modules: Mapping[str, str] | None = None,
        *,
        version: str = "1.2",
        requires: tuple[str, ...] = (),
    ) -> None:
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        needs = "".join(f"Requires-Dist: {item}\n" for item in requires)
        header = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: About {name}\n"
        (info / "METADATA").write_text(f"{header}{needs}\nVersion: 99 stands in the README\n")
        lines = [
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in of.items()) for group, of in entries.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))
        for module, source in (modules or {}).items():
            (self.path / f"{module}.py").write_text(source)

    def loader(
        self, distribution: str, source: str = LOADER, *, name: str = "pdf", version: str = "1.2"
    ) -> None:
        """A distribution that offers the loader ``name`` from a module named after itself."""
        module = distribution.replace("-", "_")
        entries = {"graphbit.loaders": {name: f"{module}:Loader"}}
        self.install(distribution, entries, {module: source}, version=version)

    def hooks(self, distribution: str, source: str) -> None:
        """A distribution with a module of hooks."""
        module = distribution.replace("-", "_")
        self.install(distribution, {"graphbit.plugins": {"main": module}}, {module: source})
