"""The error tree. Every class ends in ``Error``; errors carry facts, and nobody decides by reading English.

GraphBitError
├── ConfigError                      a setting, file or environment variable is wrong
├── ValidationError (ValueError)     input or a workflow is wrong; ``findings`` lists every fault
├── PluginError                      a component could not be had
│   ├── ComponentNotFoundError       nobody installed offers it
│   ├── IncompatiblePluginError      made for another version of the plugin API
│   ├── PluginConflictError          two distributions offer the same name
│   └── PluginLoadError              its import or registration failed; the cause is chained
├── DocumentError                    a document could not be read
├── WorkflowError                    a run did not do what was asked
│   ├── NodeError                    one node failed; ``__cause__`` is what its body raised
│   ├── MissingInputError            an input the workflow names was not given
│   ├── OutputNotProducedError       an output was asked for that no node produced
│   ├── LoopExhaustedError           a loop did not come to its end in time
│   ├── RunShedError                 refused before any work: too many runs
│   ├── BudgetExceededError          a cap on nodes, tokens, tool rounds, bytes or time was reached
│   └── LeaseLostError               another process owns the run now
├── ProviderError                    a model API answered, and the answer is an error
│   ├── AuthError (PermissionError)  401, 403: the credential was refused
│   ├── RateLimitError               429: slow down, or the quota is used up
│   ├── BadRequestError              other 4xx: the request itself was refused
│   └── UnavailableError             5xx, 408: the service could not serve
├── TransportError (ConnectionError) no usable answer arrived
│   ├── CircuitOpenError             not sent: the resource failed too often just now
│   └── StreamInterruptedError       a stream ended before its end; ``partial`` is what had come
├── HttpStatusError                  a server answered an http_request node with an unexpected status
├── EgressError                      not sent: the address is not one that this call may reach
├── DeadlineError (TimeoutError)     time ran out; ``phase`` says in which part of the call
├── DecodeError                      an answer arrived that is not what its API promises
├── ProcessError                     a function in a process of its own failed, or its process ended
├── ToolError                        a tool failed; ``reason`` says how
├── ResourceExhaustedError (MemoryError)  a limit on size, memory or count was reached
│   └── ToolRoundsError              an agent still asked for tools after its last model call
├── ForkError                        used in a forked child; make a new object there
└── InternalError                    a fault of GraphBit itself; please report it
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class GraphBitError(Exception):
    """Base of all errors that GraphBit raises on purpose.

    Facts are keyword arguments and become attributes; ``facts()`` returns those that are set. They
    survive pickling; ``__cause__``, as with every exception, does not.

    Attributes:
        retryable: Whether trying again may help, where whoever raised it knows; None leaves it open.
    """

    _facts: tuple[str, ...] = ()
    retryable: bool | None = None

    def __init__(self, message: str, **facts: Any) -> None:
        unknown = set(facts) - set(self._facts)
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no fact {sorted(unknown)}; it has {list(self._facts)}"
            )
        super().__init__(message)
        self.message = message
        for name in self._facts:
            setattr(self, name, facts.get(name))

    def facts(self) -> dict[str, Any]:
        """The facts that are known, by name."""
        return {name: value for name in self._facts if (value := getattr(self, name)) is not None}

    def __reduce__(self) -> tuple[Any, ...]:
        # Facts are state, not arguments: among the errors of a run there is this one itself.
        known = {} if self.retryable is None else {"retryable": self.retryable}
        return type(self), (self.message,), {**self.facts(), **known}

    def __setstate__(self, facts: dict[str, Any] | None) -> None:
        for name, value in (facts or {}).items():
            setattr(self, name, value)


class ConfigError(GraphBitError):
    """A setting, configuration file or environment variable is missing or wrong."""

    _facts: tuple[str, ...] = ("setting", "source")
    setting: str | None
    source: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that validation found.

    Attributes:
        code: Stable name of the rule, for example ``cycle``.
        message: What is wrong.
        fix: What to do about it.
        node: The node concerned, if one is.
    """

    code: str
    message: str
    fix: str
    node: str | None = None

    def __str__(self) -> str:
        where = f" at node {self.node!r}" if self.node else ""
        return f"{self.code}{where}: {self.message} — {self.fix}"


class ValidationError(GraphBitError, ValueError):
    """Input, or a whole workflow, is wrong. ``findings`` lists every fault, not only the first."""

    _facts: tuple[str, ...] = ("findings", "field")
    findings: Sequence[Finding] | None
    field: str | None

    def __str__(self) -> str:
        return "".join((self.message, *(f"\n  {finding}" for finding in self.findings or ())))


