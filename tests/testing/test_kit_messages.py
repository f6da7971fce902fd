"""What the kit says to an author whose conformance class lacks something."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from kit_runs import conformance_tests
from stores import ListStore

from graphbit_core import ChatResponse, Choice, ConfigError, Message, NodeType, Usage, tool
from graphbit_core.testing import (
    Canned,
    EmbedderConformance,
    NodeTypeConformance,
    ToolConformance,
    VectorStoreConformance,
)

OPENAI = conformance_tests("providers/openai").TestOpenAIProvider


class Picks(NodeType):
    """Chooses."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def run(self, context: Any) -> Any:
        return Choice(["urgent"], context.value)


@tool
def roman(number: int) -> str:
    """Writes a number in Roman numerals.

    Args:
        number: What to write.
    """
    return "I" * number


class Vectors:
    """Has a setting."""

    def __init__(self, *, rounding: bool = True) -> None:
        self.fingerprint = "vectors"


class OnlyNone(ListStore):
    """Takes no path."""

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        if path is not None:
            raise ConfigError("there is nothing on disk", setting="path")
        super().__init__(dimensions=dimensions)


def kit(conformance: type, component: Any, **about: Any) -> Any:
    return type("Kit", (conformance,), {"component": component, **about})()


def test_a_node_that_chooses_wants_targets() -> None:
    nodes = kit(NodeTypeConformance, Picks, parents={"mail": "x"})
    for rule in (
        nodes.test_runs_in_a_workflow_and_gives_its_output,
        nodes.test_works_inside_a_running_event_loop,
    ):
        with pytest.raises(AssertionError, match=r'give `targets`: each label .* chose "urgent"'):
            rule()


def test_a_tool_with_required_parameters_wants_arguments() -> None:
    with pytest.raises(
        AssertionError, match="give `arguments` of a call that succeeds: number must be there"
    ):
        kit(ToolConformance, roman).test_gives_what_a_model_can_be_told()


def test_an_embedder_with_settings_wants_other_settings() -> None:
    with pytest.raises(AssertionError, match="give `other_settings`: values of rounding that"):
        kit(EmbedderConformance, Vectors).test_the_fingerprint_changes_with_settings_that_change_vectors()
    none = kit(EmbedderConformance, Vectors, other_settings={})
    none.test_the_fingerprint_changes_with_settings_that_change_vectors()


def test_a_declared_stream_that_is_not_given_fails_one_rule_which_says_so() -> None:
    text = Canned(OPENAI.text.body, "", ChatResponse(Message("assistant", "x"), "stop", Usage(1, 1)))
    streamless = kit(OPENAI, OPENAI.component, text=text, tools=None, reasoning=None)
    with pytest.raises(AssertionError, match=r"it declares stream; give `text\.stream`, or do not declare"):
        streamless.test_canned_answers_are_given_for_exactly_what_is_declared()
    streamless.test_a_reader_that_leaves_closes_the_connection()


def test_a_store_that_refuses_a_path_is_told_to_take_it(tmp_path: Path) -> None:
    stores = kit(VectorStoreConformance, OnlyNone)
    with pytest.raises(
        AssertionError, match=r"take `path` and keep nothing there, .* refused a path: there is"
    ):
        stores.test_records_outlive_the_store_if_and_only_if_persistent_is_declared(tmp_path)
