"""``graphbit run``, ``validate``, ``draw`` and ``schema``."""

from __future__ import annotations

import io
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
    assert data["output"] == "HELLO, ADA!"
    assert data["outputs"] == {"draft": "Hello, Ada!", "loud": "HELLO, ADA!"}
    assert [node["id"] for node in data["nodes"]] == ["draft", "loud"]


def test_run_stream_json_prints_one_event_a_line_without_a_gap(greeting, capsys):
    assert main(["run", greeting, "--input", "name=Ada", "--stream", "--json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == "run.succeeded"


def test_a_missing_input_is_named_as_it_is_typed_and_so_is_one_that_nothing_uses(greeting, capsys):
    assert main(["run", greeting, "--input", "nmae=Ada"]) == 1
    said = capsys.readouterr().err
    assert "nothing uses 'nmae'" in said
    assert "--input name=" in said


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


def test_a_wrong_key_or_edge_does_not_hide_what_is_wrong_with_a_node(tmp_path, capsys):
    (tmp_path / "w.yaml").write_text(
        "name: w\negdes: []\nnodes:\n  a: {type: agnet, prompt: x}\n  b: {}\n  c: {type: condition}\n"
        "edges:\n  - {from: c, to: d}\n  - {from: [c], to: a}\n"
    )
    assert main(["validate", str(tmp_path / "w.yaml"), "--json"]) == 1
    codes = [finding["code"] for finding in json.loads(capsys.readouterr().out)]
    assert codes[:4] == ["unknown_key", "missing_type", "unknown_node", "unknown_node"]
    assert codes[4] == "node_type"
    assert "no_targets" not in codes


def test_what_mends_a_node_is_said_once(tmp_path, capsys):
    (tmp_path / "w.yaml").write_text("name: w\nnodes:\n  a: {type: frobnicate}\n")
    assert main(["validate", str(tmp_path / "w.yaml")]) == 1
    assert capsys.readouterr().out.count("pip install graphbit-frobnicate") == 1


def test_plugins_alone_prints_its_help(capsys):
    assert main(["plugins"]) == 2
    assert "doctor" in capsys.readouterr().out


def test_validate_says_that_nothing_is_wrong(greeting, capsys):
    assert main(["validate", greeting]) == 0
    assert "no faults" in capsys.readouterr().out


def test_draw_prints_mermaid(greeting, capsys):
    assert main(["draw", greeting]) == 0
    assert capsys.readouterr().out.startswith("flowchart TD\n")


def test_draw_prints_dot_when_asked(greeting, capsys):
    assert main(["draw", greeting, "--format", "dot"]) == 0
    assert capsys.readouterr().out.startswith('digraph "Greeting" {\n')


@pytest.mark.parametrize(("name", "form"), [("run.mmd", "flowchart TD"), ("run.dot", "digraph")])
def test_run_draws_what_it_did_into_a_file(greeting, tmp_path, capsys, name, form):
    picture = tmp_path / name
    assert main(["run", greeting, "--input", "name=Ada", "--draw", str(picture)]) == 0
    text = picture.read_text()
    assert text.startswith(form)
    assert text.count("succeeded ·") == 2


def test_a_picture_that_cannot_be_written_is_refused_before_the_run(greeting, tmp_path, capsys):
    assert main(["run", greeting, "--input", "name=Ada", "--draw", str(tmp_path / "no" / "run.mmd")]) == 2
    captured = capsys.readouterr()
    assert "cannot be written" in captured.err
    assert not captured.out


def test_schema_prints_json(capsys):
    assert main(["schema"]) == 0
    assert "type_agent" in json.loads(capsys.readouterr().out)["$defs"]


def test_functions_beside_the_workflow_file_are_found(tmp_path, capsys):
    (tmp_path / "mine_for_cli_test.py").write_text("def double(n):\n    return str(n) * 2\n")
    (tmp_path / "w.yaml").write_text(
        "name: w\nnodes:\n  a: {type: transform, template: '{x}'}\n"
        '  b: {type: transform, function: "mine_for_cli_test:double"}\nedges:\n  - {from: a, to: b}\n'
    )
    assert main(["run", str(tmp_path / "w.yaml"), "--input", "x=ab"]) == 0
    assert "abab" in capsys.readouterr().out


ODD = """
class Odd:
    def __repr__(self):
        return "<odd>"

def odd(context):
    context.emit("custom", {"what": Odd(), "fine": 1})
    context.emit("llm.delta", {})
    return [Odd()]

def circle():
    round = []
    round.append(round)
    return round

def fail():
    raise ValueError("red \\x1b[31m")
"""


@pytest.fixture
def odd(tmp_path):
    (tmp_path / "odd_for_cli_test.py").write_text(ODD)

    def write(function):
        path = tmp_path / f"{function}.json"
        node = {"type": "transform", "function": f"odd_for_cli_test:{function}"}
        path.write_text(json.dumps({"name": "w", "nodes": {"a": node}}))
        return str(path)

    return write


@pytest.mark.parametrize("options", [[], ["--json"], ["--stream"], ["--stream", "--json"]], ids=" ".join)
@pytest.mark.parametrize(("function", "shown"), [("odd", "<odd>"), ("circle", "[[...]]")])
def test_what_json_has_no_form_for_is_shown_as_text(odd, capsys, function, shown, options):
    assert main(["run", odd(function), *options]) == 0
    out = capsys.readouterr().out
    if options == ["--stream", "--json"]:
        events = [json.loads(line) for line in out.splitlines()]
        custom = [event["data"] for event in events if event["type"] == "custom"]
        assert [data["fine"] for data in custom] == ([1] if function == "odd" else [])
        assert [data["what"]["text"] for data in custom] == ([shown] if function == "odd" else [])
    else:
        assert shown in out


def test_a_terminal_is_sent_no_control_characters_of_an_error(odd, capsys):
    assert main(["run", odd("fail"), "--stream"]) == 1
    captured = capsys.readouterr()
    assert "red ?[31m" in captured.err
    assert "\x1b" not in captured.out + captured.err


def test_a_loop_of_links_is_a_file_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "w.yaml").symlink_to(tmp_path / "w.yaml")
    assert main(["validate", str(tmp_path / "w.yaml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


STEPS = """
def square(item):
    if item == 13:
        raise ValueError("unlucky")
    return item * item
"""
SQUARES = """
name: Squares
nodes:
  each:
    type: map
    over: numbers
    on_item_error: collect
    body: {nodes: {square: {type: transform, function: "squares_steps:square"}}}
"""


@pytest.fixture
def squares(tmp_path):
    (tmp_path / "squares_steps.py").write_text(STEPS)
    path = tmp_path / "squares.yaml"
    path.write_text(SQUARES)
    return str(path)


def test_an_input_may_be_json(squares, capsys):
    assert main(["run", squares, "--input", "numbers:=[1, 2, 3]"]) == 0
    assert json.loads(capsys.readouterr().out.rpartition("\n\n")[2]) == [1, 4, 9]


def test_an_input_that_is_no_json_is_told_how_to_be_a_text(squares, capsys):
    assert main(["run", squares, "--input", "numbers:=[1,"]) == 2
    assert "NAME=TEXT" in capsys.readouterr().err


def test_a_degraded_run_exits_0_and_says_what_was_handled(squares, capsys):
    assert main(["run", squares, "--input", "numbers:=[2, 13]"]) == 0
    captured = capsys.readouterr()
    assert "succeeded_degraded in" in captured.out
    assert "handled: node 'each[1]/square' failed: ValueError: unlucky" in captured.err


def test_the_json_of_a_run_holds_what_was_handled_and_attempts(squares, capsys):
    assert main(["run", squares, "--json", "--input", "numbers:=[2, 13]"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["state"] == "succeeded_degraded"
    assert data["handled"] == ["node 'each[1]/square' failed: ValueError: unlucky"]
    assert data["errors"] == data["abandoned"] == []
    assert [node["attempts"] for node in data["nodes"]] == [1]


def test_streamed_events_tell_which_item_they_are_about(squares, capsys):
    assert main(["run", squares, "--stream", "--input", "numbers:=[2]"]) == 0
    assert "each[0]/square" in capsys.readouterr().out


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_a_map_shows_how_far_it_is(squares, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    assert main(["run", squares, "--input", "numbers:=[2, 3]"]) == 0
    assert "2/2 each" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")
