"""Bodies in files: nested, or in a file of their own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from graphbit_core import Node, ValidationError, Workflow
from graphbit_core.workflow.spec import faults

DRAFT = {"type": "transform", "template": "{item}"}
NESTED: dict[str, Any] = {
    "name": "Report",
    "variables": {"notes": "append"},
    "nodes": {
        "each": {
            "type": "map",
            "over": "pages",
            "timeout": 5,
            "body": {"nodes": {"draft": DRAFT, "note": {**DRAFT, "writes": "notes"}},
                     "edges": [{"from": "draft", "to": "note"}]},
        }
    },
}  # fmt: skip


def write(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return path


def container(file: Any, type_: str = "subworkflow") -> dict[str, Any]:
    return {"name": "w", "nodes": {"inner": {"type": type_, "body": {"file": file}}}}


def codes(data: Any, folder: Path | None = None) -> list[tuple[str, str | None]]:
    with pytest.raises(ValidationError) as caught:
        Workflow.from_dict(data, folder=folder)
    assert caught.value.findings
    return [(finding.code, finding.node) for finding in caught.value.findings]


def test_a_nested_body_is_what_the_builder_makes():
    body = Workflow("each").chain(
        Node.transform("draft", template="{item}"), Node.transform("note", template="{item}", writes="notes")
    )
    built = Workflow("Report", variables={"notes": "append"})
    built.add_node(Node.map("each", body, over="pages", timeout=5))
    read = Workflow.from_dict(NESTED)
    assert read.to_dict() == built.to_dict()
    assert read.spec_hash == built.spec_hash


def test_a_body_in_a_file_of_its_own_is_the_same_workflow(tmp_path):
    nested = NESTED["nodes"]["each"]["body"]
    write(tmp_path, "parts/each.json", nested)
    outer = {**NESTED, "nodes": {"each": {**NESTED["nodes"]["each"], "body": {"file": "parts/each.json"}}}}
    path = write(tmp_path, "w.json", outer)
    assert Workflow.from_file(path).spec_hash == Workflow.from_dict(NESTED).spec_hash
    assert Workflow.from_dict(outer, folder=tmp_path).spec_hash == Workflow.from_dict(NESTED).spec_hash
    assert Workflow.from_json(json.dumps(outer), folder=str(tmp_path)).nodes["each"].options.timeout == 5


def test_the_path_of_a_body_counts_from_the_file_that_names_it(tmp_path):
    write(tmp_path, "parts/deep/leaf.json", {"nodes": {"draft": DRAFT}})
    write(tmp_path, "parts/middle.json", container("deep/leaf.json"))
    path = write(tmp_path, "w.json", container("parts/middle.json"))
    middle = Workflow.from_file(path).nodes["inner"].config["body"]
    assert list(middle.nodes["inner"].config["body"].nodes) == ["draft"]


def test_one_file_may_be_the_body_of_two_nodes(tmp_path):
    write(tmp_path, "leaf.json", {"nodes": {"draft": DRAFT}})
    two = container("leaf.json")
    two["nodes"]["other"] = dict(two["nodes"]["inner"])
    assert len(Workflow.from_dict(two, folder=tmp_path).nodes) == 2


@pytest.mark.parametrize("way", ["../leaf.json", "/etc/hostname.json", "link.json"])
def test_a_body_outside_the_workflows_folder_is_refused(tmp_path, way):
    write(tmp_path, "leaf.json", {"nodes": {"draft": DRAFT}})
    path = write(tmp_path, "inside/w.json", container(way))
    (tmp_path / "inside/link.json").symlink_to(tmp_path / "leaf.json")
    with pytest.raises(ValidationError, match="outside the workflow's folder"):
        Workflow.from_file(path)


def test_files_that_hold_each_other_are_refused_by_name(tmp_path):
    write(tmp_path, "b.json", container("a.json"))
    path = write(tmp_path, "a.json", container("b.json"))
    with pytest.raises(ValidationError, match=r"a\.json → b\.json → a\.json"):
        Workflow.from_file(path)
    write(tmp_path, "self.json", container("self.json"))
    with pytest.raises(ValidationError, match="hold each other"):
        Workflow.from_file(tmp_path / "self.json")


def test_files_that_multiply_are_refused(tmp_path):
    names = [f"{number}.json" for number in range(16)]
    for this, following in zip(names, [*names[1:], "leaf.json"], strict=True):
        both = {"type": "subworkflow", "body": {"file": following}}
        write(tmp_path, this, {"name": "w", "nodes": {"a": both, "b": both}})
    write(tmp_path, "leaf.json", {"nodes": {"draft": DRAFT}})
    with pytest.raises(ValidationError, match="in all"):
        Workflow.from_file(tmp_path / "0.json")


def test_bodies_too_deep_are_refused():
    data: dict[str, Any] = {"nodes": {"draft": DRAFT}}
    for _ in range(200):
        data = {"nodes": {"in": {"type": "subworkflow", "body": data}}}
    assert codes({"name": "w", **data})[0][0] == "too_many_bodies"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"file": "none.json"}, "bad_file"),
        ({"file": 3}, "bad_file"),
        ({"file": "a\0b.json"}, "bad_file"),
        ({"file": "w.toml"}, "bad_file"),
        ({"file": "leaf.json", "nodes": {}}, "unknown_key"),
        ("draft", "bad_body"),
        ({"nodes": {}}, "missing_key"),
    ],
)
def test_a_body_that_is_none_is_a_finding_at_its_node(tmp_path, body, code):
    write(tmp_path, "leaf.json", {"nodes": {"draft": DRAFT}})
    data = {"name": "w", "nodes": {"inner": {"type": "loop", "body": body}}}
    assert codes(data, tmp_path) == [(code, "inner")]


def test_a_file_needs_a_folder_to_be_found_in():
    assert codes(container("leaf.json")) == [("bad_file", "inner")]


def test_a_container_without_a_body_is_a_finding():
    assert codes({"name": "w", "nodes": {"each": {"type": "map"}}}) == [("missing_body", "each")]


def test_faults_inside_bodies_carry_the_path_of_the_node():
    body: dict[str, Any] = {
        "nodes": {"draft": {**DRAFT, "retry": 0, "jion": 1}, "b": {}},
        "edges": [{"from": "draft", "to": "drift"}, {"from": "draft", "to": "draft", "kind": "eror"}],
        "nod": 1,
    }
    data = {
        "name": "w",
        "nodes": {"each": {"type": "map", "body": body}, "other": {"type": "x", "retry": -1}},
    }
    assert codes(data) == [
        ("unknown_key", "each"),
        ("bad_option", "each/draft"),
        ("missing_type", "each/b"),
        ("unknown_node", "each"),
        ("bad_edge", "each"),
        ("bad_option", "other"),
    ]


def test_a_wrong_key_in_a_body_does_not_hide_what_is_wrong_with_its_nodes(tmp_path):
    body = {"nodes": {"draft": {"type": "transform"}, "b": {**DRAFT, "rest": 3}}}
    path = write(tmp_path, "w.json", {"name": "w", "nodes": {"each": {"type": "map", "body": body}}})
    found = [(finding.code, finding.node) for finding in faults(path)]
    assert found == [("bad_option", "each/b"), ("config", "each/draft")]


def test_another_node_type_keeps_a_mapping_that_is_no_workflow():
    asked = {"type": "http_request", "body": {"question": "{q}"}}
    assert Workflow.from_dict({"name": "w", "nodes": {"ask": asked}}).nodes["ask"].config["body"] == {
        "question": "{q}"
    }
