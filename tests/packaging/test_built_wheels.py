"""What we ship: the wheels, looked at and used outside the source tree."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path, PurePosixPath

import pytest
import workspace
from throwaway import Environment, MakeEnv

pytestmark = pytest.mark.integration


def contents(wheel: Path) -> list[PurePosixPath]:
    with zipfile.ZipFile(wheel) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


@pytest.fixture(scope="module")
def everything(make_env: MakeEnv) -> Environment:
    return make_env(*map(workspace.distribution, workspace.packages()))


def test_there_is_one_wheel_per_distribution(built_wheels: Path) -> None:
    names = {wheel.name.split("-")[0].replace("_", "-") for wheel in built_wheels.glob("*.whl")}
    assert names == {"graphbit-core", *map(workspace.distribution, workspace.packages())}
    assert len(list(built_wheels.glob("*.whl"))) == len(names)


def test_the_core_wheel_serves_every_python_from_3_11(built_wheels: Path) -> None:
    [wheel] = built_wheels.glob("graphbit_core-*.whl")
    assert "-cp311-abi3-" in wheel.name
    assert PurePosixPath("graphbit_core/_native.abi3.so") in contents(wheel)


def test_wheels_hold_one_typed_module_and_neither_tests_nor_path_files(built_wheels: Path) -> None:
    for wheel in built_wheels.glob("*.whl"):
        names = contents(wheel)
        module = wheel.name.split("-")[0]
        tops = {name.parts[0] for name in names}
        assert {top for top in tops if not top.endswith(".dist-info")} == {module}, wheel.name
        assert PurePosixPath(module, "py.typed") in names, wheel.name
        assert not [name for name in names if name.suffix in {".pth", ".pyc"} or "tests" in name.parts], (
            wheel.name
        )


def test_the_core_wheel_works_alone(make_env: MakeEnv) -> None:
    environment = make_env()
    done = environment.run("python", "-c", "import graphbit_core; print(graphbit_core.Document('x').text)")
    assert (done.returncode, done.stdout) == (0, "x\n"), done.stderr
    done = environment.run("python", "-c", "from graphbit_core import _native; print(_native.__file__)")
    assert str(environment.path) in done.stdout, done.stderr


def test_every_module_of_every_wheel_imports_outside_the_tree(everything: Environment) -> None:
    modules = ["graphbit_core", *(workspace.module(folder).name for folder in workspace.packages())]
    done = everything.run(
        "python", "-W", "error", "-c", f"import {', '.join(modules)}; print(graphbit_core.__file__)"
    )
    assert done.returncode == 0, done.stderr
    assert str(everything.path) in done.stdout


def test_the_command_line_lists_the_plugins_of_the_installed_wheels(everything: Environment) -> None:
    done = everything.run("graphbit", "plugins", "list", "--json")
    assert done.returncode == 0, done.stderr
    listed = {(row["distribution"], row["name"], row["entry_point"]) for row in json.loads(done.stdout)}
    wanted = {
        (workspace.distribution(folder), name, target)
        for folder in [workspace.ROOT, *workspace.packages()]
        for group, targets in workspace.pyproject(folder)["project"].get("entry-points", {}).items()
        if group != "graphbit.plugins"
        for name, target in targets.items()
    }
    assert wanted <= listed
