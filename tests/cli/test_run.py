"""``graphbit run``, ``validate`` and ``draw``."""

from __future__ import annotations

import json

import pytest

from graphbit_core.cli import main

GREETING = """
name: Greeting
nodes:
  draft: {type: transform, template: "Hello, {name}!"}
  loud: {type: transform, function: "builtins:str.upper"}
edges:
  - {from: draft, to: loud}
"""


@pytest.fixture
def greeting(tmp_path):
    path = tmp_path / "greeting.yaml"
    path.write_text(GREETING)
    return str(path)


def test_run_prints_a_table_and_the_output(greeting, capsys):
    assert main(["run", greeting, "--input", "name=Ada"]) == 0
    out = capsys.readouterr().out
    assert "HELLO, ADA!" in out
    assert "draft" in out
    assert "succeeded" in out


def test_run_json_holds_outputs_and_nodes(greeting, capsys):
    assert main(["run", greeting, "--input", "name=Ada", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["state"] == "succeeded"
    assert data["outputs"] == {"draft": "Hello, Ada!", "loud": "HELLO, ADA!"}
    assert [node["id"] for node in data["nodes"]] == ["draft", "loud"]


def test_run_stream_json_prints_one_event_a_line_without_a_gap(greeting, capsys):
    assert main(["run", greeting, "--input", "name=Ada", "--stream", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == "run.succeeded"


def test_a_missing_input_is_named(greeting, capsys):
    assert main(["run", greeting]) == 1
    assert "name" in capsys.readouterr().err


def test_a_failed_run_exits_1_and_says_why(tmp_path, capsys):
    (tmp_path / "w.yaml").write_text('name: w\nnodes:\n  a: {type: transform, function: "builtins:int"}\n')
    assert main(["run", str(tmp_path / "w.yaml")]) == 1
    captured = capsys.readouterr()
    assert "TypeError" in captured.err
    assert "failed" in captured.out


def test_validate_prints_all_findings_with_code_node_and_fix(tmp_path, capsys):
    (tmp_path / "w.yaml").write_text(
        "name: w\nnodes:\n  a: {type: agnet, prompt: x}\n  b: {type: delay, seconds: -1}\n"
        "edges:\n  - {from: a, to: b}\n"
    )
    assert main(["validate", str(tmp_path / "w.yaml"), "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert {finding["node"] for finding in findings} == {"a", "b"}
    assert all(finding["code"] and finding["message"] and finding["fix"] for finding in findings)


def test_validate_says_that_nothing_is_wrong(greeting, capsys):
    assert main(["validate", greeting]) == 0
    assert "no faults" in capsys.readouterr().out


def test_draw_prints_mermaid(greeting, capsys):
    assert main(["draw", greeting]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


def test_functions_beside_the_workflow_file_are_found(tmp_path, capsys):
    (tmp_path / "mine_for_cli_test.py").write_text("def double(n):\n    return str(n) * 2\n")
    (tmp_path / "w.yaml").write_text(
        "name: w\nnodes:\n  a: {type: transform, template: '{x}'}\n"
        '  b: {type: transform, function: "mine_for_cli_test:double"}\nedges:\n  - {from: a, to: b}\n'
    )
    assert main(["run", str(tmp_path / "w.yaml"), "--input", "x=ab"]) == 0
    assert "abab" in capsys.readouterr().out
