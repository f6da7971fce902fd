"""A program that PyInstaller has frozen finds its plugins, on a machine without Python's packages."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import workspace
from throwaway import Environment, MakeEnv, install

pytestmark = pytest.mark.integration

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "graphbit-shout"
version = "0.3"
requires-python = ">=3.11"
dependencies = ["graphbit-core"]

[project.entry-points."graphbit.node_types"]
shout = "graphbit_shout.nodes.loud:Shout"
"""
NODE = '''
from importlib.resources import files

from graphbit_core import NodeType

class Shout(NodeType):
    """Shouts."""

    graphbit_api = (1, 0)

    def run(self, context):
        mark = files("graphbit_shout").joinpath("mark.txt").read_text()
        return context.value[0].text.upper() + mark
'''
PROGRAM = """
import json, sys
from graphbit_core import Executor, Node, Workflow, default_host

workflow = Workflow("Frozen").chain(Node.document_loader("read", path=sys.argv[1]), Node("shout", "shout"))
result = Executor().execute(workflow)
apart = Workflow("Apart").chain(Node.document_loader("read", path=sys.argv[1], isolation="process"))
offers = {info.distribution: info.version for info in default_host().list()}
found = {"errors": [str(error) for error in result.errors], "text": result.output, "offers": offers}
found["in a process"] = [str(error) for error in Executor().execute(apart).errors]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def frozen(make_env: MakeEnv, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, alone in its folder: the environment in which it was made is gone."""
    return freeze(
        make_env("graphbit-loader-text", "pyinstaller", "hatchling"), tmp_path_factory.mktemp("frozen")
    )


def freeze(environment: Environment, folder: Path) -> Path:
    """Freezes PROGRAM with an add-on that has a data file, and removes the environment."""
    project = folder / "shout"
    (project / "graphbit_shout" / "nodes").mkdir(parents=True)
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "graphbit_shout" / "__init__.py").touch()
    (project / "graphbit_shout" / "mark.txt").write_text("!")
    (project / "graphbit_shout" / "nodes" / "__init__.py").touch()
    (project / "graphbit_shout" / "nodes" / "loud.py").write_text(NODE)
    install(environment, "--no-build-isolation", project)
    done = environment.run("graphbit", "plugins", "freeze-hook", folder / "hooks")
    assert done.returncode == 0, done.stderr
    assert "graphbit-core, graphbit-loader-text, graphbit-shout" in done.stdout
    (folder / "program.py").write_text(PROGRAM)
    places = ("--distpath", folder / "dist", "--workpath", folder / "work", "--specpath", folder)
    options = ("--additional-hooks-dir", folder / "hooks", "--noconfirm", *places)
    done = environment.run("pyinstaller", *options, folder / "program.py", timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    shutil.rmtree(environment.path)
    return folder / "dist" / "program" / "program"


@pytest.fixture(scope="module")
def found(frozen: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the program printed."""
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "note.txt").write_text("hello from a file")
    done = subprocess.run(
        [frozen, "note.txt"], cwd=folder, env={}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def test_a_frozen_program_runs_a_workflow_with_its_plugins(found: dict[str, Any]) -> None:
    assert found["errors"] == []
    assert found["text"] == "HELLO FROM A FILE!"
    version = workspace.pyproject(workspace.ROOT / "loaders" / "text")["project"]["version"]
    assert found["offers"]["graphbit-loader-text"] == version
    assert found["offers"]["graphbit-shout"] == "0.3"


def test_a_frozen_program_says_that_it_cannot_run_functions_in_processes(found: dict[str, Any]) -> None:
    [error] = found["in a process"]
    assert 'read files with isolation="none"' in error


def test_what_only_the_tests_of_plugins_need_is_left_out(frozen: Path) -> None:
    names = {path.name for path in frozen.parent.rglob("*")}
    assert "pytest" not in names
    assert not [name for name in names if name.startswith("_pytest")]
