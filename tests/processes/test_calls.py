"""A function in a process of its own: what comes back, whatever it does."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time

import pytest

from graphbit_core import (
    DeadlineError,
    Document,
    Match,
    ProcessError,
    ResourceExhaustedError,
    ValidationError,
)
from graphbit_core.processes.call import Limits
from graphbit_core.processes.calls import call_in_process, run_in_process
from graphbit_core.processes.values import FIELDS, pack, unpack
from graphbit_core.types import documents

MIB = 1024 * 1024
BOUND = Limits(seconds=10)


def call(name, *arguments, limits=BOUND):
    return call_in_process(f"isolated:{name}", arguments, {}, limits)


def failure(name, *arguments, limits=BOUND, kind=ProcessError):
    with pytest.raises(kind) as caught:
        call(name, *arguments, limits=limits)
    return caught.value


def test_it_gets_arguments_by_place_and_by_name():
    assert call_in_process("isolated:add", [1], {"b": 2}, BOUND) == 3
    assert call_in_process("isolated:add", [1], {}, BOUND) == 2
    assert call_in_process("math:sqrt", [9], {}, BOUND) == 3.0


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**200,
        1.5,
        float("inf"),
        "é \ud800 \0",
        b"\x00\xff",
        {"a": [1, {"b": b"bytes"}]},
        {"\0graphbit": "Document", "x": b"y"},
        [],
        "x" * 3_000_000,
        b"x" * 3_000_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_json_and_bytes_go_there_and_back_unchanged(value):
    assert call("same", value) == value


def test_documents_and_matches_travel_as_themselves():
    found = call("documents")
    assert found == [Document("text", {"source": "a", "page": 1}), Match("1", 0.5, "text", {"n": None})]
    assert call("same", found) == found


def test_a_coroutine_function_is_run_to_its_end():
    assert call("later", 5) == 5


def test_what_it_raises_comes_back_as_facts():
    error = failure("fail")
    assert (error.reason, error.error_type, error.target) == ("raised", "ValueError", "isolated:fail")
    assert "ValueError: no such luck" in str(error)
    assert 'raise ValueError("no such luck")' in error.traceback
    assert error.printed == "some words before"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("system_exit", "SystemExit"),
        ("interrupt", "KeyboardInterrupt"),
        ("odd", "isolated.OddError"),
        ("recurse", "RecursionError"),
    ],
)
def test_an_exception_that_would_end_a_program_ends_only_the_call(name, kind):
    error = failure(name)
    assert (error.reason, error.error_type) == ("raised", kind)


@pytest.mark.parametrize(
    ("name", "signal"), [("crash", "SIGSEGV"), ("abort", "SIGABRT"), ("kill_itself", "SIGKILL")]
)
def test_death_by_a_signal_names_it(name, signal):
    error = failure(name)
    assert (error.reason, error.signal, error.status) == ("killed", signal, None)
    assert signal in str(error)


def test_a_crash_says_where_and_what_was_printed_before():
    error = failure("crash")
    assert error.printed.startswith("about to crash")
    assert "in crash" in error.printed
    assert "Segmentation fault" in str(error)


def test_an_exit_names_its_status():
    error = failure("leave", 3)
    assert (error.reason, error.status, error.signal) == ("exited", 3, None)
    assert "status 3; it last wrote: leaving" in str(error)


def test_a_hanging_one_is_killed_at_the_limit_of_time():
    started = time.monotonic()
    error = failure("hang", limits=Limits(seconds=0.5), kind=DeadlineError)
    assert time.monotonic() - started < 3
    assert (error.phase, error.timeout) == ("total", 0.5)


def test_arguments_that_nobody_reads_do_not_outlast_the_limit_of_time():
    """The first call leaves an idle child; this one's limit ends before any child can have started."""
    started = time.monotonic()
    failure("same", b"x" * 50_000_000, limits=Limits(seconds=0.001), kind=DeadlineError)
    assert time.monotonic() - started < 3


def test_ten_gigabytes_under_a_limit_of_memory_are_refused():
    limits = Limits(seconds=10, memory_bytes=256 * MIB)
    assert call("allocate", 64, limits=limits) == 64 * MIB
    error = failure("allocate", 10_000, limits=limits, kind=ResourceExhaustedError)
    assert (error.resource, error.limit) == ("memory", 256 * MIB)


