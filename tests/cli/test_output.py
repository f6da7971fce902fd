"""Where a command prints JSON, nothing else gets into standard output."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import workspace

FUNCTIONS = """
import os, subprocess, sys

def chatty():
    print("by print")
    os.write(1, b"to the descriptor\\n")
    subprocess.run([sys.executable, "-c", "print('by a child')"], check=True)
    return "dømt"
"""
WORKFLOW = """
name: chatty
nodes:
  talk: {type: transform, function: "chatty_functions:chatty"}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "chatty_functions.py").write_text(FUNCTIONS)
    path = tmp_path / "chatty.yaml"
    path.write_text(WORKFLOW)
    return path


def graphbit(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "graphbit_core.cli", *map(str, words)]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    pipe = subprocess.PIPE
    done: subprocess.CompletedProcess[str] = subprocess.run(
        command, text=True, stdout=pipe, env=env, encoding="utf-8", **options
    )
    return done


def test_what_a_function_and_its_children_print_goes_to_standard_error(file):
    done = graphbit("run", file, "--json", stderr=subprocess.PIPE)
    assert json.loads(done.stdout)["outputs"]["talk"] == "dømt"
    assert sorted(done.stderr.splitlines()) == ["by a child", "by print", "to the descriptor"]


def test_each_line_of_a_streamed_run_is_an_event(file):
    done = graphbit("run", file, "--json", "--stream", stderr=subprocess.PIPE)
    types = [json.loads(line)["type"] for line in done.stdout.splitlines()]
    assert (types[0], types[-1]) == ("run.started", "run.succeeded")
    assert "by print" in done.stderr


def test_without_json_what_is_printed_stays_where_it_is_printed(file):
    done = graphbit("run", file, stderr=subprocess.PIPE)
    assert "by print" in done.stdout
    assert done.stderr == ""


def test_json_is_printed_where_standard_error_is_closed(file):
    done = graphbit("run", file, "--json", preexec_fn=lambda: os.close(2))
    assert json.loads(done.stdout)["state"] == "succeeded"


def test_every_command_prints_its_json_through_one_function():
    found = []
    for path in sorted((workspace.ROOT / "graphbit_core" / "cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for_json = isinstance(node, ast.If) and ast.unparse(node.test).endswith((".json", "as_json"))
            for statement in node.body if for_json else ():
                found += [f"{path.name}:{node.lineno}"] * ("print(" in ast.unparse(statement))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print" and path.name != "output.py":
                found += [f"{path.name}:{node.lineno}"] * ("json.dumps" in ast.unparse(node))
    assert found == []
