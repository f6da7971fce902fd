"""Workflows and runs as pictures in text."""

from __future__ import annotations

import re

import pytest

from graphbit_core import Executor, Node, NodeReport, ValidationError, Workflow, WorkflowResult

ODD = 'a "b" <i> & #9; %%{init: {}}%% `x` \\N [y] {z} | ; end'


def picture() -> Workflow:
    workflow = Workflow('The "flow"')
    body = Workflow("inner").chain(Node.agent("write", "{item}"), Node.transform("trim", template="{write}"))
    for node in (
        Node.condition("choose", "mine:choose", on_error="route"),
        Node.map("each", body, over="x"),
        Node.transform("spare", template="x"),
        Node.delay("wait", 1, on_error={"fallback": "spare"}),
        Node.transform("repair", template="x"),
    ):
        workflow.add_node(node)
    workflow.connect("choose", "each", when="many")
    workflow.connect("choose", "wait", when={"if": "value > 3"}, output="a.b", port="p")
    workflow.connect("each", "wait", kind="control")
    workflow.connect("choose", "repair", kind="error")
    return workflow


def mermaid(text: str) -> list[str]:
    """The lines, each of which must be of a form that Mermaid knows."""
    shape = r'(\w+)(\(|\{|\[|\[\[|\(\[|\[\(|\{\{|\[/)"[^"`%<>&]*(<br/>|<i>[^"`%<>&]*</i>|[^"`%<>&])*"\W{1,2}'
    arrow = r'\w+ (-->|-\.->|==>|-\.-)(\|"[^"`%<>&]*"\|)? \w+'
    other = (
        r'flowchart TD|subgraph \w+ \["([^"`%<>&]|<br/>)*"\]|end|(linkStyle|classDef|class) [\w,]+ [\w:#,]+'
    )
    lines = [line.strip() for line in text.splitlines()]
    assert [line for line in lines if not re.fullmatch(f"{shape}|{arrow}|{other}", line)] == []
    return lines


def dot(text: str) -> list[str]:
    """The lines; quotes and braces must be balanced."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', '""', text)
    assert "\\" not in unquoted
    assert unquoted.count("{") == unquoted.count("}")
    return [line.strip() for line in text.splitlines()]


def test_mermaid_shows_bodies_kinds_of_edges_and_fallbacks():
    lines = mermaid(picture().draw())
    assert 'subgraph n1_body ["each"]' in lines
    assert 'n1[["each<br/><i>map</i>"]]' in lines
    assert 'n1_0("write<br/><i>agent</i>")' in lines
    assert "n1 -.- n1_0" in lines
    assert "n1_0 --> n1_1" in lines
    assert 'n0 -->|"many"| n1' in lines
    assert 'n0 -->|"if value #62; 3 · .a.b · to p"| n3' in lines
    assert "n1 -.-> n3" in lines
    assert "n0 ==> n4" in lines
    assert 'n3 -.->|"fallback"| n2' in lines


def test_styles_of_mermaids_lines_go_by_their_numbers():
    lines = mermaid(picture().draw())
    drawn = [line for line in lines if re.match(r"\w+ (-->|-\.->|==>|-\.-)", line)]
    styled = {int(line.split()[1]) for line in lines if line.startswith("linkStyle") and "c62828" in line}
    assert styled == {i for i, line in enumerate(drawn) if "==>" in line or "fallback" in line}


def test_dot_shows_the_same():
    lines = dot(picture().draw("dot"))
    assert lines[0] == 'digraph "The \\"flow\\"" {'
    assert "subgraph cluster_n1 {" in lines
    assert 'n1 [label="each\\nmap", shape="box3d"];' in lines
    assert 'n0 -> n1 [style="solid", label="many"];' in lines
    assert 'n1 -> n3 [style="dotted"];' in lines
    assert 'n0 -> n4 [style="bold", color="#c62828", fontcolor="#c62828"];' in lines
    assert lines[-1] == "}"


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_no_name_or_label_can_be_taken_for_more_than_text(form):
    workflow = Workflow(ODD)
    workflow.add_node(Node.condition(ODD, "mine:choose", id="a"))
    workflow.add_node(Node.subworkflow(f"1. {ODD}\n2) more", Node.delay("- x", 1), id="b"))
    workflow.connect("a", "b", when=ODD)
    text = workflow.draw(form)
    lines = mermaid(text) if form == "mermaid" else dot(text)
    assert len([line for line in lines if "[y]" in line]) == (4 if form == "mermaid" else 5)
    if form == "mermaid":
        assert "1#46; a #34;b#34;" in text
        assert "#45; x" in text


def run_of(workflow: Workflow, *reports: NodeReport) -> WorkflowResult:
    return WorkflowResult("r1", "failed", reports, {}, {})


def test_a_run_shows_states_times_and_reasons():
    workflow = Workflow("w").chain(
        Node.transform("a", template="x"),
        Node.transform("b", template="y"),
        Node.transform("c", template="z"),
    )
    result = run_of(
        workflow,
        NodeReport("a", "a", "transform", "succeeded", 0.0421),
        NodeReport("b", "b", "transform", "failed", 12.5),
        NodeReport("c", "c", "transform", "skipped", reason="upstream_failed"),
    )
    lines = mermaid(workflow.draw(result=result))
    assert 'n0["a<br/><i>transform</i><br/>succeeded · 42 ms"]' in lines
    assert 'n1["b<br/><i>transform</i><br/>failed · 12.5 s"]' in lines
    assert 'n2["c<br/><i>transform</i><br/>skipped · upstream_failed"]' in lines
    assert "class n1 failed" in lines
    assert [line.split()[1] for line in lines if line.startswith("classDef")] == [
        "succeeded", "failed", "skipped",
    ]  # fmt: skip
    shown = dot(workflow.draw("dot", result))
    assert (
        'n1 [label="b\\ntransform\\nfailed · 12.5 s", shape="box", fillcolor="#f9d6d5", color="#c62828"];'
        in shown
    )


def test_a_real_run_can_be_drawn_with_its_error():
    def fails() -> None:
        raise ValueError('no "such" thing')

    workflow = Workflow("w").chain(Node.transform("a", fails))
    result = Executor().execute(workflow)
    lines = mermaid(workflow.draw(result=result))
    assert any("failed" in line and "no #34;such#34; thing" in line for line in lines)


def test_an_unknown_format_is_refused_with_the_nearest():
    with pytest.raises(ValidationError, match="did you mean 'mermaid'"):
        picture().draw("mermaids")
