"""Rules for node types."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from graphbit_core.contracts.node_type import Container
from graphbit_core.errors import ValidationError
from graphbit_core.host import Host, Resources
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.testing.rules.node_bench import NodeBench
from graphbit_core.testing.rules.watched import (
    GRACE,
    Cancellations,
    FirstAttempts,
    FrameEntries,
    Reads,
    watched,
)
from graphbit_core.workflow.checks import can_meet
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.workflow import Workflow


class NodeTypeConformance(NodeBench):
    """Rules for node types: a subclass gives ``component``, ``expected``, ``settings`` that make a working
    node, and what a run needs; see ``NodeBench``. A container gets its workflow in ``settings`` too, of
    transforms and whatever ``components`` holds.

    They prove that it runs, alone and from threads, that what it reads is what it declares, that it may be
    tried again and cancelled, that its settings survive a workflow file, and that it says what is missing.
    """

    # --- its settings -------------------------------------------------------------------------------

    def test_refuses_wrong_settings_with_a_validation_error(self) -> None:
        for settings in self.bad_settings:
            try:
                with pytest.raises(ValidationError):
                    self.host().create("node_type", "under_test", **settings)
            except pytest.fail.Exception:
                raise AssertionError(f"{settings} was accepted") from None

    def test_settings_that_went_through_a_file_work_alike(self, tmp_path: Path) -> None:
        if not self.in_files:
            return
        written = self.workflow().to_dict()
        read = Workflow.from_dict(json.loads(json.dumps(written)))
        assert read.to_dict() == written, "its settings are others after they went through a file"
        self.assert_expected(self.run(read))

    # --- what it gives ---------------------------------------------------------------------------

    def test_runs_in_a_workflow_and_gives_its_output(self) -> None:
        self.assert_expected(self.run_once())

    def test_its_types_are_those_of_the_values(self) -> None:
        instance, output = self.make(), self.output(self.run_once())
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
            assert cancelled.seconds < GRACE, "it went on for longer than a second"

    # --- containers ------------------------------------------------------------------------------

    def test_its_frames_give_the_names_that_its_container_declares(self) -> None:
        container = self.make().container()
        if container is None:
            return
        assert isinstance(container, Container)
        known = container.value is None or container.value in container.names
        assert known, f"container() has value {container.value!r}, which is none of its names"
        entries = FrameEntries(container.names)
        self.run_once(watched(self.component, entries.around))
        assert not entries.wrong, (
            f"container() says {sorted(container.names)}, a frame gave {entries.wrong[0]}"
        )

    def test_a_failed_frame_is_no_success(self) -> None:
        container = self.make().container()
        if container is not None:
            result = self.run_once(self.with_failing_frames())
            assert result.state != "succeeded", "a frame failed, and the run did not: resume() has to raise"
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
                    for part in ("code", "message", "fix"):
                        assert getattr(finding, part), f"{finding!r} has no {part}"
                    assert CANARY not in str(finding), "a finding shows the secret"
            assert time.monotonic() - started < GRACE, "it looks at this machine only, so it is quick"

    def test_finds_what_is_missing(self) -> None:
        for settings, code in self.lacking:
            found = self.make(**settings).check_resources(Resources(Host.isolated({}), {}))
            assert code in [finding.code for finding in found], f"{settings}: {found}"
