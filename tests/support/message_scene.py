"""An empty folder in which plugins are broken, and ears for what is said of them."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass

from sites import LOADER, Site

from graphbit_core import GraphBitError
from graphbit_core.host import Host, HostSettings
from graphbit_core.host.doctor.examination import Doctor


class Scene:
    """An empty folder to install plugins in, and ways to hear what is said of them.

    Attributes:
        site: The folder.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def host(self, **settings: object) -> Host:
        """A host that sees what was installed in the folder, and nothing else."""
        return Host(HostSettings(**settings), path=[str(self.site.path)])  # type: ignore[arg-type]

    def loader(self, source: str, name: str = "ini", **settings: object) -> str:
        """What is said when the loader of a package with this source is used."""
        self.site.loader("graphbit-loader-ini", source, name=name)
        return raised(lambda: self.host(**settings).create("loader", name))

    def hooks(self, source: str, hook: str) -> str:
        """What is logged when a hook of a package with this source is called."""
        header = "from graphbit_core import hookimpl, Registration\ngraphbit_api = (1, 0)\n"
        self.site.hooks("graphbit-audit", header + source)
        return logged(lambda: self.host().call(hook))

    def configured(self, text: str, kind: str = "loader", name: str = "ini") -> str:
        """What is said when a component is used under this ``graphbit.toml``."""
        (self.site.path / "graphbit.toml").write_text(text)
        return raised(lambda: self.loaded().create(kind, name))

    def loaded(self) -> Host:
        """A host with the folder's configuration."""
        return Host(HostSettings.load(self.site.path, {}), path=[str(self.site.path)])

    def doctor(self, source: str = LOADER, limit: float = 10.0, budget: float = 1.0) -> str:
        """What the doctor says of a package with a loader, and of all else that is installed."""
        self.site.loader("graphbit-loader-ini", source, name="ini")
        return self.examined(self.host(), limit=limit, budget=budget)

    def examined(self, host: Host, **options: float) -> str:
        """What the doctor says of a host's plugins."""
        found = Doctor(host, **options).examine()  # type: ignore[arg-type]
        told = (*found.faults, *found.warnings)
        return "\n".join(f"{one.distribution} {one.version}: {one.message}\n  fix: {one.fix}" for one in told)


@dataclass(frozen=True)
class Case:
    """A situation, and what gives its message."""

    when: str
    told: Callable[[Scene], str]


def raised(action: Callable[[], object]) -> str:
    """The error that an action raises, with its class."""
    try:
        action()
    except GraphBitError as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("nothing was raised")


def logged(action: Callable[[], object]) -> str:
    """What an action logs."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("graphbit.plugins")
    logger.addHandler(handler)
    try:
        action()
    finally:
        logger.removeHandler(handler)
    return stream.getvalue().strip()
