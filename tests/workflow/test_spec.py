"""The written form."""

from __future__ import annotations

import json

import pytest

from graphbit_core import Node, ValidationError, Workflow

YAML = """
name: Review
nodes:
  draft: {type: agent, prompt: "Write about {topic}"}
  check: {type: condition, function: "operator:itemgetter"}
  done: {type: transform, name: All done, template: "{draft}"}
edges:
  - {from: draft, to: check}
  - {from: check, to: done, when: good}
"""


def test_yaml_json_and_builder_give_the_same_workflow_and_hash(tmp_path):
    (tmp_path / "w.yaml").write_text(YAML)
    from_yaml = Workflow.from_file(tmp_path / "w.yaml")
    (tmp_path / "w.json").write_text(json.dumps(from_yaml.to_dict()))
    from_json = Workflow.from_file(tmp_path / "w.json")
    built = Workflow("Review").chain(
        Node.agent("draft", "Write about {topic}"), Node.condition("check", "operator:itemgetter")
    )
    built.add_node(Node.transform("All done", template="{draft}", id="done"))
    built.connect("check", "done", when="good")
    assert from_yaml.to_dict() == from_json.to_dict() == built.to_dict()
    assert from_yaml.spec_hash == from_json.spec_hash == built.spec_hash
    assert Workflow.from_dict(built.to_dict()).to_dict() == built.to_dict()


def test_every_fault_of_the_form_is_found_and_the_nearest_name_offered():
    with pytest.raises(ValidationError) as caught:
        Workflow.from_dict(
            {
                "name": "w",
                "node": {},
                "nodes": {"draft": {"type": "agent"}, "b": {}},
                "edges": [{"from": "draft", "to": "drift"}, {"form": "b", "to": "draft"}],
            }
        )
    codes = [finding.code for finding in caught.value.findings]
    assert codes == ["unknown_key", "missing_type", "unknown_node", "unknown_key", "bad_edge"]
    assert "did you mean 'nodes'?" in str(caught.value)
    assert "did you mean 'draft'?" in str(caught.value)


def test_a_function_object_cannot_be_written_and_the_error_says_what_to_do():
    workflow = Workflow("w")
    workflow.add_node(Node.transform("a", lambda: 1))
    with pytest.raises(ValidationError, match=r"package\.module:function"):
        workflow.to_dict()


@pytest.mark.parametrize("name", ["w.toml", "w.yaml", "missing.json"])
def test_files_that_are_no_workflow_are_refused_by_name(tmp_path, name):
    if name != "missing.json":
        (tmp_path / name).write_text("- [")
    with pytest.raises(ValidationError, match=name.replace(".", r"\.")):
        Workflow.from_file(tmp_path / name)
