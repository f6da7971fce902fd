"""Faults are found before anything runs, all at once."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, MissingInputError, Node, ValidationError, Workflow
from graphbit_core.nodes.transform import TransformNode


def codes(workflow, host):
    return sorted((finding.code, finding.node) for finding in workflow.validate(host))


def text(name, template="x", **options):
    return Node.transform(name, template=template, **options)


def graph(*nodes, edges=(), **settings):
    workflow = Workflow("w", **settings)
    for node in nodes:
        workflow.add_node(node)
    for source, target, *more in edges:
        workflow.connect(source, target, **(more[0] if more else {}))
    return workflow


def test_all_findings_are_reported_not_the_first(host):
    workflow = Workflow("w").chain(
        Node.agent("a", "Hi"), Node("no_such_type", "b"), Node.transform("c"), Node.delay("d", -1)
    )
    workflow.add_node(Node.transform("alone", template="x"))
    assert codes(workflow, host) == [
        ("config", "c"),
        ("config", "d"),
        ("disconnected", "alone"),
        ("node_type", "b"),
    ]


def test_an_unknown_setting_is_a_finding_that_names_the_nearest(host):
    workflow = Workflow("w")
    workflow.add_node(Node("agent", "a", prompt="x", temprature=1))
    (finding,) = workflow.validate(host)
    assert "temprature" in finding.message
    assert "temperature" in f"{finding.message} {finding.fix}"


def test_a_template_that_names_a_node_that_does_not_come_before_is_found(host):
    workflow = Workflow("w").chain(
        Node.transform("first", template="{second}"), Node.transform("second", template="x")
    )
    assert codes(workflow, host) == [("not_an_ancestor", "first")]
    with pytest.raises(ValidationError, match="not_an_ancestor"):
        Executor(host=host).execute(workflow)


def test_inputs_are_listed(host):
    workflow = Workflow("w").chain(
        Node.transform("a", template="{topic} {style}"), Node.transform("b", lambda a, length: a)
    )
    assert list(workflow.compile(host).inputs) == ["topic", "style", "length"]


def test_two_nodes_of_one_name_are_refused_where_they_are_added():
    workflow = Workflow("w")
    workflow.add_node(Node.delay("wait", 1))
    with pytest.raises(ValidationError, match="already has"):
        workflow.add_node(Node.delay("wait", 2))


def test_the_drawing_has_a_line_per_node_and_edge(host):
    workflow = Workflow("w")
    workflow.add_node(Node.condition('say "hi"', lambda _: "b", id="a"))
    workflow.add_node(Node.delay("b", 1))
    workflow.connect("a", "b", when="yes")
    text = workflow.draw()
    assert text.startswith("flowchart TD\n")
    assert 'n0{"say #34;hi#34;<br/><i>condition</i>"}' in text
    assert 'n0 -->|"yes"| n1' in text


def test_a_workflow_is_compiled_anew_only_after_it_or_its_host_has_changed(host):
    workflow = Workflow("w").chain(Node.transform("a", template="x"))
    compiled = workflow.compile(host)
    assert workflow.compile(host) is compiled
    workflow.chain(workflow.nodes["a"], Node.transform("b", template="y"))
    changed = workflow.compile(host)
    assert len(changed.root.bodies) == 2
    host.add("node_type", "another", type(changed.root.bodies[0]))
    assert workflow.compile(host) is not changed


def test_a_node_type_that_leaves_the_checking_to_python_makes_a_finding(host):
    class Careless(TransformNode):
        def __init__(self, *, size):
            super().__init__(template="x" * size)

    host.add("node_type", "careless", Careless)
    workflow = Workflow("w").chain(Node("careless", "a", size="big"))
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("config", "a")


def test_a_fallback_has_a_body_of_its_own_to_run(host):
    workflow = Workflow("w")
    for name, other in (
        ("a", Node.delay("pause", 1)),
        ("b", Node.subworkflow("sub", Node.transform("x", template="x"))),
    ):
        workflow.add_node(Node.transform(name, template="x", on_error={"fallback": other.id}))
        workflow.add_node(other)
    assert codes(workflow, host) == [("fallback_without_body", "pause"), ("fallback_without_body", "sub")]


def test_a_fault_of_the_graph_is_told_as_a_sentence(host):
    workflow = Workflow("w").chain(Node.transform("a", template="a"), Node.transform("b", template="b"))
    workflow.add_node(Node.transform("lone", template="c", on_error="route"))
    told = [str(finding) for finding in workflow.validate(host)]
    assert any("no edge leads to or from node lone — connect the node, or remove it" in text for text in told)
    assert any("node lone routes its errors, but has no error edge" in text for text in told)


def test_a_back_edge_names_its_nodes_and_points_to_loop_nodes(host):
    workflow = graph(text("draft"), text("review"), edges=[("draft", "review"), ("review", "draft")])
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("cycle", "draft")
    assert "draft -> review -> draft" in finding.message
    assert "loop node" in finding.fix


def test_faults_of_the_graph_hide_no_faults_of_names_types_and_variables(host):
    def number(value) -> int:
        return int(value)

    def shout(value: str) -> str:
        return value.upper()

    workflow = graph(
        text("a"),
        text("b", "{later}"),
        text("later"),
        Node("no_such_type", "unknown"),
        Node.transform("number", number, writes="x"),
        Node.transform("shout", shout, writes="y"),
        Node.transform("other", lambda: 1, writes="x"),
        Node("loop", "endless", body=graph(text("p", "{q}"), text("q"), edges=[("p", "q")]), until="true"),
        edges=[("a", "b"), ("b", "a"), ("number", "shout"), ("other", "later", {"when": "never"})],
    )
    found = {(finding.code, finding.node) for finding in workflow.validate(host)}
    assert found == {
        ("cycle", "a"),
        ("disconnected", "unknown"),
        ("disconnected", "endless"),
        ("node_type", "unknown"),
        ("not_an_ancestor", "b"),
        ("not_an_ancestor", "endless/p"),
        ("type_mismatch", "shout"),
        ("unbounded_loop", "endless"),
        ("unordered_writers", "other"),
    }


@pytest.mark.parametrize(
    ("fault", "code", "node"),
    [
        ([("p", "q"), ("q", "p")], "cycle", "each/again/p"),
        ([], "not_an_ancestor", "each/again/p"),
        ([("q", "p", {"port": "x"})], "unconnected_port", "each/again/q"),
    ],
)
def test_a_fault_in_a_body_is_told_with_its_path(host, fault, code, node):
    inner = graph(text("p", "{q}"), text("q", ports={"y": "required"} if fault else None), edges=fault)
    again = Node.loop("again", inner, until="true", max_iterations=2)
    workflow = graph(Node.map("each", graph(again), over=[1]))
    assert (code, node) in codes(workflow, host)


def test_every_finding_says_what_to_do(host):
    workflow = graph(text("a"), text("b"), text("alone", "{b}"), edges=[("a", "b"), ("b", "a")])
    findings = workflow.validate(host)
    assert len(findings) == 3
    assert all(finding.fix and finding.message and finding.node for finding in findings)


def test_a_label_that_its_source_never_chooses_leaves_a_node_unreachable(host):
    loop = Node.loop("loop", text("x"), until="true", max_iterations=1)
    for source in (text("source"), loop, Node.map("each", text("x"), over=[])):
        workflow = graph(source, text("b"), edges=[(source, "b", {"when": "exhausted"})])
        (finding,) = workflow.validate(host)
        assert (finding.code, finding.node) == ("unreachable", "b")
        assert "'exhausted'" in finding.message


def test_a_label_is_fine_where_its_source_may_choose_it(host):
    routed = Node.loop("loop", text("x"), until="true", max_iterations=1, on_exhausted="route")
    replaced = text("replaced", on_error={"fallback": "chooser"})
    for source in (routed, replaced, Node.transform("free", lambda: 1)):
        workflow = graph(source, text("b"), Node.transform("chooser", lambda: 1))
        workflow.connect(source, "b", when="exhausted")
        assert "unreachable" not in dict(codes(workflow, host))


def test_a_required_port_that_no_edge_leads_to_is_found(host):
    ports = {"x": "required", "y": "required", "z": "optional"}
    workflow = graph(text("a"), Node.transform("b", lambda x, y, z=0: x, ports=ports))
    workflow.connect("a", "b", port="x")
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("unconnected_port", "b")
    assert "'y'" in finding.message


def test_functions_that_cannot_be_found_are_findings_wherever_they_are_named(host):
    workflow = graph(
        text("a", compensate="no_such_module:undo"),
        text("b"),
        text("c"),
        edges=[
            ("a", "b", {"when": {"function": "no_such_module:test"}}),
            ("b", "c", {"when": {"if": "1 +"}}),
        ],
        variables={"x": "no_such_module:reduce"},
    )
    found = [(finding.code, finding.node) for finding in workflow.validate(host)]
    assert sorted(found, key=str) == [("config", "a"), ("config", "a"), ("config", "b"), ("config", None)]


def test_names_in_the_expression_of_an_edge_are_run_inputs_or_faults(host):
    workflow = graph(text("a"), text("b"), text("c"), edges=[("a", "b", {"when": {"if": "value == limit"}})])
    workflow.connect("b", "c", when={"if": "c == a"})
    assert codes(workflow, host) == [("not_an_ancestor", "b")]
    workflow = graph(text("a"), text("b"), edges=[("a", "b", {"when": {"if": "value == limit"}})])
    assert list(workflow.compile(host).inputs) == ["limit"]


def test_writers_in_a_body_and_outside_of_it_are_ordered_by_their_containers(host):
    def built(*edges):
        body = graph(Node.transform("inner", lambda item: item, writes="x"))
        source, other = (
            Node.transform("items", lambda: [1]),
            Node.transform("other", lambda value: 1, writes="x"),
        )
        return graph(source, Node.map("each", body), other, edges=edges)

    apart = built(("items", "each"), ("items", "other"))
    assert codes(apart, host) == [("unordered_writers", "each/inner")]
    assert codes(built(("items", "each"), ("each", "other")), host) == []


def test_inputs_are_listed_also_of_bodies(host):
    body = graph(text("line", "{item} in {language}, as {title}"))
    workflow = graph(text("title", "T"), Node.map("each", body, over=[1]), text("end", "{each} {style}"))
    workflow.connect("title", "each")
    workflow.connect("each", "end")
    assert set(workflow.compile(host).inputs) == {"language", "style"}
    with pytest.raises(MissingInputError, match="language") as caught:
        Executor(host=host).execute(workflow, {"style": "plain"})
    assert tuple(caught.value.missing) == ("language",)


def test_what_the_condition_of_an_edge_names_is_a_run_input_or_an_ancestor(host):
    for when in ({"if": "value > threshold"}, lambda value, threshold: value > threshold):
        workflow = Workflow("w")
        workflow.chain(Node.transform("a", lambda: 1))
        workflow.add_node(Node.transform("b", lambda value: value))
        workflow.connect("a", "b", when=when)
        assert workflow.compile(host).inputs == {"threshold": "a"}
        assert Executor(host=host).execute(workflow, {"threshold": 0}).output == 1


def test_a_condition_that_names_its_own_node_is_told_of_value(host):
    workflow = Workflow("w")
    workflow.chain(Node.transform("a", lambda: 1))
    workflow.add_node(Node.transform("b", lambda value: value))
    workflow.connect("a", "b", when={"if": "a > 3"})
    (finding,) = workflow.validate(host)
    assert (finding.code, finding.node) == ("own_output", "a")
    assert "'value'" in finding.fix


async def asks_later(value):
    return True


@pytest.mark.parametrize("when", [{"if": "1 +"}, asks_later, {"function": "no.such:function"}])
def test_what_options_name_and_cannot_work_are_findings_all_at_once(host, when):
    workflow = Workflow("w", variables={"x": "no.such:reducer"})
    workflow.add_node(Node.transform("a", lambda: 1, compensate="no.such:undo"))
    workflow.add_node(Node.transform("b", lambda value: value))
    workflow.connect("a", "b", when=when)
    findings = workflow.validate(host)
    assert [(finding.code, finding.node) for finding in findings] == [
        ("config", "a"),
        ("config", "a"),
        ("config", None),
    ]
    assert "the variable 'x'" in findings[-1].message
