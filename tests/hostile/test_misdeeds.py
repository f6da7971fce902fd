"""Bodies that raise or return what they should not, wherever they stand and however they are called."""

from __future__ import annotations

import asyncio

import pytest

from graphbit_core import NodeError, ValidationError, WorkflowError

from .causes import chain_of
from .misdeeds import RAISE, RETURN, RETURN_WRONGLY
from .places import CALLS, KINDS, RUNS

ANSWERS = RETURN | RETURN_WRONGLY


def told(result):
    """All that the errors of a run lead to, those of earlier attempts and of groups included."""
    waiting, found = [*result.errors, *result.handled], []
    while waiting:
        error = waiting.pop()
        if any(error is one for one in found):
            continue
        found.append(error)
        waiting += [one for one in (error.__cause__, *(getattr(error, "earlier", None) or ())) if one]
    return found


def raised_by(act):
    try:
        act()
    except BaseException as error:  # noqa: BLE001 - which one is the question
        return type(error)
    raise AssertionError("it raised nothing")


def assert_failed(result, *, cancelled=False):
    assert result.state in ({"failed", "cancelled"} if cancelled else {"failed"})
    assert result.errors
    with pytest.raises(WorkflowError):
        result.raise_for_failure()
    assert result.abandoned == []


def is_refused(hostile, place, act, kind):
    """Whether it is a coroutine function as the condition of an edge, which is refused before the run."""
    if place is not CALLS["edge_test"] or kind is not KINDS["coroutine"]:
        return False
    with pytest.raises(ValidationError, match="coroutine function"):
        hostile.run(place(*kind(act)))
    return True


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("act", RAISE.values(), ids=RAISE)
@pytest.mark.parametrize("place", RUNS.values(), ids=RUNS)
def test_what_a_body_raises_fails_the_run_and_is_told(hostile, place, act, kind):
    result = hostile.run(place(*kind(act)))
    expected = raised_by(act)
    if kind is KINDS["coroutine"] and expected is StopIteration:
        expected = RuntimeError  # as Python has it
    assert_failed(result, cancelled=expected is asyncio.CancelledError)
    assert any(type(error) is expected for error in told(result)), result.errors
    assert "after" not in result.outputs


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("act", RAISE.values(), ids=RAISE)
@pytest.mark.parametrize("place", CALLS.values(), ids=CALLS)
def test_what_is_raised_where_something_else_calls_it_is_told_too(hostile, place, act, kind):
    expected = raised_by(act)
    if is_refused(hostile, place, act, kind):
        return
    result = hostile.run(place(*kind(act)))
    assert_failed(result, cancelled=expected is asyncio.CancelledError)
    if place is CALLS["reducer"] and kind is KINDS["coroutine"]:
        expected = (ValidationError, TypeError)  # only plain functions go there
    elif expected in (StopIteration, StopAsyncIteration) and (
        place is CALLS["stream"] or kind is KINDS["coroutine"]
    ):
        expected = (expected, RuntimeError)  # generators and coroutines make one of these
    assert any(isinstance(error, expected) for error in told(result)), result.errors


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("act", RETURN.values(), ids=RETURN)
@pytest.mark.parametrize("place", RUNS.values(), ids=RUNS)
def test_an_odd_value_is_the_output_as_it_is(hostile, place, act, kind):
    made = []

    def noted():
        made.append(act())
        return made[-1]

    result = hostile.run(place(*kind(noted)))
    assert result.state == ("succeeded_degraded" if place is RUNS["fallback"] else "succeeded"), result.errors
    if place not in (RUNS["before_another"], RUNS["map_item"], RUNS["three_deep"]):
        assert result.output is made[-1]


@pytest.mark.parametrize("kind", [KINDS["plain"], KINDS["inline"]], ids=["plain", "inline"])
@pytest.mark.parametrize("act", RETURN_WRONGLY.values(), ids=RETURN_WRONGLY)
@pytest.mark.parametrize("place", RUNS.values(), ids=RUNS)
def test_a_value_that_cannot_be_an_output_fails_the_node(hostile, place, act, kind):
    result = hostile.run(place(*kind(act)))
    assert_failed(result)
    assert isinstance(result.error, NodeError)


@pytest.mark.parametrize("name", [name for name in RETURN_WRONGLY if "awaitable" in name])
def test_what_a_coroutine_gives_is_not_awaited_again(hostile, name):
    result = hostile.run(RUNS["alone"](*KINDS["coroutine"](RETURN_WRONGLY[name])))
    assert type(result.output) is type(RETURN_WRONGLY[name]())


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("act", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("place", CALLS.values(), ids=CALLS)
def test_an_odd_answer_never_ends_a_run_without_a_result(hostile, place, act, kind):
    if is_refused(hostile, place, act, kind):
        return
    result = hostile.run(place(*kind(act)))
    assert result.is_success() == (not result.errors)
    if place is CALLS["compensation"]:
        assert [type(one) for one in chain_of(result.error)][-1] is LookupError


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_keyboard_interrupt_of_a_body_never_looks_like_success(hostile, kind):
    def act():
        raise KeyboardInterrupt

    try:
        result = hostile.run(RUNS["before_another"](*kind(act)))
    except KeyboardInterrupt:
        return
    assert_failed(result)
    assert kind is KINDS["plain"]
