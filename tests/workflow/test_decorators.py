"""``@node`` and ``@condition``."""

from __future__ import annotations

import asyncio

import pytest

from graphbit_core import Executor, Node, ValidationError, Workflow, condition, node


@node
def load(topic: str) -> str:
    return f"about {topic}"


@node(after=load, retry=3)
async def draft(text: str) -> str:
    return text.title()


@condition(after=draft)
def long_enough(text: str) -> str:
    return "publish" if len(text) > 3 else "extend"


@node(after=long_enough, when="publish", name="Publish it", id="publish")
def send(text: str) -> str:
    return f"{text}!"


@node(after=[long_enough], when="extend")
def extend(text: str) -> str:
    return text * 2


def decorated() -> Workflow:
    return Workflow.of("Review", load, draft, long_enough, send, extend)


def test_a_decorated_function_is_called_as_ever():
    assert load("cats") == "about cats"
    assert asyncio.run(draft("x y")) == "X Y"
    assert load.__name__ == "load"


def test_decorators_and_builder_give_the_same_workflow():
    built = Workflow("Review").chain(
        Node.transform("load", load),
        Node.transform("draft", draft, retry=3),
        Node.condition("long_enough", long_enough),
    )
    built.add_node(Node.transform("Publish it", send, id="publish"))
    built.add_node(Node.transform("extend", extend))
    built.connect("long_enough", "publish", when="publish")
    built.connect("long_enough", "extend", when="extend")
    assert decorated().to_dict() == built.to_dict()
    assert decorated().spec_hash == built.spec_hash


def test_decorated_functions_run():
    result = Executor().execute(decorated(), {"topic": "cats"})
    assert result.output == "About Cats!"


def test_a_decorated_workflow_round_trips_through_a_file():
    workflow = decorated()
    assert Workflow.from_yaml(workflow.to_yaml()).spec_hash == workflow.spec_hash


def test_other_nodes_stand_among_functions():
    @node(after="wait")
    def after_wait(value):
        return value

    waiting = Node.delay("wait", 0)
    workflow = Workflow.of("w", after_wait, waiting, load)
    workflow.connect(load, waiting)
    assert [(e.source, e.target) for e in workflow.edges] == [("wait", "after_wait"), ("load", "wait")]


def test_a_function_may_be_the_body_of_a_container():
    assert list(Node.map("each", load).config["body"].nodes) == ["load"]


def test_names_of_parameters_connect_nothing():
    @node
    def summary(load):
        return load

    assert not Workflow.of("w", load, summary).edges


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Workflow.of("w", len), "len is no node; decorate"),
        (lambda: Workflow.of("w", draft), "no node 'load'"),
        (lambda: node(lambda x: x), "has no name"),
        (lambda: node(len), "cannot be decorated"),
        (lambda: node(when="a")(lambda: 1), "has no name"),
        (lambda: node(when="a", name="f")(lambda: 1), "no after="),
        (lambda: node(retry=0)(test_names_of_parameters_connect_nothing), "retry is 0"),
    ],
)
def test_what_cannot_be_a_node_is_refused(make, message):
    with pytest.raises(ValidationError, match=message):
        make()
