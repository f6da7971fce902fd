"""Tools: functions a model may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

from graphbit_core.types.messages import ToolSpec


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """How a tool is called.

    Attributes:
        category: What it is listed under.
        version: Its own version.
        enabled: Whether models are offered it.
        timeout: Seconds that one call may take, above 0; None: as long as the run may.
        max_result_bytes: Longest text, in bytes of UTF-8, that a model is given; the rest is cut off.
        requires_approval: Whether the executor's service ``approve`` is asked before each call.
        fatal: Exceptions that fail the agent's node instead of being told to the model.
        idempotent: Whether a call may be repeated without harm.
        parallel: False: its calls in one turn of a model run one after another.
    """

    category: str = ""
    version: str = ""
    enabled: bool = True
    timeout: float | None = None
    max_result_bytes: int = 65_536
    requires_approval: bool = False
    fatal: tuple[type[BaseException], ...] = ()
    idempotent: bool = False
    parallel: bool = True


@runtime_checkable
class Tool(Protocol):
    """What the ``@tool`` decorator makes: an entry point may name the decorated function itself.

    It may have ``options``, a ToolOptions; without them the defaults hold.

    Threads:
        A plain ``call`` runs on a worker thread, a coroutine function on the event loop; several at once,
        unless the options say that it is not ``parallel``.
    """

    graphbit_api: ClassVar[tuple[int, int]]
    spec: ToolSpec
    """What a model is told: name, description, and the JSON Schema of the arguments."""

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Runs it with arguments that were checked against ``spec.parameters``; may return an awaitable.

        What it raises is told to the model, as class and message, unless ``options.fatal`` lists it.
        """
        ...
