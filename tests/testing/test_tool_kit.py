"""Each rule for tools fails on a tool that breaks it, and on no other."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from kit_runs import proof

from graphbit_core import Secret, ToolContext, ToolOptions, ToolSpec, tool
from graphbit_core.testing import ToolConformance
from graphbit_core.testing.rules.component import CANARY


@tool
def good(text: str, times: int = 2) -> str:
    """Repeats a text.

    Args:
        text: The text.
        times: How often.
    """
    if times < 0:
        raise ValueError("a text cannot be repeated less than never")
    return text * times


@tool
async def patient(seconds: float) -> str:
    """Waits.

    Args:
        seconds: How long.
    """
    await asyncio.sleep(seconds)
    return "done"


@tool
def attentive(seconds: float, context: ToolContext) -> str:
    """Waits, as long as somebody else does.

    Args:
        seconds: How long.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and not context.cancelled:
        time.sleep(0.005)
    return "done"


@tool(fatal=(PermissionError,))
def guarded(path: str) -> str:
    """Opens doors.

    Args:
        path: Which door.
    """
    if path == "closed":
        raise PermissionError("this door is closed")
    return "open"


@tool
def silent(text: str) -> str:
    """Says nothing of its parameter."""
    return text


@tool(name="2_repeat")
def numbered() -> str:
    """Has a name that begins with a digit."""
    return "x"


@tool
def adds(text: str) -> Any:
    """Gives what has no form in JSON.

    Args:
        text: The text.
    """
    return {text: object()}


@tool(max_result_bytes=10)
def talks(text: str) -> str:
    """Gives more than it may.

    Args:
        text: The text.
    """
    return text * 100


_numbers = itertools.count()


@tool(idempotent=True)
def counts(text: str) -> str:
    """Counts its calls.

    Args:
        text: The text.
    """
    return f"{text}{next(_numbers)}"


@tool
def varies(text: str) -> str:
    """Counts its calls, and does not say that they are alike.

    Args:
        text: The text.
    """
    return f"{text}{next(_numbers)}"


_shared: dict[str, str] = {}
_turn = threading.Event()


@tool
def shares(text: str) -> str:
    """Keeps what it was given where others find it.

    Args:
        text: The text.
    """
    _shared["text"] = _shared.get("text", "") + text
    _turn.wait(0.002)
    return _shared.pop("text", "")


@tool
def swallows(text: str) -> str:
    """Takes a failure for a result.

    Args:
        text: The text.
    """
    return "an error occurred" if text == "bad" else text


@tool
def leaves(text: str) -> str:
    """Ends the program where it fails.

    Args:
        text: The text.
    """
    if text == "bad":
        raise SystemExit(1)
    return text


@tool(fatal=(PermissionError,))
def harmless(path: str) -> str:
    """Tells the model of what should be fatal.

    Args:
        path: Which door.
    """
    return f"Error: {path} is closed" if path == "closed" else "open"


@tool(timeout=5.0)
def limited(text: str) -> str:
    """Has a time limit, and never shows it.

    Args:
        text: The text.
    """
    return text


@tool
def deaf(seconds: float) -> str:
    """Waits, whoever else does.

    Args:
        seconds: How long.
    """
    time.sleep(seconds)
    return "done"


@tool
async def stubborn(text: str) -> str:
    """Goes on when it is cancelled.

    Args:
        text: The text.
    """
    try:
        await asyncio.sleep(0.01)
    except asyncio.CancelledError:
        await asyncio.sleep(1.2)
    return text


@tool
async def litters(text: str) -> str:
    """Leaves a task behind.

    Args:
        text: The text.
    """
    _shared["task"] = asyncio.ensure_future(asyncio.sleep(3))  # type: ignore[assignment]
    await asyncio.sleep(0)
    return text


