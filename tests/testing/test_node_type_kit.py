"""Each rule for node types fails on a node type that breaks it, and on no other."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, ClassVar

import pytest
from kit_runs import proof

from graphbit_core import Container, Finding, Frames, Node, NodeType, Secret, Workflow
from graphbit_core.testing import NodeTypeConformance
from graphbit_core.testing.rules.component import CANARY


def revealed(suffix):
    return suffix.reveal() if isinstance(suffix, Secret) else suffix


class Good(NodeType):
    """Adds a suffix."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    inline = True

    def __init__(self, *, suffix: Any = "!") -> None:
        self._suffix = suffix

    def placeholders(self, first):
        return ["tone"]

    async def run(self, context):
        await asyncio.sleep(0)
        return f"{context.value['text']}{context.lookup('tone')}{self._suffix}"


class TakesATimeout(Good):
    """Has a setting that every node has."""

    def __init__(self, *, suffix: Any = "!", timeout: float = 1.0) -> None:
        super().__init__(suffix=suffix)


class BareNode(Good):
    """Says nothing of whether it is inline."""

    inline = None  # type: ignore[assignment]


class AcceptsAnything(Good):
    """Looks at no setting."""


class OnlyTuples(Good):
    """Takes what a file cannot hold."""

    def __init__(self, *, suffix: Any = ()) -> None:
        super().__init__(suffix="!" if suffix == ("!",) else "?")


class WrongType(Good):
    """Promises a number."""

    def output_type(self):
        return int


class TakesNumbers(Good):
    """Says that it takes a number."""

    def input_type(self, port):
        return float


class Counts(Good):
    """Keeps state in itself."""

    def __init__(self, *, suffix: Any = "!") -> None:
        super().__init__(suffix=suffix)
        self._calls = 0

    async def run(self, context):
        self._calls += 1
        return await super().run(context) if self._calls == 1 else "again"


class Secretive(Good):
    """Does not say what it reads."""

    def placeholders(self, first):
        return []


class Consumes(Good):
    """Takes what it got out of its place."""

    async def run(self, context):
        return f"{context.value.pop('text', 'gone')}{context.lookup('tone')}!"


class LeavesATask(Good):
    """Starts a task and forgets it."""

    async def run(self, context):
        self._task = asyncio.ensure_future(asyncio.sleep(3))
        return await super().run(context)


class IgnoresCancellation(Good):
    """Goes on for longer than anyone wants to wait."""

    async def run(self, context):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(1.2)
        return await super().run(context)


class MainThreadOnly(Good):
    """Takes it that it runs on the main thread."""

    async def run(self, context):
        signal.set_wakeup_fd(-1)
        return await super().run(context)


class Braces(Good):
    """Names placeholders as a template does."""

    def placeholders(self, first):
        return ["{tone}"] if first else ["tone"]


class TooNew(Good):
    """Is for a host that is not there yet."""

    graphbit_api = (1, 99)


class ShowsSecrets(Good):
    """Shows what it should not."""

    def __repr__(self):
        return f"ShowsSecrets({revealed(self._suffix)})"


class TellsSecrets(Good):
    """Puts a secret into what it finds."""

    def check_resources(self, resources):
        if resources.services:
            return []
        return [Finding("missing_key", f"{revealed(self._suffix)} does not work", "get another")]


class AlwaysLacks(Good):
    """Finds something missing where nothing is."""

    def check_resources(self, resources):
        return [Finding("missing_key", "there is no key", "get one")]


class NeverLacks(Good):
    """Does not look."""


