from __future__ import annotations

import pytest
from checking import Packages

from graphbit_core import default_host


@pytest.fixture
def packages(tmp_path, monkeypatch):
    for variable in ("GRAPHBIT_PLUGINS", "GRAPHBIT_PLUGINS_DENY", "GRAPHBIT_PLUGINS_STRICT"):
        monkeypatch.delenv(variable, raising=False)
    made = Packages(tmp_path)
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield made
    default_host().close()
