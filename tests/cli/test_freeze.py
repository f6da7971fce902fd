"""``graphbit plugins freeze-hook`` writes what PyInstaller has to know of the installed plugins."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from graphbit_core import default_host
from graphbit_core.cli import main


@pytest.fixture(autouse=True)
def only_the_text_loader(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHBIT_PLUGINS", "graphbit-loader-text")
    default_host().close()
    yield
    default_host().close()


def listed(path: Path) -> dict[str, list[str]]:
    """The lists that a hook begins with, by name."""
    assignments = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]
    return {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in assignments
        if isinstance(node.value, ast.List)
    }


def test_the_hook_names_the_core_and_the_plugins_that_are_allowed(tmp_path, capsys):
    assert main(["plugins", "freeze-hook", "hooks"]) == 0
    assert "next: pyinstaller --additional-hooks-dir hooks YOUR_PROGRAM.py" in capsys.readouterr().out
    found = listed(tmp_path / "hooks" / "hook-graphbit_core.py")
    assert found["DISTRIBUTIONS"] == ["graphbit-core", "graphbit-loader-text"]
    assert found["MODULES"] == ["graphbit_core", "graphbit_loader_text"]


def test_a_hook_is_written_again_and_a_file_of_someone_else_is_kept(tmp_path, capsys):
    assert main(["plugins", "freeze-hook"]) == 0
    assert main(["plugins", "freeze-hook"]) == 0
    file = tmp_path / "hook-graphbit_core.py"
    file.write_text("datas = []")
    assert main(["plugins", "freeze-hook"]) == 2
    assert "was written by someone else; move it away" in capsys.readouterr().err
    assert file.read_text() == "datas = []"


def test_a_folder_that_cannot_be_made_is_named(tmp_path, capsys):
    (tmp_path / "hooks").touch()
    assert main(["plugins", "freeze-hook", "hooks"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_plugin_whose_module_is_gone_is_left_out_and_told(tmp_path, capsys, monkeypatch):
    info = tmp_path / "site" / "graphbit_gone-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: graphbit-gone\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[graphbit.loaders]\ngone = graphbit_gone.reader:Loader\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setenv("GRAPHBIT_PLUGINS", "graphbit-gone")
    default_host().close()
    assert main(["plugins", "freeze-hook"]) == 0
    assert "not in it: loader gone of graphbit-gone; its module is not there" in capsys.readouterr().out
    assert "gone" not in (tmp_path / "hook-graphbit_core.py").read_text()
