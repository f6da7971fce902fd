from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sites import LOADER as LOADER, Site

from graphbit_core.host import Host, HostSettings


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield Site(folder)
    for name in set(sys.modules) - before:
        origin = getattr(sys.modules[name], "__file__", None) or ""
        if origin.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def make_host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Makes hosts that see what is installed below ``tmp_path`` and nothing else; closes them."""
    hosts: list[Host] = []

    def make(**settings: object) -> Host:
        path = [folder for folder in sys.path if folder.startswith(str(tmp_path))]
        hosts.append(Host(HostSettings(**settings), path=path))  # type: ignore[arg-type]
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()