class PluginError(GraphBitError):
    """A component could not be had. The facts say which, from where, and what mends it."""

    _facts: tuple[str, ...] = ("kind", "name", "distribution", "version", "entry_point", "fix")
    kind: str | None
    name: str | None
    distribution: str | None
    version: str | None
    entry_point: str | None
    fix: str | None


class ComponentNotFoundError(PluginError):
    """No installed distribution offers a component of this kind and name."""


class IncompatiblePluginError(PluginError):
    """The component was made for another version of the plugin API."""


class PluginConflictError(PluginError):
    """Two or more distributions offer the same name, and nothing says which one is meant."""

    _facts: tuple[str, ...] = (*PluginError._facts, "candidates")
    candidates: Sequence[str] | None


class PluginLoadError(PluginError):
    """Importing or registering the component failed; ``__cause__`` is the original error."""


class DocumentError(GraphBitError):
    """A document could not be read.

    ``reason`` is one of ``unreadable``, ``empty``, ``encrypted``, ``too_large``, ``unsupported``,
    ``malformed``.
    """

    _facts: tuple[str, ...] = ("path", "reason", "page")
    path: str | None
    reason: str | None
    page: int | None


class WorkflowError(GraphBitError):
    """A run did not do what was asked. ``errors`` holds every failure, in order of occurrence."""

    _facts: tuple[str, ...] = ("run_id", "node", "errors")
    run_id: str | None
    node: str | None
    errors: Sequence[BaseException] | None


class NodeError(WorkflowError):
    """A node failed; ``__cause__`` is what its body raised at the last attempt.

    ``attempts`` counts them, and ``earlier`` holds the errors of those before.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "node_type", "activation", "attempts", "earlier")
    node_type: str | None
    activation: str | None
    attempts: int | None
    earlier: Sequence[NodeError] | None


class MissingInputError(WorkflowError):
    """A run input that the workflow names was not given; ``missing`` lists all of them."""

    _facts: tuple[str, ...] = (*WorkflowError._facts, "missing")
    missing: Sequence[str] | None


class OutputNotProducedError(WorkflowError):
    """An output was asked for that no node of this run produced."""


class LoopExhaustedError(WorkflowError):
    """The condition of a loop did not hold after its last iteration; ``state`` is what that gave."""

    _facts: tuple[str, ...] = (*WorkflowError._facts, "iterations", "state")
    iterations: int | None
    state: Any


class RunShedError(WorkflowError):
    """The run was refused before any work was done, because too many runs go on or wait already.

    Attributes:
        running: How many runs of the executor go on.
        queued: How many wait for their turn.
        limit: How many may wait, or, if the run had waited too long, how many may go on.
        retry_after: Seconds after which there may be room, going by the runs so far; None before the first
            one has ended.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "running", "queued", "limit", "retry_after")
    running: int | None
    queued: int | None
    limit: int | None
    retry_after: float | None


class BudgetExceededError(WorkflowError):
    """A run reached one of its caps (see ``RunCaps``) and was stopped.

    Attributes:
        cap: ``nodes``, ``tool_rounds``, ``tokens``, ``output_bytes`` or ``seconds``.
        limit: The cap.
        used: What the run had used, or would have used with its next step.
    """

    _facts: tuple[str, ...] = (*WorkflowError._facts, "cap", "limit", "used")
    cap: str | None
    limit: float | None
    used: float | None


class LeaseLostError(WorkflowError):
    """Another process took over this run; nothing was written after that."""


_CALL_FACTS = ("provider", "model", "status", "code", "retry_after", "attempts", "request_id")


class ProviderError(GraphBitError):
    """A model API answered with an error.

    Attributes:
        status: HTTP status, None if the error came inside a stream.
        code: The API's own error code.
        retry_after: Seconds the API asked to wait.
        attempts: How many attempts were made, the first one counted.
        retryable: True or False where the API or its codec decides; None leaves it to the status.
    """

    _facts: tuple[str, ...] = (*_CALL_FACTS, "retryable")
    provider: str | None
    model: str | None
    status: int | None
    code: str | None
    retry_after: float | None
    attempts: int | None
    request_id: str | None
    retryable: bool | None


class AuthError(ProviderError, PermissionError):
    """401 or 403: the credential was refused."""


class RateLimitError(ProviderError):
    """429: too many requests, or the quota is used up."""


class BadRequestError(ProviderError):
    """The request itself was refused; sending it again will not help."""


class UnavailableError(ProviderError):
    """The service could not serve: 5xx or 408."""


class TransportError(GraphBitError, ConnectionError):
    """No usable answer arrived: the connection failed, or broke before the reply was complete."""

    _facts: tuple[str, ...] = (*_CALL_FACTS, "phase")
    provider: str | None
    model: str | None
    status: int | None
    code: str | None
    retry_after: float | None
    attempts: int | None
    request_id: str | None
    phase: str | None


