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


NODE = "{type: transform, template: x}"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"nodes: {{a: {NODE}, b: {NODE}}}\nedges: [{{from: [a], to: b}}]", "unknown_node"),
        (f"nodes: {{a: {NODE}, b: {NODE}}}\nedges: [{{from: a, to: b, when: yes}}]", "bad_edge"),
        ("nodes: {a: {type: transform, id: q}}", "unknown_key"),
        ("nodes: {a: {type: transform, self: q}}", "unknown_key"),
    ],
)
def test_values_of_the_wrong_type_are_findings(tmp_path, text, code):
    (tmp_path / "w.yaml").write_text(f"name: w\n{text}")
    with pytest.raises(ValidationError) as caught:
        Workflow.from_file(tmp_path / "w.yaml")
    assert [finding.code for finding in caught.value.findings] == [code]


@pytest.mark.parametrize(
    "text", ["[" * 5000, "description: !!timestamp 2020-99-99"], ids=["deep", "no such day"]
)
def test_text_that_yaml_cannot_take_is_refused_by_name(tmp_path, text):
    (tmp_path / "w.yaml").write_text(text)
    with pytest.raises(ValidationError, match=r"w\.yaml"):
        Workflow.from_file(tmp_path / "w.yaml")


def test_ids_that_yaml_reads_as_numbers_are_text_in_nodes_and_edges(tmp_path):
    (tmp_path / "w.yaml").write_text(
        f"name: w\nnodes: {{1: {NODE}, 2: {NODE}}}\nedges: [{{from: 1, to: '2'}}]"
    )
    assert set(Workflow.from_file(tmp_path / "w.yaml").nodes) == {"1", "2"}


def test_a_label_that_is_no_text_is_refused_where_it_is_given():
    workflow = Workflow("w").chain(Node.transform("a", template="x"))
    workflow.add_node(Node.transform("b", template="x"))
    with pytest.raises(ValidationError, match="label"):
        workflow.connect("a", "b", when=True)


def test_a_name_of_two_lines_stays_one_line_of_the_drawing():
    drawing = Workflow("w").chain(Node.transform("a\nb", template="x")).draw()
    assert len(drawing.splitlines()) == 2
