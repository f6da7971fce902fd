"""The frames that are open in a run: which values their nodes see, and what containers get back from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.node_type import FrameResult, Frames
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.activation import NO_USAGE, Activation
from graphbit_core.workflow.frame import Frame, Write
from graphbit_core.workflow.sources import NO_MORE, Source

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import Settlement
    from graphbit_core.workflow.bodies import Call
    from graphbit_core.workflow.state import RunState

_NODE_BITS = 24
_NODE_MASK = (1 << _NODE_BITS) - 1


class _Opened:
    """A container whose frames run."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.source: Source | None = None
        self.opened = 0
        self.first = 0
        """Index of the first entry of ``entries``."""
        self.entries: Sequence[Mapping[str, Any]] = ()
        self.state: Any = None
        self.fed: dict[int, Mapping[str, Any]] = {}
        self.results: list[FrameResult] = []
        self.errors: list[Exception] = []
        self.handled: list[Exception] = []
        self.writes: dict[int, list[Write]] = {}

    def given(self, index: int) -> Mapping[str, Any]:
        return self.entries[index - self.first] if self.source is None else self.fed.pop(index, {})

    def written(self) -> list[Write]:
        return list(chain.from_iterable(self.writes[index] for index in sorted(self.writes)))


class OpenFrames:
    """Makes activations, in the frame they belong to, and takes up the frames that have ended."""

    def __init__(self, state: RunState, release: Callable[[Activation, Source], None]) -> None:
        self.state = state
        self._release = release
        """Closes a stream that is read no more."""
        self._frames: dict[int, Frame] = {0: state.root}
        self._opened: dict[int, _Opened] = {}
        """Containers whose frames run, by the kernel's number of their activation."""
        self._first_started: dict[int, float] = {}

    # --- activations -----------------------------------------------------------------------------

    def activation(self, number: int, body: int, stage: str, attempt: int, now: float) -> Activation:
        """What the kernel has handed out; a container that goes on is the same as before."""
        if stage in ("feed", "resume"):
            opened = self._opened[number]
            opened.activation = opened.activation.again(stage)
            return opened.activation
        frame, node = self.frame(number >> _NODE_BITS), number & _NODE_MASK
        return Activation(frame, node, body, stage, attempt, self._deadline(frame, node, body, number, now))

    def _deadline(self, frame: Frame, node: int, body: int, number: int, now: float) -> float | None:
        around = frame.opener.deadline if frame.opener is not None else self.state.deadline
        limited = frame.scope.limited
        if node not in limited and body not in limited:
            return around
        options, first = frame.scope.nodes[node].options, self._first_started.setdefault(number, now)
        attempt = frame.scope.nodes[body].options.timeout
        limits = [around, None if attempt is None else now + attempt]
        limits.append(None if options.deadline is None else first + options.deadline)
        return min((at for at in limits if at is not None), default=None)

    def frame(self, number: int) -> Frame:
        """An open frame; made when the first of its nodes starts."""
        known = self._frames.get(number)
        return known if known is not None else self._enter(number)

    def _enter(self, number: int) -> Frame:
        opener, index, scope, path = self.state.run.frame(number)
        opened = self._opened[opener]
        looping = self.state.variables_written and self._style(opened.activation) == "loop"
        frame = self._frames[number] = Frame(
            self.state,
            self.state.compiled.scopes[scope],
            number=number,
            path=path,
            opener=opened.activation,
            given=opened.given(index),
            earlier=opened.written() if looping else (),
        )
        return frame

    @staticmethod
    def _style(activation: Activation) -> str:
        container = activation.frame.scope.containers.get(activation.body)
        return container.style if container is not None else ""

    def opener(self, number: int) -> Activation | None:
        """A container whose frames run."""
        opened = self._opened.get(number)
        return opened.activation if opened is not None else None

    def account(self, activation: Activation) -> None:
        """Counts what a body that has ended used."""
        if activation.usage is not NO_USAGE:
            activation.frame.add_usage(activation.node, activation.usage)
            activation.usage = NO_USAGE

    # --- what to call ----------------------------------------------------------------------------

    def call(self, activation: Activation) -> tuple[Call, bool]:
        """What starts the body at this stage, and whether it starts on the event loop."""
        scope, stage = activation.frame.scope, activation.stage
        body = scope.bodies[activation.body]
        if stage == "run":
            return body.run, scope.on_loop[activation.body]
        if stage == "compensate":
            compensation = scope.compensations[activation.node]
            return compensation, compensation.is_quick
        opened = self._opened[activation.id]
        if stage == "feed":
            source = opened.source
            assert source is not None, "the kernel asks only for what was said to go on"
            return source.next, source.is_async
        results, opened.results = opened.results, []
        activation.state = opened.state
        return lambda again: body.resume(again, results), scope.on_loop[activation.body]

    # --- containers ------------------------------------------------------------------------------

    def open(self, activation: Activation, frames: Frames) -> Settlement:
        """A container asks for frames.

        Raises:
            ValidationError: The node is no container.
        """
        if not self._style(activation):
            raise ValidationError("its body returned Frames, but its node type tells of no workflow to run")
        opened = self._opened.setdefault(activation.id, _Opened(activation))
        inputs, opened.state = frames.inputs, frames.state
        if isinstance(inputs, Sequence):
            opened.source, opened.entries, opened.first = None, inputs, opened.opened
            opened.opened += len(inputs)
            return activation.id, "opened", (len(inputs), False)
        opened.source = Source(inputs)
        return activation.id, "opened", (0, True)

    def feed(self, activation: Activation, entry: Any) -> Settlement:
        """The next entry of a stream has come, or its end."""
        if entry is NO_MORE:
            return activation.id, "opened", (0, False)
        opened = self._opened[activation.id]
        opened.fed[opened.opened] = entry
        opened.opened += 1
        return activation.id, "opened", (1, True)

    def ended(self, number: int, opener: int, index: int, outcome: str) -> None:
        """The kernel has ended a frame."""
        opened = self._opened.get(opener)
        if opened is None and number not in self._frames:
            return  # nothing of it reached Python, and its container is over
        frame = self.frame(number)
        del self._frames[number]
        for node in frame.scope.containers:
            self._close_stopped(frame, node, outcome == "succeeded")
        container = frame.opener
        assert container is not None, "only the workflow itself has no opener, and it ends with the run"
        for usage in frame.usage.values():
            container.frame.add_usage(container.node, usage)
        if opened is None:  # its container is over already, so nobody asks for what it gave
            container.frame.take_late(container.node, frame)
            return
        opened.results.append(frame.result(index, outcome))
        opened.errors += frame.errors
        opened.handled += frame.handled
        if frame.writes and outcome == "succeeded":
            opened.writes[index] = frame.written(self.state.compiled.order(frame.scope.number))

    def _close_stopped(self, frame: Frame, node: int, went_on: bool) -> None:
        """A container that the kernel has ended without asking it again: somebody else took its failures, or
        they are those of its frame.
        """
        opened = self._opened.get(frame.activation_id(node))
        if opened is not None:
            errors, handled, _ = self.close(opened.activation)
            frame.handled += handled
            (frame.handled if went_on else frame.errors).extend(errors)

    def close(self, activation: Activation) -> tuple[list[Exception], list[Exception], list[Write]]:
        """A container is over: failures in its frames, those that were handled there, and what they wrote."""
        opened = self._opened.pop(activation.id, None)
        if opened is None:
            return [], [], []
        if opened.source is not None:
            self._release(opened.activation, opened.source)
        return opened.errors, opened.handled, opened.written()

    def close_all(self, went_on: bool) -> None:
        """The run is over: closes what the kernel has ended without asking it again.

        Args:
            went_on: Whether the run succeeded.
        """
        for opened in list(self._opened.values()):
            self._close_stopped(opened.activation.frame, opened.activation.node, went_on)