class CircuitOpenError(TransportError):
    """Not sent: this resource failed too often just now. ``retry_after`` says when it is tried again."""


class StreamInterruptedError(TransportError):
    """A stream ended before its end. ``partial`` is the text that had arrived; it is not an answer."""

    _facts: tuple[str, ...] = (*TransportError._facts, "partial")
    partial: str | None


class HttpStatusError(GraphBitError):
    """A server answered with a status that was not expected; ``excerpt`` shows how its body begins."""

    _facts: tuple[str, ...] = ("status", "retry_after", "excerpt", "retryable")
    status: int | None
    retry_after: float | None
    excerpt: str | None


class EgressError(GraphBitError):
    """The call, or a redirect of it, was to go where it may not. Nothing was sent to ``host``.

    ``reason`` is a kind of address (``private``, ``loopback``, ``link_local``, ``cgnat``, ``metadata``,
    ``multicast``, ``unspecified``, ``documentation``, ``benchmark``, ``mapped``, ``tunnelled``, ``reserved``)
    or ``not_listed``, ``scheme``, ``user_info``, ``downgrade``, ``redirects``, ``location``.
    """

    _facts: tuple[str, ...] = ("host", "reason", "attempts")
    host: str | None
    reason: str | None
    attempts: int | None


class DeadlineError(GraphBitError, TimeoutError):
    """Time ran out. ``phase``: ``queue``, ``connect``, ``first_byte``, ``idle``, ``progress``, ``attempt`` or
    ``total``; ``timeout``: the limit that was reached, in seconds.
    """

    _facts: tuple[str, ...] = (*_CALL_FACTS, "phase", "timeout")
    provider: str | None
    model: str | None
    attempts: int | None
    retry_after: float | None
    phase: str | None
    timeout: float | None


class DecodeError(GraphBitError):
    """An answer arrived that is not what its API promises; ``excerpt`` shows its beginning."""

    _facts: tuple[str, ...] = (*_CALL_FACTS, "excerpt")
    provider: str | None
    model: str | None
    status: int | None
    attempts: int | None
    excerpt: str | None


class ProcessError(GraphBitError):
    """A function that was called in a process of its own failed, or its process ended. This one is unharmed.

    Attributes:
        target: The function, as ``package.module:function``.
        reason: ``raised``, ``result`` (it returned what cannot travel), ``exited`` or ``killed``.
        error_type: Name of the exception's class, where it raised one.
        traceback: The exception's traceback, as text.
        status: Exit status of the process, where it exited.
        signal: What killed it, for example ``SIGSEGV``.
        printed: The end of what the function wrote to its standard output and error, at most 4 KiB.
    """

    _facts: tuple[str, ...] = ("target", "reason", "error_type", "traceback", "status", "signal", "printed")
    target: str | None
    reason: str | None
    error_type: str | None
    traceback: str | None
    status: int | None
    signal: str | None
    printed: str | None


class ResourceExhaustedError(GraphBitError, MemoryError):
    """A limit on size, memory or count was reached; ``resource`` and ``limit`` name it."""

    _facts: tuple[str, ...] = ("resource", "limit", "attempts", "provider", "model")
    resource: str | None
    limit: float | None


class ToolError(GraphBitError):
    """A tool failed; ``__cause__`` is what it raised, if it did.

    A tool may raise it itself: with ``fatal=True`` the agent's node fails, otherwise the model is told.

    Attributes:
        tool: Name of the tool.
        reason: ``unknown``, ``disabled``, ``arguments``, ``refused``, ``timeout``, ``busy``, ``result`` or
            ``raised``.
        fatal: Whether the model is not to be told but the node to fail.
        retryable: Whether calling again does no harm: the tool is declared idempotent.
    """

    _facts: tuple[str, ...] = ("tool", "reason", "fatal", "retryable")
    tool: str | None
    reason: str | None
    fatal: bool | None
    retryable: bool | None


class ToolRoundsError(ResourceExhaustedError):
    """An agent still asked for tools in its last allowed model call.

    Attributes:
        limit: How many model calls were allowed; all were made.
        tool_calls: Names of the tools that were called, in order.
        partial: What the model said beside its last calls.
    """

    _facts: tuple[str, ...] = (*ResourceExhaustedError._facts, "tool_calls", "partial")
    tool_calls: Sequence[str] | None
    partial: str | None


class ForkError(GraphBitError):
    """The object was made before a fork and is used in the child; make a new one there."""


class InternalError(GraphBitError):
    """A fault of GraphBit itself, for example a panic in the kernel. Please report it."""
