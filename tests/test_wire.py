from __future__ import annotations

import json
from array import array
from typing import Any

import pytest

from graphbit_core import DecodeError, HttpResponse, Message, TextPart, ValidationError
from graphbit_core.wire import (
    base64_text,
    call_id,
    check_extra,
    compact_json,
    count,
    error_body,
    optional_list,
    optional_text,
    read_frame,
    read_vectors,
    required_text,
    split_system,
    tool_name,
)

SYSTEM, USER = Message("system", "s"), Message("user", "u")


def test_a_frame_is_an_object() -> None:
    for text in ('{"a": "Grüß"}', ' {"a": "Grüß"}', '{"a": "Grüß"} \n'):
        assert read_frame(text) == {"a": "Grüß"}


@pytest.mark.parametrize("data", ["", " ", "oops", "{oops", "[]", "7", "null", "[" * 200_000, '{"a": 1} {}'])
def test_a_frame_of_another_shape_is_a_decode_error_that_chains_nothing(data: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read_frame(data)
    assert caught.value.__cause__ is None
    assert len(caught.value.facts().get("excerpt") or "") <= 200


def test_what_is_missing_is_empty_and_what_is_something_else_is_an_error() -> None:
    assert (optional_text({}, "a"), optional_text({"a": None}, "a"), optional_text({"a": "x"}, "a")) == (
        "",
        "",
        "x",
    )
    assert (optional_list({}, "a"), optional_list({"a": [1]}, "a")) == ([], [1])
    assert required_text({"a": ""}, "a") == ""
    for read, holder in (
        (optional_text, {"a": 7}),
        (optional_list, {"a": "x"}),
        (required_text, {}),
        (required_text, {"a": None}),
    ):
        with pytest.raises(DecodeError, match="a"):
            read(holder, "a")


@pytest.mark.parametrize("holder", [None, 7, {}, {"n": None}, {"n": -1}, {"n": True}, {"n": 1.5}, {"n": "3"}])
def test_a_count_that_is_none_is_zero(holder: Any) -> None:
    assert count(holder, "n") == 0
    assert count({"n": 3}, "n") == 3


def test_vectors_are_numbers_of_one_length() -> None:
    assert read_vectors([[1, 0.5], array("f", [0.25, 2.0])]) == [[1.0, 0.5], [0.25, 2.0]]
    assert all(type(number) is float for number in read_vectors([[1, 2]])[0])
    assert read_vectors([]) == []


@pytest.mark.parametrize(
    "rows",
    [
        [None],
        ["abcd"],
        [[]],
        [["1"]],
        [[True]],
        [[None]],
        [[10**400]],
        [[float("nan")]],
        [[float("inf")]],
        [[1.0], [1.0, 2.0]],
        [array("f")],
        [array("f", [float("inf")])],
    ],
)
def test_anything_else_is_no_vector(rows: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read_vectors(rows, 200)
    assert caught.value.status == 200


def test_an_error_reply_is_its_json_or_how_it_begins() -> None:
    assert error_body(HttpResponse(500, {}, b'{"a":1}')) == {"a": 1}
    assert error_body(HttpResponse(500, {}, b"<html>" + b"x" * 999)) == "<html>" + "x" * 194


def test_leading_system_messages_are_apart_and_later_ones_stay() -> None:
    assert split_system([SYSTEM, SYSTEM, USER, SYSTEM]) == ([SYSTEM, SYSTEM], [USER, SYSTEM])
    assert split_system([SYSTEM]) == ([SYSTEM], [])
    assert split_system([USER]) == ([], [USER])


def test_a_result_names_its_call_or_its_tool() -> None:
    named = Message("tool", "12", tool_call_id="c", name="t")
    assert (call_id(named), tool_name(named, {})) == ("c", "t")
    assert tool_name(Message("tool", "12", tool_call_id="c"), {"c": "t"}) == "t"
    with pytest.raises(ValidationError, match="tool_call_id"):
        call_id(Message("tool", "12"))
    with pytest.raises(ValidationError, match="the name of its tool"):
        tool_name(Message("tool", "12", tool_call_id="c"), {"d": "t"})


def test_extra_fields_replace_none_of_ours() -> None:
    check_extra({"top_k": 1}, {"model"})
    with pytest.raises(ValidationError, match=r"\['model', 'stream'\]") as caught:
        check_extra({"stream": 1, "model": 2, "top_k": 3}, {"model", "stream"})
    assert caught.value.field == "extra"


def test_json_is_compact_and_bytes_are_base64() -> None:
    assert compact_json({"city": "Zürich", "n": 1}) == '{"city":"Zürich","n":1}'
    assert json.loads(compact_json([])) == []
    assert base64_text(b"\x00\xff") == "AP8="


def test_the_content_of_a_message_as_parts() -> None:
    assert list(Message("user", "x").parts) == [TextPart("x")]
    assert list(Message("user", [TextPart("x")]).parts) == [TextPart("x")]
