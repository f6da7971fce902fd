"""What a run is given: inputs and a context."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Node, ValidationError, Workflow, WorkflowContext


def test_a_context_gives_variables_and_takes_up_those_of_the_run(host):
    context = WorkflowContext({"topic": "rain", "style": "short"})
    workflow = Workflow("w").chain(Node.transform("line", template="{topic}, {style}", writes="line"))
    result = Executor(host=host).execute(workflow, {"style": "long"}, context)
    assert result.output == "rain, long"
    assert context.variables == {"topic": "rain", "style": "long", "line": "rain, long"}
    assert (context.state, context.get_node_output("line")) == ("succeeded", "rain, long")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("w",), "workflow"),
        ((None, [1]), "inputs"),
        ((None, "x"), "inputs"),
        ((None, None, {"a": 1}), "context"),
    ],
)
def test_an_argument_of_the_wrong_type_is_named(host, arguments, field):
    workflow = arguments[0] or Workflow("w").chain(Node.delay("a", 0))
    with pytest.raises(ValidationError, match=f"^{field} is") as caught:
        Executor(host=host).execute(workflow, *arguments[1:])
    assert caught.value.field == field