class Lookup:
    """Looks a word up; a tool that has settings."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    parameters: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {"word": {"type": "string", "description": "Which word."}},
        "required": ["word"],
        "additionalProperties": False,
    }
    options: ClassVar[Any] = ToolOptions()

    def __init__(self, *, key: Secret | None = None) -> None:
        self._key = key
        self.spec = ToolSpec("lookup", "Looks a word up.", self.parameters)

    def call(self, arguments: Mapping[str, Any]) -> Any:
        return {"word": arguments["word"]}


class Loose(Lookup):
    """Checks nothing: its schema allows everything."""

    parameters = {"type": "object", "properties": {"word": {"description": "Which word."}}}


class NoObject(Lookup):
    """Has a schema that is none of an object."""

    parameters = {**Lookup.parameters, "type": ["object", "null"]}


class Forgets(Lookup):
    """Requires what it does not describe."""

    parameters = {**Lookup.parameters, "required": ["word", "language"]}


class OddOptions(Lookup):
    """Has options that are none."""

    options = {"timeout": 5}


class TellsItsKey(Lookup):
    """Gives its key to the model."""

    def call(self, arguments: Mapping[str, Any]) -> Any:
        return f"{arguments['word']} {self._key.reveal() if self._key else ''}"


class SaysNothing(Lookup):
    """Has no description."""

    def __init__(self, *, key: Secret | None = None) -> None:
        super().__init__(key=key)
        self.spec = ToolSpec("lookup", " ", self.parameters)


class Kit(ToolConformance):
    __test__ = False
    arguments = {"text": "ab"}


class LookupKit(ToolConformance):
    __test__ = False
    arguments = {"word": "kernel"}
    expected = {"word": "kernel"}

    def secret_settings(self):
        return {"key": Secret(CANARY)}


ARGUMENTS = "refuses_wrong_arguments_before_the_call"
SCHEMA = "its_parameters_are_a_json_schema_of_an_object"
TOLD = "gives_what_a_model_can_be_told"
AT_ONCE = "may_be_called_from_many_threads_and_tasks_at_once"
FAILURE = "a_failure_is_told_to_the_model"
FATAL = "only_what_is_declared_fatal_fails_the_agent"
TIME = "a_time_limit_ends_it"
CANCELLED = "a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task"
SECRETS = "shows_no_secret_in_repr_pickle_log_or_error"
WAITS: dict[str, Any] = {"arguments": {"seconds": 0}, "slow": {"seconds": 2}}
DOORS: dict[str, Any] = {"arguments": {"path": "open"}, "expected": "open"}

PROOFS = {
    "good": proof(Kit, good, expected="abab", failing=[{"text": "a", "times": -1}]),
    "a good coroutine": proof(Kit, patient, **WAITS),
    "a good function that waits": proof(Kit, attentive, **WAITS),
    "a good one with a fatal error": proof(Kit, guarded, **DOORS, fatal=[{"path": "closed"}]),
    "a good class": proof(LookupKit, Lookup),
    "says nothing": proof(LookupKit, SaysNothing, "says_in_its_docstring_what_it_is"),
    "options that are none": proof(
        LookupKit, OddOptions, "is_a_tool_with_options_that_are_in_range", only=True
    ),
    "a name that not all take": proof(Kit, numbered, "its_name_is_legal_for_every_model_api", arguments={}),
    "no object": proof(LookupKit, NoObject, SCHEMA),
    "requires what it does not describe": proof(LookupKit, Forgets, SCHEMA, only=True),
    "a parameter that is not described": proof(Kit, silent, "describes_every_parameter"),
    "takes every argument": proof(LookupKit, Loose, ARGUMENTS),
    "no form in JSON": proof(Kit, adds, TOLD, only=True),
    "longer than it may be": proof(Kit, talks, TOLD),
    "gives another value": proof(Kit, good, TOLD, AT_ONCE, expected="ab"),
    "counts": proof(Kit, counts, "a_call_repeated_gives_the_same_if_it_is_declared_idempotent"),
    "a result that varies is no fault": proof(Kit, varies),
    "shares": proof(Kit, shares, AT_ONCE, expected="ab"),
    "swallows a failure": proof(Kit, swallows, FAILURE, failing=[{"text": "bad"}]),
    "ends the program": proof(Kit, leaves, FAILURE, failing=[{"text": "bad"}]),
    "what is fatal is not shown": proof(Kit, guarded, FATAL, **DOORS),
    "what is fatal is told": proof(Kit, harmless, FATAL, **DOORS, fatal=[{"path": "closed"}]),
    "a limit that is not shown": proof(Kit, limited, TIME),
    "goes on when time is up": proof(Kit, deaf, TIME, **WAITS),
    "goes on when cancelled": proof(Kit, stubborn, CANCELLED),
    "leaves a task": proof(Kit, litters, CANCELLED),
    "tells its key": proof(LookupKit, TellsItsKey, SECRETS, expected="kernel "),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_breaks_the_rule_about_it_and_no_other(fault: str) -> None:
    PROOFS[fault].check()
