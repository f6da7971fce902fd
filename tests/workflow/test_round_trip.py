"""Whatever the builder makes comes back from a file as it was."""

from __future__ import annotations

import operator

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from graphbit_core import Node, ValidationError, Workflow

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SHOWN = TEXT.filter(str.strip)
FUNCTIONS = st.sampled_from([max, operator.itemgetter, "shop.orders:Order.undo"])
SECONDS = st.floats(0.001, 1e6, allow_nan=False) | st.integers(1, 1000)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "join": st.sampled_from(["all", "first", "all_settled", {"quorum": 2}, {"tolerate": 0}]),
        "rest": st.sampled_from(["cancel", "ignore", "drain"]),
        "on_error": st.sampled_from(["fail", "route", "skip", {"fallback": "n0"}])
        | JSON.map(lambda v: {"value": v}),
        "retry": st.integers(1, 9)
        | st.fixed_dictionaries({}, optional={"max_attempts": st.integers(1, 9), "base": SECONDS}),
        "timeout": SECONDS,
        "deadline": SECONDS,
        "priority": st.integers(-9, 9),
        "resource": SHOWN,
        "compensate": FUNCTIONS,
        "writes": NAMES,
        "ports": st.dictionaries(
            NAMES, st.sampled_from(["required", "optional", "collect", "optional collect"]), max_size=2
        ),
    },
)
VARIABLES = st.dictionaries(
    NAMES,
    st.sampled_from(["last", "append", "set"])
    | FUNCTIONS
    | JSON.map(lambda v: {"reducer": "merge", "initial": v}),
    max_size=3,
)
WHEN = st.none() | SHOWN | SHOWN.map(lambda text: {"if": text}) | FUNCTIONS.map(lambda f: {"function": f})


@st.composite
def workflows(draw: st.DrawFn, depth: int = 1) -> Workflow:
    workflow = Workflow(draw(SHOWN), description=draw(TEXT), variables=draw(VARIABLES))
    ids = [f"n{number}" for number in range(draw(st.integers(1, 4)))]
    for node_id in ids:
        name = draw(st.just(node_id) | SHOWN.map(lambda text, node_id=node_id: f"{node_id} {text}"))
        config = draw(st.dictionaries(st.sampled_from(["alpha", "beta"]), JSON, max_size=2))
        made = Node(draw(st.sampled_from(["transform", "mine"])), name, id=node_id, **config, **draw(OPTIONS))
        if depth and draw(st.booleans()):
            made = Node.map(name, draw(workflows(depth - 1)), over="x", id=node_id, **draw(OPTIONS))
        workflow.add_node(made)
    for source, target in draw(st.lists(st.tuples(*[st.sampled_from(ids)] * 2), max_size=4, unique=True)):
        kind = draw(st.sampled_from(["data", "control", "error"]))
        ports = [None, *workflow.nodes[target].options.ports]
        carried = {"output": draw(st.none() | st.just("a.0")), "port": draw(st.sampled_from(ports))}
        when = draw(WHEN) if kind != "error" else None
        more = carried if kind != "control" else {}
        workflow.connect(source, target, kind=kind, when=when, **more)
    return workflow


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(workflows())
def test_a_workflow_comes_back_from_data_yaml_and_json_as_it_was(workflow):
    data = workflow.to_dict()
    for read in (
        Workflow.from_dict(data),
        Workflow.from_yaml(workflow.to_yaml()),
        Workflow.from_json(workflow.to_json()),
    ):
        assert read.to_dict() == data
        assert read.spec_hash == workflow.spec_hash
        assert {i: n.options.written().keys() for i, n in read.nodes.items()} == {
            i: n.options.written().keys() for i, n in workflow.nodes.items()
        }
        assert read.to_yaml() == workflow.to_yaml()


def two(first: str, second: str, variables: dict[str, str] | None = None) -> Workflow:
    workflow = Workflow("w", variables=variables)
    for node_id in (first, second, "end"):
        workflow.add_node(Node.transform(node_id, template="x"))
    workflow.connect(first, "end")
    workflow.connect(second, "end")
    return workflow


