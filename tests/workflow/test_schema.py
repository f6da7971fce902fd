"""The published JSON Schema of workflow files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import workspace
import yaml
from documents import blocks
from hypothesis import HealthCheck, given, settings

from graphbit_core import Host, NodeOptions, Workflow
from graphbit_core.cli import main
from graphbit_core.kernel import Schema
from tests.workflow.test_round_trip import workflows

PUBLISHED = workspace.ROOT / "docs" / "workflow.schema.json"
SCHEMA: dict[str, Any] = json.loads(PUBLISHED.read_text(encoding="utf-8"))


def examples() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every workflow that stands in a document or in a file of the repository."""
    for path in workspace.tree():
        if path.suffix in (".yaml", ".yml"):
            yield from _workflow(path, path.read_text(encoding="utf-8"))
        elif path.suffix == ".md":
            for block in blocks(path):
                if block.action == "file" and block.target.endswith((".yaml", ".yml")):
                    yield from _workflow(path, block.text)


def _workflow(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:  # not ours to judge: test fixtures may be broken on purpose
        return
    if isinstance(data, dict) and "nodes" in data:
        yield str(path.relative_to(workspace.ROOT)), data


CHECKER = Schema(json.dumps(SCHEMA))


def found(data: Any) -> list[tuple[str, str]]:
    return CHECKER.check(json.dumps(data))


def one(**fields: Any) -> dict[str, Any]:
    return {"name": "w", "nodes": {"a": {"type": "delay", "seconds": 1, **fields}}}


def test_the_published_schema_is_what_the_code_gives(capsys):
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == PUBLISHED.read_text(encoding="utf-8"), (
        "bring it up to date: graphbit schema > docs/workflow.schema.json"
    )


def test_every_option_and_every_setting_has_a_description():
    definitions = SCHEMA["$defs"]
    for option in NodeOptions.__annotations__:
        assert definitions[f"option_{option}"]["description"]
    for name, definition in definitions.items():
        if name.startswith("type_"):
            own = {k: v for k, v in definition["properties"].items() if "$ref" not in v and k != "type"}
            assert all("description" in value for value in own.values()), name


def test_every_example_workflow_fits_the_schema():
    known = list(examples())
    assert known
    assert [(where, problems) for where, data in known if (problems := found(data))] == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_whatever_is_written_fits_but_for_settings_that_its_type_does_not_have(workflow):
    data = workflow.to_dict()
    text = json.dumps(data).replace('"type": "transform"', '"type": "mine"')
    assert found(json.loads(text)) == []


@pytest.mark.parametrize(
    "data",
    [
        {"name": "w"},
        {"name": "w", "nodes": {}},
        {"nodes": {"a": {"type": "x"}}},
        {"name": "w", "nodes": {"a b": {"type": "x"}}},
        {"name": "w", "nodes": {"a": {}}},
        {"name": "w", "nodes": {"a": {"type": "agent"}}},
        one(secnods=1),
        one(seconds="1"),
        one(join="frist"),
        one(join={"quorum": 0}),
        one(retry={"attempts": 1}),
        one(on_error={"value": 1, "fallback": "b"}),
        one(timeout=0),
        one(ports={"a": "optionl"}),
        {**one(), "variables": {"a": "apend"}},
        {**one(), "edges": [{"from": "a"}]},
        {**one(), "edges": [{"from": "a", "to": "a", "kind": "eror"}]},
        {**one(), "edges": [{"from": "a", "to": "a", "when": {"if": 1}}]},
    ],
)
def test_what_a_workflow_file_must_not_hold_does_not_fit(data):
    assert found(data)


def test_a_node_type_that_is_installed_later_may_have_any_settings():
    assert found(one(type="later", whatever=[1])) == []


class Shout:
    """Says it louder."""

    def __init__(self, *, text: str, times: int = 1) -> None:
        """Makes it.

        Args:
            text: What is
                said.
            times: How often.
        """

    def run(self, context: object) -> None: ...


def test_a_plugins_node_type_is_part_of_the_schema_of_its_host():
    host = Host.isolated({("node_type", "shout"): Shout})
    shout = Workflow.json_schema(host)["$defs"]["type_shout"]
    assert shout["description"] == "Says it louder."
    assert shout["required"] == ["text"]
    assert shout["properties"]["times"] == {"description": "How often.", "type": "integer"}
    assert shout["properties"]["text"]["description"] == "What is said."
