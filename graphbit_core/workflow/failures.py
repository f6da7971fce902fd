"""Failures of nodes: how they are told to the kernel, and where they are kept once it has decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import (
    ConfigError,
    DeadlineError,
    DecodeError,
    InternalError,
    NodeError,
    PluginError,
    ProviderError,
    TransportError,
    ValidationError,
)
from graphbit_core.types.plain import text_of, utf8
from graphbit_core.workflow.values import fresh

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import Settlement
    from graphbit_core.workflow.activation import Activation
    from graphbit_core.workflow.frame import Frame
    from graphbit_core.workflow.frames import OpenFrames

_FINAL = (ValidationError, ConfigError, PluginError, InternalError, TransportError, DecodeError)
"""Errors that another attempt at the node would not mend, or that the layer below has retried already."""
_ATTEMPT = "node attempt"
"""Phase of the error of an attempt that was overdue; the next one may be quicker."""


class Failures:
    """Keeps the error of an attempt until the kernel has said what becomes of it."""

    def __init__(self, frames: OpenFrames) -> None:
        self._frames = frames
        self._undecided: dict[int, tuple[Activation, NodeError]] = {}
        self._earlier: dict[int, list[NodeError]] = {}
        """Failed attempts of activations that go on, by the kernel's number."""

    def failed(self, activation: Activation, error: BaseException, *, retries: bool) -> Settlement:
        """The settlement of an attempt that failed."""
        problem = _described(error)
        what = "could not be undone" if activation.stage == "compensate" else "failed"
        wrapped = activation.frame.failure(activation.node, f"{what}: {problem}", error, activation.attempt)
        self._undecided[activation.id] = activation, wrapped
        again = retries and is_retryable(error)
        return activation.id, "failed", (problem, again, _retry_after(error) if again else None)

    def cancelled(self, activation: Activation, error: BaseException) -> Settlement:
        """The settlement of an attempt that was cancelled by nobody but its own body."""
        frame, problem = activation.frame, f"cancelled itself: {_described(error)}"
        wrapped = frame.failure(activation.node, problem, error, activation.attempt)
        wrapped.earlier = tuple(self._earlier.pop(activation.id, ())) or None
        frame.node_errors[activation.node] = wrapped
        inner, handled, _ = self._frames.close(activation)
        frame.cancelled += [*inner, wrapped]
        frame.handled += handled
        return activation.id, "cancelled", None

    def decided(self, number: int, disposition: str, text: str | None) -> None:
        """The kernel has said what becomes of a failure."""
        activation, error = self._undecided.pop(number, (None, None))
        frame = activation.frame if activation is not None else self._frames.frame(number >> 24)
        node = number & 0xFFFFFF
        if error is None:
            error = self._made_by_kernel(frame, node, text)
            if text is None:
                frame.errors.append(error)
                return
        if disposition in ("retrying", "fallback"):
            self._earlier.setdefault(number, []).append(error)
            if activation is not None:
                errors, handled, _ = self._frames.close(activation)
                frame.handled += [*errors, *handled]
            if disposition == "fallback":
                frame.handled.append(error)
            return
        if activation is not None and activation.stage == "compensate":
            frame.errors.append(error)  # the node itself has succeeded
            return
        error.earlier = tuple(self._earlier.pop(number, ())) or None
        self._keep(frame, node, error, disposition, activation)

    @staticmethod
    def _made_by_kernel(frame: Frame, node: int, text: str | None) -> NodeError:
        """The error of a choice that leads nowhere, of a join that cannot come about or, without a text,
        of a compensation that was stopped: its node has succeeded and keeps its output.
        """
        if text is not None:
            frame.values.pop(node, None)
            frame.writes.pop(node, None)
        return frame.failure(node, text or "was not undone: there was no time left")

    def _keep(
        self, frame: Frame, node: int, error: NodeError, disposition: str, activation: Activation | None
    ) -> None:
        frame.node_errors[node] = error
        inner, handled, _ = self._frames.close(activation) if activation is not None else ([], [], [])
        frame.handled += handled
        if disposition == "failed":
            frame.errors += [*inner, error]
            return
        frame.handled += [*inner, error]
        if disposition == "value":
            runner = activation.body if activation is not None else node
            frame.values[node] = fresh(frame.scope.nodes[runner].options.on_error[1])

    @staticmethod
    def overdue(activation: Activation, reason: str) -> DeadlineError:
        """The error of an attempt that took too long."""
        scope = activation.frame.scope
        if reason == "timeout":
            limit = scope.nodes[activation.body].options.timeout
            return DeadlineError(f"this attempt was not done within {limit} s", phase=_ATTEMPT, timeout=limit)
        limit = scope.nodes[activation.node].options.deadline
        return DeadlineError(f"it was not done within {limit} s", phase="total", timeout=limit)

    @staticmethod
    def tell_each_other(errors: Sequence[Exception]) -> None:
        """Every error of a run knows all of them."""
        for error in errors:
            if isinstance(error, NodeError):
                error.errors = errors


def is_retryable(error: BaseException) -> bool:
    """Whether another attempt may help: what the error says of itself, else by its class."""
    if isinstance(error, ProviderError):  # what the API said of it was heeded where the call was made
        return False
    said = _said(error, "retryable")
    if isinstance(said, bool):
        return said
    if isinstance(error, DeadlineError):
        return error.phase == _ATTEMPT
    return isinstance(error, Exception) and not isinstance(error, _FINAL)


def _retry_after(error: BaseException) -> float | None:
    """How long it asks to wait, in seconds. Errors of other libraries may mean anything by the name."""
    asked = _said(error, "retry_after")
    if isinstance(asked, int | float) and not isinstance(asked, bool) and 0 <= asked < float("inf"):
        return float(asked)
    return None


def _said(error: BaseException, name: str) -> Any:
    """What an error says of itself; None if that fails, as a property may."""
    try:
        return getattr(error, name, None)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 - the error itself must still be reported
        return None


def _described(error: BaseException) -> str:
    return utf8(f"{type(error).__name__}: {text_of(error)}")
