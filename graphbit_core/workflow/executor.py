"""Running workflows: to the end, as a coroutine, or as a stream of events."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import MissingInputError, ValidationError
from graphbit_core.host import Host, default_host
from graphbit_core.types.events import Event
from graphbit_core.workflow.compile import Compiled
from graphbit_core.workflow.context import WorkflowContext
from graphbit_core.workflow.driver import Driver
from graphbit_core.workflow.loops import run_blocking
from graphbit_core.workflow.publishing import publisher
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.stream import RunStream

if TYPE_CHECKING:
    from graphbit_core.llm.client import LlmClient
    from graphbit_core.workflow.workflow import Workflow

DEFAULT_TYPE_LIMITS = {"agent": 20, "http_request": 50, "transform": 30}
"""How many nodes of a type run at once, unless the executor is told otherwise."""
_ON_ERROR = ("fail_fast", "drain", "continue")


class Executor:
    """Runs workflows. Cheap to make, and may be used from many threads at once.

    Args:
        llm: Model of agent nodes that name none: ``provider:model`` or a client.
        host: Where node types and providers come from; default: what is installed.
        timeout_seconds: Longest time of a run; None: no limit. What is not done then is
            cancelled; coroutines get up to 5 s to clean up, plain functions are left to themselves.
        max_concurrency: How many nodes of a run may run at once, at least 1.
        type_limits: The same per node type.
        on_error: When a node fails: ``fail_fast`` cancels the rest, ``drain`` lets what runs end,
            ``continue`` runs all that does not depend on it. The run has failed in each case.
        services: What bodies can ask for by name, such as ``embedder`` and ``store``.
    """

    def __init__(
        self,
        llm: str | LlmClient | None = None,
        *,
        host: Host | None = None,
        timeout_seconds: float | None = 300.0,
        max_concurrency: int = 100,
        type_limits: Mapping[str, int] | None = None,
        on_error: str = "fail_fast",
        services: Mapping[str, Any] | None = None,
    ) -> None:
        if timeout_seconds is not None and not timeout_seconds > 0:
            raise ValidationError(
                f"timeout_seconds is {timeout_seconds}; give seconds above 0, or None",
                field="timeout_seconds",
            )
        limits = {**DEFAULT_TYPE_LIMITS, **(type_limits or {})}
        for name, limit in {"max_concurrency": max_concurrency, **limits}.items():
            if limit < 1:
                raise ValidationError(f"the limit {name} is {limit}; it must be at least 1", field=name)
        if on_error not in _ON_ERROR:
            raise ValidationError(
                f"on_error is {on_error!r}; it is one of {', '.join(_ON_ERROR)}", field="on_error"
            )
        self.host = host
        self._timeout = timeout_seconds
        self._max_concurrency = max_concurrency
        self._type_limits = limits
        self._on_error = on_error
        self._services = dict(services or {})
        if llm is not None:
            self._services["llm"] = llm

    def execute(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
    ) -> WorkflowResult:
        """Runs ``workflow`` and waits for its end. A run that failed is returned, not raised.

        Args:
            workflow: What to run.
            inputs: A value for each of ``workflow.inputs``.
            context: Its variables count as inputs too; it takes up the variables of the run.

        Raises:
            ValidationError: The workflow has faults; nothing ran.
            MissingInputError: Inputs are missing; nothing ran.
        """
        driver = self._driver(workflow, inputs, context, None)
        return self._finish(run_blocking(driver.run()), context)

    async def run_async(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
    ) -> WorkflowResult:
        """As ``execute``, on the running event loop. Cancelling it cancels the run."""
        driver = self._driver(workflow, inputs, context, None)
        return self._finish(await driver.run(), context)

    def stream(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None = None,
        context: WorkflowContext | None = None,
    ) -> RunStream:
        """Runs ``workflow`` and gives its events as they happen, for ``for`` and for ``async for``.

        The run starts with the first event asked for. Leaving the loop early cancels it (in ``for``, when
        the iterator is closed). ``result`` holds the result after the last event.
        """

        def start(publish: Callable[[Event], None]) -> Coroutine[Any, Any, WorkflowResult]:
            return self._run_published(workflow, inputs, context, publish)

        return RunStream(start)

    async def _run_published(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None,
        context: WorkflowContext | None,
        publish: Callable[[Event], None],
    ) -> WorkflowResult:
        return self._finish(await self._driver(workflow, inputs, context, publish).run(), context)

    @staticmethod
    def _finish(result: WorkflowResult, context: WorkflowContext | None) -> WorkflowResult:
        if context is not None:
            context.take(result)
        return result

    def _driver(
        self,
        workflow: Workflow,
        inputs: Mapping[str, Any] | None,
        context: WorkflowContext | None,
        publish: Callable[[Event], None] | None,
    ) -> Driver:
        host = self.host or default_host()
        compiled = workflow.compile(host)
        given = {**(context.variables if context else {}), **(inputs or {})}
        _require_inputs(compiled, given)
        return Driver(
            compiled,
            given,
            {"host": host, **self._services},
            max_concurrency=self._max_concurrency,
            type_limits=self._type_limits,
            on_error=self._on_error,
            timeout=self._timeout,
            publish=publisher(host, publish),
        )


def _require_inputs(compiled: Compiled, given: Mapping[str, Any]) -> None:
    missing = [name for name in compiled.inputs if name not in given]
    if missing:
        raise MissingInputError(
            f"the workflow {compiled.name!r} needs the inputs {', '.join(missing)}; "
            f"pass inputs={{{', '.join(f'{name!r}: …' for name in missing)}}}",
            missing=tuple(missing),
        )