def test_a_limit_of_memory_holds_for_one_call_only():
    limits = Limits(seconds=10, memory_bytes=64 * MIB)
    first = call("count", limits=limits)
    assert call("allocate", 80) == 80 * MIB
    assert call("count", limits=limits)[0] == first[0]


def test_what_it_prints_never_reaches_the_channel():
    assert call("chatter", 8) == 8


@pytest.mark.parametrize(
    ("name", "reason", "says"),
    [
        ("close_everything", "killed", "closed the channel"),
        ("write_into_the_channel", "result", "is no reply"),
    ],
)
def test_a_spoilt_channel_is_an_error_and_not_a_hang(name, reason, says):
    started = time.monotonic()
    error = failure(name)
    assert error.reason == reason
    assert says in str(error)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("name", "says"),
    [("unserialisable", "PosixPath"), ("keyed_by_numbers", "key of type int"), ("circular", "holds itself")],
)
def test_a_result_that_cannot_travel_is_an_error_that_names_its_type(name, says):
    error = failure(name)
    assert error.reason == "result"
    assert says in str(error)


def test_an_argument_that_cannot_travel_is_named_before_anything_starts():
    with pytest.raises(
        ValidationError, match=r"^b of 'isolated:add' cannot be sent.*builtins\.object"
    ) as caught:
        call_in_process("isolated:add", [1], {"b": object()})
    assert caught.value.field == "b"


def test_a_result_is_bounded():
    assert len(call("large", 3)) == 3 * MIB
    error = failure("large", 3, limits=Limits(seconds=10, result_bytes=MIB), kind=ResourceExhaustedError)
    assert (error.resource, error.limit) == ("result", MIB)


@pytest.mark.parametrize(
    "target", ["__main__:main", "isolated", "isolated:<lambda>", "isolated:a.<locals>.b"]
)
def test_a_function_that_a_new_process_cannot_find_is_refused_by_name(target):
    with pytest.raises(ValidationError, match=r"package\.module:function"):
        call_in_process(target)


@pytest.mark.parametrize(
    ("target", "kind"), [("isolated:nothing", "AttributeError"), ("no_such_module:f", "ModuleNotFoundError")]
)
def test_a_name_that_leads_nowhere_says_so(target, kind):
    with pytest.raises(ProcessError) as caught:
        call_in_process(target, limits=BOUND)
    assert caught.value.error_type == kind


@pytest.mark.parametrize("limits", [{"seconds": 0}, {"memory_bytes": 1000}])
def test_limits_that_cannot_be_held_are_refused(limits):
    with pytest.raises(ValidationError):
        Limits(**limits)


def test_it_sees_the_environment_and_the_folder_of_the_moment(monkeypatch, tmp_path):
    monkeypatch.setenv("GRAPHBIT_TEST_WORD", "one")
    assert call("environment", "GRAPHBIT_TEST_WORD")[0] == "one"
    monkeypatch.setenv("GRAPHBIT_TEST_WORD", "two")
    monkeypatch.chdir(tmp_path)
    assert call("environment", "GRAPHBIT_TEST_WORD") == ["two", str(tmp_path)]


def test_every_document_class_that_may_travel_travels_whole():
    for name, fields in FIELDS.items():
        assert tuple(field.name for field in dataclasses.fields(getattr(documents, name))) == fields


def test_two_hundred_calls_at_once_use_a_bounded_number_of_processes():
    async def main():
        return await asyncio.gather(*(run_in_process("isolated:count", limits=BOUND) for _ in range(200)))

    found = asyncio.run(main())
    assert len(found) == 200
    assert len({pid for pid, _ in found}) <= max(8, 2 * (os.cpu_count() or 1))


def test_a_function_may_call_another_one_in_a_process_of_its_own():
    outer, (inner, _) = call("nested", 1)
    assert len({outer, inner, os.getpid()}) == 3


@pytest.mark.parametrize("cut", [0, 7, 20, -1])
def test_bytes_that_are_no_packed_value_are_a_value_error(cut):
    whole = pack({"a": [b"bytes", Document("text")]})
    assert unpack(whole) == {"a": [b"bytes", Document("text")]}
    if cut == -1:
        whole = whole.replace(b"Document", b"Dokument")
        cut = None
    with pytest.raises(ValueError):
        unpack(whole[:cut])