def test_the_order_of_edges_to_one_node_has_meaning():
    assert two("a", "b").spec_hash != two("b", "a").spec_hash


def built(order: str, variables: dict[str, str] | None = None) -> str:
    workflow = Workflow("w", variables=variables)
    for node_id in order:
        workflow.add_node(Node.transform(node_id, template="x"))
    for source, target in [("a", "b"), ("a", "c")] if order == "abc" else [("a", "c"), ("a", "b")]:
        workflow.connect(source, target)
    return workflow.spec_hash


def test_the_order_of_nodes_has_meaning_only_where_there_are_variables():
    assert built("abc") == built("cab")
    assert built("abc", {"notes": "append"}) != built("cab", {"notes": "append"})


def test_one_and_one_point_nought_are_the_same_number():
    one, two = (
        Workflow.from_dict({"name": "w", "nodes": {"a": {"type": "x", "n": n, "retry": {"base": n}}}})
        for n in (1, 1.0)
    )
    assert one.spec_hash == two.spec_hash


@pytest.mark.parametrize("change", [{"retry": 2}, {"writes": "notes"}, {"on_error": {"value": None}}])
def test_an_option_changes_the_hash(change):
    node = {"type": "transform", "template": "x"}
    plain, changed = ({"name": "w", "nodes": {"a": n}} for n in (node, {**node, **change}))
    assert Workflow.from_dict(plain).spec_hash != Workflow.from_dict(changed).spec_hash


def inner_function() -> object:
    def inner() -> None: ...

    return inner


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: 1, "top level"),
        (inner_function(), "top level"),
        (object(), "a object, which cannot be written down"),
        (b"bytes", "bytes"),
        (float("nan"), "no form for"),
        ({b"k": 1}, "text keys"),
        ({1: "a", "1": "b"}, "two keys"),
        ("\ud800", "no Unicode text"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_with_its_node(value, message):
    workflow = Workflow("w")
    workflow.add_node(Node.map("each", Node("mine", "a", setting=value), over="x"))
    with pytest.raises(ValidationError, match=message) as caught:
        workflow.to_dict()
    assert "'each/a'" in caught.value.message


def test_a_function_of_the_script_that_runs_is_no_function_of_a_module(monkeypatch):
    def function() -> None: ...

    function.__module__, function.__qualname__ = "__main__", "function"
    with pytest.raises(ValidationError, match="module of its own"):
        Workflow("w").chain(Node.transform("a", function)).to_dict()


def test_a_function_that_its_module_does_not_hold_is_not_written():
    def function() -> None: ...

    function.__qualname__ = "gone"
    with pytest.raises(ValidationError, match="something else"):
        Workflow("w").chain(Node.transform("a", function)).to_dict()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: w\nnodes:\n  a: {type: x}\n  a: {type: y}\n", "line 4: the key 'a' stands twice"),
        ("a: &a [1]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\n" + "".join(
            f"{x}: &{x} [{', '.join(['*' + chr(ord(x) - 1)] * 9)}]\n" for x in "cdefghij"), "aliases"),
        ("a: &a [*a]\n", "inside what it names"),
        ("- a\n", "holds a list"),
        ("{", "not YAML"),
    ],
)  # fmt: skip
def test_yaml_that_would_lose_or_multiply_something_is_refused(text, message):
    with pytest.raises(ValidationError, match=message):
        Workflow.from_yaml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [('{"name": "w", "name": "v"}', "stands twice"), ("[]", "holds a list"), ("{", "not JSON")],
)
def test_json_that_would_lose_something_is_refused(text, message):
    with pytest.raises(ValidationError, match=message):
        Workflow.from_json(text)


def test_anchors_and_merge_keys_of_yaml_may_be_used():
    text = "name: w\nnodes:\n  a: &a {type: x, retry: 2}\n  b: {<<: *a, retry: 3}\n"
    nodes = Workflow.from_yaml(text).nodes
    assert [node.options.retry.max_attempts for node in nodes.values()] == [2, 3]


def test_a_date_in_yaml_is_text():
    text = "name: w\nnodes: {a: {type: x, day: 2020-01-31}}"
    assert Workflow.from_yaml(text).nodes["a"].config["day"] == "2020-01-31"