class Each(NodeType):
    """Runs its body for each part."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    inline = True
    names: ClassVar[tuple[str, ...]] = ("part",)

    def __init__(self, *, body: Workflow) -> None:
        self._body = body

    def container(self):
        return Container(self._body, "map", self.names, "part")

    def run(self, context):
        return Frames([{"part": part} for part in context.value["parts"]])

    def resume(self, context, results):
        for result in results:
            if result.error is not None:
                raise result.error
        return [result.output for result in results]


class GivesOtherNames(Each):
    """Its frames give what it does not tell of."""

    names = ("part", "index")


class Swallows(Each):
    """Takes a failure for an output."""

    def resume(self, context, results):
        return [result.output for result in results]


class Kit(NodeTypeConformance):
    __test__ = False
    component = Good
    inputs = {"tone": "?"}
    parents = {"draft": {"text": "so"}}
    expected = "so?!"

    def secret_settings(self):
        return {"suffix": Secret(CANARY)}


class ContainerKit(NodeTypeConformance):
    __test__ = False
    component = Each
    settings = {"body": Workflow("body").chain(Node.transform("x", expression="part + 1"))}
    parents = {"draft": {"parts": [1, 2]}}
    expected = [2, 3]


RUNS = (
    "runs_in_a_workflow_and_gives_its_output",
    "works_inside_a_running_event_loop",
    "one_instance_gives_the_same_to_eight_threads_at_once",
    "a_second_attempt_finds_what_the_first_one_found",
    "settings_that_went_through_a_file_work_alike",
)
FILES = "settings_that_went_through_a_file_work_alike"
THREADS = "one_instance_gives_the_same_to_eight_threads_at_once"
TYPES = "its_types_are_those_of_the_values"
CANCELLED = "a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task"
SECOND = "a_second_attempt_finds_what_the_first_one_found"
NO_NAME = "no_setting_has_a_name_that_means_something_else_in_every_node"
VERSION = "declares_a_plugin_api_version_that_this_host_accepts"
BAD = "refuses_wrong_settings_with_a_validation_error"

PROOFS = {
    "good": proof(Kit, Good),
    # What no host takes fails whatever runs it as well.
    "takes a timeout": proof(Kit, TakesATimeout, NO_NAME, only=True),
    "too new": proof(Kit, TooNew, VERSION, only=True),
    "not said to be inline": proof(Kit, BareNode, "has_a_body_or_is_a_kernel_operation"),
    "accepts anything": proof(Kit, AcceptsAnything, BAD, bad_settings=[{"suffix": 5}]),
    "only tuples": proof(Kit, OnlyTuples, FILES, settings={"suffix": ("!",)}),
    "wrong type": proof(Kit, WrongType, TYPES),
    "takes numbers": proof(Kit, TakesNumbers, TYPES),
    "counts": proof(Kit, Counts, THREADS, SECOND),
    "braces": proof(Kit, Braces, "names_its_placeholders_without_braces_and_always_the_same"),
    "secretive": proof(Kit, Secretive, "looks_up_only_names_that_its_placeholders_declare"),
    "consumes": proof(Kit, Consumes, SECOND),
    "leaves a task": proof(Kit, LeavesATask, CANCELLED),
    "ignores cancellation": proof(Kit, IgnoresCancellation, CANCELLED),
    "main thread only": proof(Kit, MainThreadOnly, "works_inside_a_running_event_loop", THREADS),
    "another output": proof(Kit, Good, *RUNS, expected="no"),
    "shows secrets": proof(Kit, ShowsSecrets, "shows_no_secret_in_repr_pickle_log_or_error"),
    "tells secrets": proof(Kit, TellsSecrets, "says_what_is_missing_without_showing_a_secret"),
    "always lacks": proof(Kit, AlwaysLacks, "finds_nothing_missing_where_it_runs"),
    "never lacks": proof(Kit, NeverLacks, "finds_what_is_missing", lacking=[({}, "missing_key")]),
    "a good container": proof(ContainerKit, Each),
    "gives other names": proof(
        ContainerKit, GivesOtherNames, "its_frames_give_the_names_that_its_container_declares"
    ),
    "swallows": proof(ContainerKit, Swallows, "a_failed_frame_is_no_success"),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_breaks_the_rule_about_it_and_no_other(fault: str) -> None:
    PROOFS[fault].check()
