from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_ollama import OllamaProvider
from hypothesis import given, settings, strategies as st
from ollama_wire import AT, call, lines, reply

from graphbit_core import (
    BadRequestError,
    ChatRequest,
    ChatResponse,
    DecodeError,
    Delta,
    Frame,
    HttpResponse,
    Message,
    ProviderError,
    ReasoningPart,
    StreamInterruptedError,
    UnavailableError,
    Usage,
)

CODEC = OllamaProvider().chat("llama-test")


def read(body: Any, status: int = 200) -> ChatResponse:
    return CODEC.decode(HttpResponse(status, {}, json.dumps(body).encode()))


def read_stream(told: list[Any]) -> tuple[list[Delta], ChatResponse]:
    decoder = CODEC.decoder()
    frames = [line if isinstance(line, str) else json.dumps(line) for line in told]
    return [delta for frame in frames for delta in decoder.feed(Frame(frame))], decoder.finish()


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("stop", "stop"),
        (None, "stop"),
        ("length", "length"),
        ("load", "other"),
        ("new", "other"),
        (7, "other"),
    ],
)
def test_reasons_are_told_in_our_words(reason: Any, ours: str) -> None:
    body = reply("Hi", reason=reason)
    assert read(body).finish_reason == read_stream(lines(body))[1].finish_reason == ours


def test_counts_that_are_missing_are_zero() -> None:
    assert read(reply("Hi")).usage == Usage(11, 7)
    body = {name: value for name, value in reply("Hi").items() if name != "prompt_eval_count"}
    assert read(body).usage == Usage(0, 7)


def test_calls_get_ids_that_differ_and_are_the_same_each_time() -> None:
    twice = reply(calls=(call("weather", {}), call("weather", {})))
    first, second = read(twice).tool_calls
    assert first.id != second.id
    assert read(twice).tool_calls == read_stream(lines(twice))[1].tool_calls == (first, second)
    later = {**twice, "created_at": AT.replace("2026", "2027")}
    assert not {one.id for one in read(later).tool_calls} & {first.id, second.id}


def test_an_id_of_the_server_stays() -> None:
    assert read(reply(calls=({"id": "call_9", **call("weather", {})},))).tool_calls[0].id == "call_9"


def test_arguments_that_came_as_text_stay_text() -> None:
    written = {"function": {"name": "weather", "arguments": '{"city": '}}
    assert read(reply(calls=(written,))).tool_calls[0].arguments == '{"city": '


def test_lines_that_say_nothing_are_skipped() -> None:
    told = [{"status": "loading"}, "", *lines(reply("Hi")), "after the end"]
    deltas, answer = read_stream(told)
    assert "".join(delta.text for delta in deltas) == answer.text == "Hi"
    assert answer.raw is not None
    assert answer.raw["eval_count"] == 7


WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
ARGUMENTS = st.dictionaries(WORDS, st.integers() | WORDS | st.lists(st.booleans()), max_size=3)


@settings(deadline=None)
@given(WORDS, WORDS, st.lists(ARGUMENTS, max_size=3), st.integers(1, 9))
def test_an_answer_reads_the_same_whole_and_streamed_and_goes_back_as_it_came(
    text: str, thinking: str, calls: list[dict[str, Any]], piece: int
) -> None:
    body = reply(text, thinking=thinking, calls=[call("tool", arguments) for arguments in calls])
    whole, (deltas, streamed) = read(body), read_stream(lines(body, piece))
    assert (streamed.message, streamed.finish_reason, streamed.usage) == (
        whole.message,
        whole.finish_reason,
        whole.usage,
    )
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == whole.text == text
    said_again = json.loads(CODEC.encode(ChatRequest((streamed.message,)), stream=False).body)["messages"][0]
    assert said_again == body["message"]


@pytest.mark.parametrize("kept", range(3))
def test_a_stream_without_its_end_is_interrupted(kept: int) -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        read_stream(lines(reply("Hello"))[:kept])
    assert caught.value.partial == "Hello"[: 4 * kept]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        {"message": {"content": "Hi"}},
        {"message": "Hi", "done": True},
        {"message": {"content": 7}, "done": True},
        {"message": {"content": "", "tool_calls": 7}, "done": True},
        {"message": {"tool_calls": [{"function": {"arguments": {}}}]}, "done": True},
    ],
)
def test_a_reply_of_another_shape_is_no_answer(body: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read(body)
    assert caught.value.excerpt is not None


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": "the runner has stopped"}, ProviderError),
        ({"error": "busy", "status_code": 503}, UnavailableError),
        ({"error": {"message": "busy"}}, ProviderError),
    ],
)
def test_an_error_where_an_answer_was_due_is_an_error(body: Any, kind: type[ProviderError]) -> None:
    with pytest.raises(ProviderError) as whole:
        read(body)
    with pytest.raises(ProviderError) as streamed:
        read_stream([*lines(reply("Hello"))[:1], body])
    assert type(whole.value) is type(streamed.value) is kind
    assert (whole.value.status, streamed.value.status) == (200, None)


def test_a_model_that_is_missing_is_told_with_how_to_get_it() -> None:
    error = CODEC.error(HttpResponse(404, {}, b'{"error":"model \'llama-test\' not found"}'))
    assert type(error) is BadRequestError
    assert str(error).endswith("To get it: ollama pull llama-test")
    for other in (
        b"404 page not found",
        b'{"error":{"message":"File Not Found"}}',
    ):  # no Ollama, or not its API
        assert "pull" not in str(CODEC.error(HttpResponse(404, {}, other)))


def test_what_was_thought_is_a_part_of_its_own() -> None:
    answer = read(reply("Hi", thinking="Hm."))
    assert answer.message.content[0] == ReasoningPart("Hm.", origin="ollama")
    assert read(reply("Hi")).message == Message("assistant", "Hi")
