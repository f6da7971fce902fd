"""Rules for node types."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphbit_core.contracts.node_type import Container, Delay, PassOn
from graphbit_core.errors import ValidationError
from graphbit_core.host import Host, Resources
from graphbit_core.host.arguments import RESERVED, settings_of
from graphbit_core.testing.component import CANARY
from graphbit_core.testing.import_time import import_seconds
from graphbit_core.testing.node_bench import NodeBench
from graphbit_core.testing.watched import GRACE, Cancellations, FirstAttempts, FrameEntries, Reads, watched
from graphbit_core.workflow.checks import can_meet
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.workflow import Workflow


class NodeTypeConformance(NodeBench):
    """A subclass sets ``component``, ``settings`` that make a working node, and what a run needs; see
    ``NodeBench``. A container gets its workflow in ``settings`` too; its nodes may be transforms and whatever
    ``components`` holds.
    """

    # --- its class -------------------------------------------------------------------------------

    def test_no_setting_has_a_name_that_means_something_else_in_every_node(self) -> None:
        names, _, _ = settings_of(self.component)
        taken = sorted(set(names) & set(RESERVED["node_type"]))
        assert not taken, f"{taken} would never reach it: every node has options of that name; rename them"

    def test_its_import_is_quick(self) -> None:
        seconds = import_seconds(self.component.__module__)
        assert seconds <= self.import_budget, (
            f"importing {self.component.__module__} takes {seconds:.2f} s; import what is heavy later"
        )

    def test_has_a_body_or_is_a_kernel_operation(self) -> None:
        instance = self.make()
        assert isinstance(instance.inline, bool)
        assert callable(instance.run)
        operation = instance.operation()
        assert operation is None or isinstance(operation, Delay | PassOn)
        if operation is not None:
            assert instance.container() is None, "a kernel operation runs no workflow"

    def test_refuses_wrong_settings_with_a_validation_error(self) -> None:
        for settings in self.bad_settings:
            try:
                with pytest.raises(ValidationError):
                    self.host().create("node_type", "under_test", **settings)
            except pytest.fail.Exception:
                raise AssertionError(f"{settings} was accepted") from None

    def test_settings_that_went_through_a_file_work_alike(self) -> None:
        if not self.in_files:
            return
        written = self.workflow().to_dict()
        read = Workflow.from_dict(json.loads(json.dumps(written)))
        assert read.to_dict() == written
        self.assert_expected(self.run(read))

    # --- what it gives ---------------------------------------------------------------------------

    def test_runs_in_a_workflow_and_gives_its_output(self) -> None:
        self.assert_expected(self.run_once())

    def test_its_types_are_those_of_the_values(self) -> None:
        instance, output = self.make(), self.run_once().raise_for_failure().get_node_output("node")
        given = instance.output_type()
        assert can_meet(type(output), given), f"output_type() is {given}, but it gave a {type(output)}"
        taken = instance.input_type(None)
        instance.input_type("some_port")
        if len(self.parents) == 1:
            (value,) = self.parents.values()
            assert can_meet(type(value), taken), f"input_type(None) is {taken}, but it took a {type(value)}"

    def test_one_instance_gives_the_same_to_eight_threads_at_once(self) -> None:
        workflow, executor = self.workflow(), self.executor()
        with ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(self.run, workflow, executor) for _ in range(16)]
            for run in runs:
                self.assert_expected(run.result(60))

    def test_works_inside_a_running_event_loop(self) -> None:
        async def inside() -> WorkflowResult:
            return self.run_once()

        self.assert_expected(asyncio.run(inside()))

    # --- what it reads ---------------------------------------------------------------------------

    def test_names_its_placeholders_without_braces_and_always_the_same(self) -> None:
        instance = self.make()
        for first in (True, False):
            names = list(instance.placeholders(first=first))
            assert names == list(instance.placeholders(first=first))
            assert all(name and not set("{}") & set(name) for name in names), names

    def test_looks_up_only_names_that_its_placeholders_declare(self) -> None:
        reads = Reads()
        self.run_once(watched(self.component, reads.around))
        declared = {name.split(".")[0] for name in self.make().placeholders(first=not self.parents)}
        undeclared = {name for name in reads.names if name.split(".")[0] not in declared}
        assert not undeclared, (
            f"it looks up {sorted(undeclared)}, which placeholders() does not name; where nothing "
            "gives them, a run fails midway instead of before it starts"
        )

    def test_a_second_attempt_finds_what_the_first_one_found(self) -> None:
        attempts = FirstAttempts()
        result = self.run_once(watched(self.component, attempts.around), retry={"max_attempts": 2, "base": 0})
        self.assert_expected(result)
        if self.make().operation() is None:
            assert attempts.found[2] == attempts.found[1], "the first attempt changed what it was given"

    # --- how it ends -----------------------------------------------------------------------------

    def test_a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task(self) -> None:
        for turns in (1, 2, 5, 20):
            cancelled = Cancellations(turns)
            self.run_once(watched(self.component, cancelled.around))
            assert not cancelled.left, f"it left {cancelled.left}"
            assert cancelled.seconds < GRACE

    # --- containers ------------------------------------------------------------------------------

    def test_its_frames_give_the_names_that_its_container_declares(self) -> None:
        container = self.make().container()
        if container is None:
            return
        assert isinstance(container, Container)
        assert container.value is None or container.value in container.names
        entries = FrameEntries(container.names)
        self.run_once(watched(self.component, entries.around))
        assert not entries.wrong, (
            f"container() says {sorted(container.names)}, a frame gave {entries.wrong[0]}"
        )

    def test_a_failed_frame_is_no_success(self) -> None:
        container = self.make().container()
        if container is not None:
            result = self.run_once(self.with_failing_frames())
            assert result.state != "succeeded"
            assert container.keep_going or result.state == "failed", "resume() has to raise result.error"

    # --- what it needs ---------------------------------------------------------------------------

    def test_finds_nothing_missing_where_it_runs(self) -> None:
        found = self.make().check_resources(Resources(self.host(), {"host": self.host(), **self.services}))
        assert not found, [str(finding) for finding in found]

    def test_says_what_is_missing_without_showing_a_secret(self) -> None:
        nothing = Host.isolated({})
        for settings in ({}, self.secret_settings(), *(settings for settings, _ in self.lacking)):
            started = time.monotonic()
            for resources in (Resources(nothing), Resources(nothing, {})):
                for finding in self.make(**settings).check_resources(resources):
                    assert finding.code
                    assert finding.message
                    assert finding.fix
                    assert CANARY not in str(finding)
            assert time.monotonic() - started < GRACE, "it looks at this machine only, so it is quick"

    def test_finds_what_is_missing(self) -> None:
        for settings, code in self.lacking:
            found = self.make(**settings).check_resources(Resources(Host.isolated({}), {}))
            assert code in [finding.code for finding in found], f"{settings}: {found}"
