"""Each broken add-on as the only one beside the core: the commands work, and nothing but it is found ill."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from broken_plugins import ALL, COSTLY, HOOKS, NOISY_HOOKS, STRAY, TAKEN, VERSION, WELL, Broken
from throwaway import Environment, MakeEnv, install

pytestmark = pytest.mark.integration

WORKFLOW = """
name: unrelated
nodes:
  wait: {type: delay, seconds: 0}
"""
NOT_THE_CORE: dict[str, Any] = {"GRAPHBIT_PLUGINS_DENY": "graphbit-core"}
"""The doctor has nothing else to examine then."""
EDITABLE = ("editables", "hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers")
"""What builds an editable install."""
ALONE = [add_on for add_on in (*ALL, *COSTLY, NOISY_HOOKS) if add_on not in TAKEN]


def listed(environment: Environment) -> list[list[str]]:
    """Distribution, version and state of what is not the core's."""
    done = environment.run("graphbit", "plugins", "list", "--json", timeout=10)
    assert (done.returncode, done.stderr) == (0, "")
    return [
        [row["distribution"], row["version"], row["state"]]
        for row in json.loads(done.stdout)
        if row["distribution"] != "graphbit-core"
    ]


def diagnosed(environment: Environment, status: int, **env: Any) -> dict[str, list[dict[str, str]]]:
    """What the doctor reports."""
    command = ("graphbit", "plugins", "doctor", "--timeout", "3", "--json")
    done = environment.run(*command, **NOT_THE_CORE, **env)
    assert done.returncode == status, done.stdout + done.stderr
    report: dict[str, list[dict[str, str]]] = json.loads(done.stdout)
    return report


def said_by_an_unrelated_workflow(environment: Environment, folder: Path, **env: Any) -> str:
    """Runs it, and returns what was written to standard error; standard output holds one JSON object."""
    file = folder / "unrelated.yaml"
    file.write_text(WORKFLOW)
    done = environment.run("graphbit", "run", file, "--json", **env)
    assert done.returncode == 0, done.stderr + done.stdout
    assert json.loads(done.stdout)["state"] == "succeeded"
    return done.stderr


@pytest.mark.parametrize("add_on", ALONE, ids=lambda add_on: add_on.label)
def test_the_commands_work_and_the_message_names_distribution_version_and_fix(
    make_env: MakeEnv, wheels: Mapping[Broken, Path], tmp_path: Path, add_on: Broken
) -> None:
    environment = make_env("packaging", wheels[add_on], deps=False)
    expected = [] if add_on is STRAY else [[add_on.distribution, VERSION, "available"]]
    assert listed(environment) == expected
    report = diagnosed(environment, status=1 if add_on in ALL else 0)
    found = [*report["faults"], *report["warnings"]]
    assert {(one["distribution"], one["version"]) for one in found} == {(add_on.distribution, VERSION)}
    [told] = [one for one in found if add_on.said in one["message"]]
    assert told["fix"].startswith(add_on.mend) or told["fix"].startswith("ask its author to ")
    said = said_by_an_unrelated_workflow(environment, tmp_path)
    if add_on in HOOKS:
        for fact in (add_on.distribution, VERSION, add_on.warned, add_on.mend):
            assert fact in said
    elif add_on is NOISY_HOOKS:
        assert sorted(said.splitlines()) == ["at import", "by a child", "in a hook"]
    else:
        assert said == ""


def test_two_that_offer_one_name_are_both_named_with_the_line_that_settles_it(
    make_env: MakeEnv, wheels: Mapping[Broken, Path], tmp_path: Path
) -> None:
    environment = make_env(*(wheels[add_on] for add_on in TAKEN), deps=False)
    assert listed(environment) == [[add_on.distribution, VERSION, "conflict"] for add_on in TAKEN]
    faults = diagnosed(environment, status=1)["faults"]
    for add_on, fault in zip(TAKEN, faults, strict=True):
        assert (fault["distribution"], fault["version"]) == (add_on.distribution, VERSION)
        assert fault["fix"] == f'[plugins.prefer] loader.taken = "{add_on.distribution}" in graphbit.toml'
    assert said_by_an_unrelated_workflow(environment, tmp_path) == ""


