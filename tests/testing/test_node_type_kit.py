"""Each rule for node types fails on a node type that breaks it, and on no other."""

from __future__ import annotations

import asyncio
import signal
from typing import Any, ClassVar

import pytest

from graphbit_core import Container, Finding, Frames, Node, NodeType, Secret, Workflow
from graphbit_core.testing import NodeTypeConformance
from graphbit_core.testing.component import CANARY


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

    def __init__(self, *, timeout: float = 1.0) -> None:
        super().__init__()


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


class Undocumented(Good):
    pass


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


class SlowImport(Good):
    """Stands for a module whose import takes long."""


class Each(NodeType):
    """Runs its body for each part."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    inline = True
    names = ("part",)

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


def broken(kit, **about):
    """The rules that a kit's component breaks."""
    made = type("Tried", (kit,), about)()
    found = set()
    for name in dir(made):
        if name.startswith("test_"):
            try:
                getattr(made, name)()
            except Exception:  # noqa: BLE001 - a rule may fail in any way
                found.add(name.removeprefix("test_"))
    return found


RUNS = {
    "runs_in_a_workflow_and_gives_its_output",
    "works_inside_a_running_event_loop",
    "one_instance_gives_the_same_to_eight_threads_at_once",
    "a_second_attempt_finds_what_the_first_one_found",
    "settings_that_went_through_a_file_work_alike",
}
REFUSED = (TakesATimeout, TooNew)
"""What no host takes, so that nothing of it runs either."""

FAULTS = [
    (Good, {}, set()),
    (
        TakesATimeout,
        {"component": TakesATimeout},
        {"no_setting_has_a_name_that_means_something_else_in_every_node"},
    ),
    (BareNode, {}, {"has_a_body_or_is_a_kernel_operation"}),
    (AcceptsAnything, {"bad_settings": [{"suffix": 5}]}, {"refuses_wrong_settings_with_a_validation_error"}),
    (OnlyTuples, {"settings": {"suffix": ("!",)}}, {"settings_that_went_through_a_file_work_alike"}),
    (WrongType, {}, {"its_types_are_those_of_the_values"}),
    (TakesNumbers, {}, {"its_types_are_those_of_the_values"}),
    (
        Counts,
        {},
        {
            "one_instance_gives_the_same_to_eight_threads_at_once",
            "a_second_attempt_finds_what_the_first_one_found",
        },
    ),
    (Braces, {}, {"names_its_placeholders_without_braces_and_always_the_same"}),
    (Secretive, {}, {"looks_up_only_names_that_its_placeholders_declare"}),
    (Consumes, {}, {"a_second_attempt_finds_what_the_first_one_found"}),
    (LeavesATask, {}, {"a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task"}),
    (IgnoresCancellation, {}, {"a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task"}),
    (
        MainThreadOnly,
        {},
        {"works_inside_a_running_event_loop", "one_instance_gives_the_same_to_eight_threads_at_once"},
    ),
    (Good, {"expected": "no"}, RUNS),
    (Undocumented, {}, {"says_in_its_docstring_what_it_is"}),
    (TooNew, {}, {"declares_a_plugin_api_version_that_this_host_accepts"}),
    (ShowsSecrets, {}, {"shows_no_secret_in_repr_or_pickle"}),
    (TellsSecrets, {}, {"says_what_is_missing_without_showing_a_secret"}),
    (AlwaysLacks, {}, {"finds_nothing_missing_where_it_runs"}),
    (NeverLacks, {"lacking": [({}, "missing_key")]}, {"finds_what_is_missing"}),
    (SlowImport, {"import_budget": 0.0}, {"its_import_is_quick"}),
]


@pytest.mark.parametrize(
    ("component", "about", "rules"), FAULTS, ids=[component.__name__ for component, _, _ in FAULTS]
)
def test_a_fault_breaks_the_rule_about_it_and_no_other(component: Any, about: Any, rules: set[str]) -> None:
    found = broken(Kit, **{**about, "component": component})
    if component in REFUSED:
        assert rules <= found
    else:
        assert found == rules


@pytest.mark.parametrize(
    ("component", "rules"),
    [
        (Each, set()),
        (GivesOtherNames, {"its_frames_give_the_names_that_its_container_declares"}),
        (Swallows, {"a_failed_frame_is_no_success"}),
    ],
)
def test_a_fault_of_a_container_breaks_the_rule_about_it(component: Any, rules: set[str]) -> None:
    assert broken(ContainerKit, component=component) == rules
