"""Packages of every kind, written from the documentation alone: built, installed, checked, used together."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import throwaway
import workspace
from throwaway import Environment, MakeEnv

from graphbit_core.testing import ModelServer, Reply

pytestmark = pytest.mark.integration

SOURCES = workspace.ROOT / "tests" / "strangers"
OFFERS = {
    "contact-cards": ("loader", "vcard"),
    "delphi-models": ("provider", "delphi"),
    "desk-triage": ("node_type", "triage"),
    "heading-splitter": ("splitter", "heading"),
    "roman-tool": ("tool", "roman"),
    "shoebox-store": ("vector_store", "shoebox"),
    "syllable-tokenizer": ("tokenizer", "syllables"),
    "tally-hooks": ("plugin", "tally"),
    "word-shapes": ("embedder", "letterforms"),
}
"""Distribution → the kind and name of what it offers."""
OF_A_DISK = {
    "test_a_killed_writer_loses_nothing_that_add_had_returned_for",
    "test_another_length_of_vectors_in_the_same_collection_is_a_config_error",
}
"""Rules that say nothing about a store that is in memory only."""


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of their folders, away from this repository and its configuration."""
    folder = tmp_path_factory.mktemp("outside") / "strangers"
    shutil.copytree(SOURCES, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


@pytest.fixture(scope="module")
def environment(make_env: MakeEnv, strangers: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The core, pytest, and all of them."""
    wheels = throwaway.build(
        tmp_path_factory.mktemp("wheels"), *(strangers / distribution for distribution in OFFERS)
    )
    assert len(wheels) == len(OFFERS)
    made = make_env("pytest", *wheels)
    (made.path / "run").mkdir()
    shutil.copytree(strangers / "use", made.path / "run", dirs_exist_ok=True)
    return made


@pytest.fixture
def delphi(environment: Environment) -> Iterator[ModelServer]:
    """Delphi, on this machine, and a configuration that says where it is and that calls are counted."""
    verse = {"verse": "Pay nothing.", "why": "spoken", "coins": [9, 2]}
    folder = environment.path / "run"
    with ModelServer(Reply.json(verse)) as server:
        settings = {"provider.delphi.base_url": server.url, "plugin.tally.file": "tally.jsonl"}
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        (folder / "graphbit.toml").write_text("\n".join(["[plugins.settings]", *lines]))
        yield server
    (folder / "graphbit.toml").unlink()
    (folder / "tally.jsonl").unlink(missing_ok=True)


def succeed(environment: Environment, *command: str | Path, **env: str) -> str:
    """What a command prints, which ends well."""
    done = environment.run(*command, timeout=120, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_is_one_of_each_kind_that_has_rules() -> None:
    assert sorted(path.parent.name for path in SOURCES.glob("*/pyproject.toml")) == sorted(OFFERS)
    assert len({kind for kind, _ in OFFERS.values()}) == len(OFFERS)


@pytest.mark.parametrize("distribution", OFFERS)
def test_every_rule_of_the_kit_passes(environment: Environment, strangers: Path, distribution: str) -> None:
    report = environment.path / "run" / f"{distribution}.json"
    tests = strangers / distribution / "tests"
    succeed(environment, "graphbit", "plugins", "check", distribution, "--tests", tests, "--report", report)
    (component,) = json.loads(report.read_text())["components"]
    assert (component["kind"], component["name"]) == OFFERS[distribution]
    assert [tested["file"] for tested in component["tested_by"]] == [str(tests / "test_conformance.py")]
    others = {rule["rule"] for rule in component["rules"] if rule["outcome"] != "passed"}
    assert others == (OF_A_DISK if distribution == "shoebox-store" else set())
    assert len(component["rules"]) > 15


def test_their_own_tests_pass(environment: Environment, strangers: Path) -> None:
    own = [
        f"{file}::{line.removeprefix('def ').partition('(')[0]}"
        for file in sorted(strangers.glob("*/tests/test_conformance.py"))
        for line in file.read_text().splitlines()
        if line.startswith("def test_")
    ]
    assert len(own) >= len(OFFERS) - 1
    succeed(environment, "python", "-m", "pytest", "-q", "--import-mode=importlib", *own)


def test_each_is_listed_as_available(environment: Environment) -> None:
    listed = json.loads(succeed(environment, "graphbit", "plugins", "list", "--json"))
    theirs = [item for item in listed if item["distribution"] in OFFERS]
    assert {item["distribution"]: (item["kind"], item["name"]) for item in theirs} == OFFERS
    assert {item["state"] for item in theirs} == {"available"}


def test_doctor_finds_nothing_wrong(environment: Environment) -> None:
    report = json.loads(succeed(environment, "graphbit", "plugins", "doctor", "--json"))
    assert (report["faults"], report["warnings"]) == ([], [])
    examined = {item["info"]["distribution"] for item in report["components"]}
    assert examined >= OFFERS.keys()


def test_a_workflow_file_uses_them(environment: Environment, delphi: ModelServer) -> None:
    run = "graphbit", "run", "desk.yaml", "--input", "file=people.vcf", "--model", "delphi", "--json"
    result = json.loads(succeed(environment, *run, DELPHI_DRACHMA="obol"))
    assert (result["state"], result["outputs"]["answer"]) == ("succeeded", "Pay nothing.")
    (request,) = delphi.requests()
    assert request.headers["x-drachma"] == "obol"
    card = "Since MDCCCXLIII: Ada Lovelace\nnote: The invoice for the engine is wrong."
    assert request.json() == {"oracle": "pythia", "said": [["pilgrim", card]]}
    counted = succeed(environment, "graphbit", "tally").splitlines()
    assert {"1 loader:vcard", "1 node_type:triage", "1 tool:roman", "1 provider:delphi"} <= set(counted)


def test_a_program_uses_them(environment: Environment, delphi: ModelServer) -> None:
    told: Mapping[str, Any] = json.loads(succeed(environment, "python", "library.py"))
    coffee = "# Coffee\nGrind the beans finely."
    assert told["chunks"] == ["# Tea\nBoil the water, then wait.", coffee]
    assert told["asked"] == [["pilgrim", f"When was this written? {coffee}"]]
    assert (told["path"], told["said"], told["year"]) == ("/consult/aloud", ["MDC", "CCXLIII"], 1843)
    assert told["syllables"] == 4
    theirs = {f"{kind}:{name}" for kind, name in OFFERS.values()}
    assert theirs - set(told["calls"]) == {"loader:vcard", "plugin:tally"}
    assert delphi.requests() == []  # the program has a server of its own