def test_of_two_versions_on_the_path_it_is_told_which_is_used(
    make_env: MakeEnv, wheels: Mapping[Broken, Path], build: Callable[..., list[Path]], tmp_path: Path
) -> None:
    environment = make_env(wheels[WELL], deps=False)
    [older] = build(WELL.write(tmp_path, "2.7"))
    elsewhere = tmp_path / "elsewhere"
    install(environment, "--no-deps", "--target", elsewhere, older)
    [site] = environment.path.glob("lib/python*/site-packages")
    (site / "more.pth").write_text(str(elsewhere))
    assert listed(environment) == [[WELL.distribution, VERSION, "available"]]
    [fault] = diagnosed(environment, status=1)["faults"]
    assert (fault["distribution"], fault["version"]) == (WELL.distribution, "2.7")
    assert f"a second copy, in {elsewhere}, is never used: {VERSION} in {site}" in fault["message"]
    assert fault["fix"] == f"remove it from {elsewhere}"
    assert said_by_an_unrelated_workflow(environment, tmp_path) == ""


def test_metadata_that_an_interrupted_upgrade_left_behind_is_named_with_the_folder_to_remove(
    make_env: MakeEnv, wheels: Mapping[Broken, Path], tmp_path: Path
) -> None:
    environment = make_env(wheels[WELL], deps=False)
    [info] = environment.path.glob("lib/python*/site-packages/graphbit_broken_not_at_all-*.dist-info")
    left = info.with_name("~raphbit_broken_not_at_all-2.7.dist-info")
    left.mkdir()
    (left / "entry_points.txt").write_text((info / "entry_points.txt").read_text())
    metadata = (info / "METADATA").read_text()
    (left / "METADATA").write_text(metadata.replace(f"Version: {VERSION}", "Version: 2.7"))
    [fault] = diagnosed(environment, status=1)["faults"]
    assert fault["distribution"] == WELL.distribution
    assert fault["version"] in (VERSION, "2.7")
    assert "its metadata lies in" in fault["message"]
    assert fault["fix"] in (f"remove {left}", f"remove {info}")
    assert said_by_an_unrelated_workflow(environment, tmp_path) == ""


def test_metadata_that_cannot_be_read_is_named_by_its_place(
    make_env: MakeEnv, wheels: Mapping[Broken, Path], tmp_path: Path
) -> None:
    environment = make_env(wheels[WELL], deps=False)
    [info] = environment.path.glob("lib/python*/site-packages/graphbit_broken_not_at_all-*.dist-info")
    (info / "METADATA").write_text("Metadata-Version: 2.4\n\nno headers at all\n")
    assert listed(environment) == []
    [fault] = diagnosed(environment, status=1)["faults"]
    assert str(info) in fault["distribution"]
    assert "its metadata has no Name" in fault["message"]
    said = said_by_an_unrelated_workflow(environment, tmp_path)
    assert str(info) in said
    assert "reinstall" in said


def test_a_project_whose_metadata_is_older_than_it_is_to_be_installed_again(
    make_env: MakeEnv, tmp_path: Path
) -> None:
    environment = make_env(*EDITABLE, deps=False)
    project = WELL.write(tmp_path)
    install(environment, "--no-deps", "--no-build-isolation", "--editable", project)
    assert diagnosed(environment, status=0)["faults"] == []
    file = project / "pyproject.toml"
    file.write_text(file.read_text() + 'renamed = "graphbit_broken_not_at_all:Component"\n')
    [fault] = diagnosed(environment, status=1)["faults"]
    assert (fault["distribution"], fault["version"]) == (WELL.distribution, VERSION)
    assert "is older than its pyproject.toml, which differs in loader 'renamed'" in fault["message"]
    assert fault["fix"] == f"pip install --editable {project}"
    assert said_by_an_unrelated_workflow(environment, tmp_path) == ""
