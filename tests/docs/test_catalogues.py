"""Tables of the documents that repeat what the code says."""

from __future__ import annotations

import re
from dataclasses import fields
from inspect import signature

import workspace
from documents import rows

from graphbit_core import EVENT_TYPES, Executor, NodeType, RunCaps, ToolOptions, default_host
from graphbit_core.nodes.http_request import HttpRequestNode
from graphbit_core.workflow.expressions.functions import FUNCTIONS
from graphbit_core.workflow.limits import Limits

DOCS = workspace.ROOT / "docs"


def test_the_page_on_events_lists_every_type_with_its_data():
    listed = {}
    for name, data, _ in rows("streaming-events.md", "type"):
        optional = set(re.findall(r"\[`(\w+)`\]", data))
        listed[name.strip("`")] = set(re.findall(r"`(\w+)`", data)) - optional, optional, "adds" in data
    assert listed == {name: (set(t.keys), set(t.optional), t.open) for name, t in EVENT_TYPES.items()}


def test_the_page_on_concepts_lists_every_node_type_of_the_core():
    table = " ".join(row[0] for row in rows("concepts.md", "type"))
    offered = [info.name for info in default_host().list("node_type") if info.distribution == "graphbit-core"]
    assert sorted(re.findall(r"`(\w+)`", table)) == sorted(offered)


def test_the_page_on_branching_lists_every_function_of_expressions():
    text = (DOCS / "branching-and-joining.md").read_text(encoding="utf-8")
    table = text.partition("## Expressions")[2].partition("```")[0]
    assert set(re.findall(r"`(\w+)\(", table)) == {*FUNCTIONS, "default", "matches"}


def test_the_page_on_running_lists_every_limit_and_preset():
    named = re.findall(r"`(\w+)`", " ".join(row[0] for row in rows("running.md", "option")))
    assert set(named) == {field.name for field in fields(Limits)}
    caps = [row[0].strip("`") for row in rows("running.md", "cap")]
    assert caps == [field.name for field in fields(RunCaps)]
    presets = re.findall(r"Executor\.(\w+)\(\)", " ".join(row[0] for row in rows("running.md", "preset")))
    assert [Executor.__dict__[name].__func__ is not None for name in presets] == [True] * 5


def test_the_page_on_tools_lists_every_option_with_its_default():
    listed = {name.strip("`"): default.strip("`") for name, default, _ in rows("tools.md", "option")}
    assert listed == {field.name: repr(field.default).replace("'", '"') for field in fields(ToolOptions)}


def test_the_page_on_own_node_types_lists_every_member():
    listed = re.findall(r"`(\w+)[`(]", " ".join(row[0] for row in rows("own-node-types.md", "member")))
    assert sorted(listed) == sorted(name for name in {*vars(NodeType), "graphbit_api"} if name[0] != "_")


def test_the_page_on_http_requests_lists_every_setting():
    listed = [row[0].strip("`") for row in rows("http-requests.md", "setting")]
    assert listed == list(signature(HttpRequestNode).parameters)
