"""What every client promises, and models of this process."""

from __future__ import annotations

import asyncio
import contextvars
import pickle
import threading
import time
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    ComponentNotFoundError,
    DeadlineError,
    DecodeError,
    Delta,
    EmbeddingClient,
    Host,
    ImagePart,
    JsonOutput,
    LlmClient,
    Message,
    ResourceExhaustedError,
    ToolSpec,
    ValidationError,
)
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.replies import chat_body
from tests.llm.conftest import KEY, WAYS, ask, open_client

ONE = (Message("user", "Hi"),)
TOOL = ToolSpec("weather", "Tells the weather.", {"type": "object"})
LANGUAGE: contextvars.ContextVar[str] = contextvars.ContextVar("language", default="none")


class Parrot:
    """A model that repeats the last message word by word; ``slow`` seconds before each."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"stream"})
    default_model: ClassVar[str] = "grey"

    def __init__(self, slow: float = 0.0, ends: bool = True, fails: Exception | None = None) -> None:
        self.slow, self.ends, self.fails = slow, ends, fails
        self.threads: list[threading.Thread] = []
        self.languages: list[str] = []

    def chat(self, model: str) -> Any:
        return self

    def resource(self) -> str:
        return "parrot"

    def respond(self, request: ChatRequest) -> Iterator[Delta | ChatResponse]:
        self.threads.append(threading.current_thread())
        self.languages.append(LANGUAGE.get())
        text = request.messages[-1].text
        for word in text.split(" "):
            time.sleep(self.slow)
            yield Delta("text", word)
            if self.fails:
                raise self.fails
        if self.ends:
            yield ChatResponse(Message("assistant", text.replace(" ", "")))


def parrot(**settings: Any) -> LlmClient:
    timeout = settings.pop("timeout", 600)
    host = Host.isolated(components={("provider", "parrot"): Parrot})
    return LlmClient("parrot", host=host, timeout=timeout, **settings)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_of_this_process_answers_in_every_way(way: str) -> None:
    assert ask(parrot(), way) == "Hi"


def test_a_model_of_this_process_works_off_the_loop_with_the_callers_context() -> None:
    client = parrot()
    model: Parrot = client.endpoints[0].chat._model  # type: ignore[assignment, union-attr]
    LANGUAGE.set("de")
    client.complete("a b")
    asyncio.run(client.complete_async("a b"))
    assert model.threads[0] is threading.main_thread()
    assert model.threads[1] is not threading.main_thread()
    assert model.languages == ["de", "de"]


@pytest.mark.parametrize("way", WAYS)
def test_a_slow_model_is_left_at_the_deadline(way: str) -> None:
    client = parrot(slow=0.12, timeout=0.2)
    begun = time.monotonic()
    with pytest.raises(DeadlineError) as caught:
        if "async" in way:
            asyncio.run(client.complete_async("a b c d e f"))
        else:
            client.complete("a b c d e f")
    assert time.monotonic() - begun < 0.4
    assert (caught.value.phase, caught.value.provider) == ("total", "parrot")
    while client.get_stats()["in_flight"]:
        assert time.monotonic() - begun < 1
        time.sleep(0.01)


@pytest.mark.parametrize("way", WAYS)
def test_a_model_that_stops_without_an_answer_is_an_error(way: str) -> None:
    with pytest.raises(DecodeError) as caught:
        ask(parrot(ends=False), way)
    assert caught.value.provider == "parrot"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", [KeyError("x"), TimeoutError("its own"), ResourceExhaustedError("full")])
def test_an_error_of_a_model_arrives_as_it_is(way: str, error: Exception) -> None:
    client = parrot(fails=error)
    with pytest.raises(type(error)) as caught:
        ask(client, way)
    assert caught.value is error
    assert client.get_stats()["failures"] == 1


def test_leaving_a_slow_model_tells_it_to_stop() -> None:
    client = parrot(slow=0.01)

    async def main() -> None:
        async with client.stream("a b c d e f g h") as stream:
            async for _ in stream:
                break

    asyncio.run(main())
    begun = time.monotonic()
    while client.get_stats()["in_flight"]:
        assert time.monotonic() - begun < 1
        time.sleep(0.01)
    assert client.get_stats()["failures"] == 0


# --- whatever the provider


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ChatRequest(()), "messages"),
        (ChatRequest(ONE, max_tokens=0), "max_tokens"),
        (ChatRequest(ONE, temperature=2.1), "temperature"),
        (ChatRequest(ONE, temperature=float("nan")), "temperature"),
        (ChatRequest(ONE, top_p=-0.1), "top_p"),
        (ChatRequest(ONE, tool_choice="weather"), "tool_choice"),
        (ChatRequest(ONE, tool_choice="required"), "tool_choice"),
        (ChatRequest(ONE, tools=(TOOL,)), "tools"),
        (ChatRequest(ONE, output=JsonOutput({"type": "object"})), "output"),
        (ChatRequest((Message("user", (ImagePart(url="https://example.org/x.png"),)),)), "messages"),
        (ChatRequest(ONE, seed=1), "seed"),
        (ChatRequest(ONE, stop=("x",)), "stop"),
    ],
)
def test_what_is_wrong_or_cannot_be_done_is_refused_before_the_model_sees_it(
    request_: ChatRequest, field: str
) -> None:
    client = parrot()
    for call in (
        lambda: client.respond(request_),
        lambda: asyncio.run(client.respond_async(request_)),
        lambda: list(client.stream(request_)),
    ):
        with pytest.raises(ValidationError) as caught:
            call()
        assert caught.value.field == field
    assert client.get_stats()["calls"] == 0


def test_options_are_fields_of_the_request(server: ModelServer) -> None:
    open_client(server.url).complete("Hi", system="Be brief.", max_tokens=5, temperature=0.5)
    (request,) = server.requests()
    body = request.json()
    assert [m["role"] for m in body["messages"]] == ["system", "user"]
    assert (body["model"], body["max_completion_tokens"], body["temperature"]) == ("scripted-1", 5, 0.5)


def test_without_a_model_the_provider_chooses() -> None:
    client = parrot()
    assert (client.provider, client.model, repr(client)) == ("parrot", "grey", "LlmClient(parrot:grey)")
    host = Host.isolated(components={("provider", "parrot"): Parrot})
    assert LlmClient("parrot:org/name:tag", host=host).model == "org/name:tag"


def test_a_provider_that_is_not_installed_says_so() -> None:
    with pytest.raises(ComponentNotFoundError):
        LlmClient("nobody:m", host=Host.isolated())


@pytest.mark.parametrize(("client", "kind"), [(LlmClient, "provider"), (EmbeddingClient, "embedder")])
def test_a_misspelt_name_is_answered_with_what_is_installed_and_the_command_for_what_is_not(
    client: Any, kind: str
) -> None:
    host = Host.isolated({(kind, "parrot"): Parrot, (kind, "crow"): Parrot})
    with pytest.raises(ComponentNotFoundError) as caught:
        client("opnai:m", host=host)
    assert caught.value.message == (
        f"{kind} 'opnai' is not installed (did you mean 'openai'?). Known: crow, parrot. "
        "graphbit-openai offers 'openai'. To mend it: pip install graphbit-openai"
    )
    assert caught.value.fix == "pip install graphbit-openai"
    with pytest.raises(ComponentNotFoundError) as caught:
        client("parot:m", host=host)
    assert caught.value.message == (
        f"{kind} 'parot' is not installed (did you mean 'parrot'?). Known: crow, parrot"
    )


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_is_above_zero(timeout: float) -> None:
    with pytest.raises(ValidationError, match="timeout"):
        parrot(timeout=timeout)


def test_a_provider_that_cannot_stream_still_fills_a_stream(server: ModelServer) -> None:
    class Whole(Parrot):
        capabilities: ClassVar[frozenset[str]] = frozenset()

    host = Host.isolated(components={("provider", "whole"): Whole})
    stream = LlmClient("whole", host=host).stream("a b")
    assert list(stream) == ["ab"]
    assert stream.response.text == "ab"


def test_a_stream_is_read_once_and_answers_after_its_end() -> None:
    stream = parrot().stream("a b c")
    with pytest.raises(ValidationError, match="not been read"):
        _ = stream.response
    assert list(stream.deltas()) == [Delta("text", "a"), Delta("text", "b"), Delta("text", "c")]
    assert stream.response.text == "abc"
    with pytest.raises(ValidationError, match="read once"):
        list(stream)


def test_a_whole_request_takes_no_further_options() -> None:
    with pytest.raises(ValidationError, match="itself"):
        parrot().stream(ChatRequest(ONE), system="x")


def test_no_client_shows_its_key(server: ModelServer) -> None:
    client = open_client(server.url)
    assert KEY not in repr(client) + repr(vars(client)) + repr(vars(client.endpoints[0].chat))
    with pytest.raises(TypeError):
        pickle.dumps(client)


def test_limits_of_an_account_hold_for_every_client_of_it(server: ModelServer) -> None:
    at_once: list[int] = []
    lock = threading.Lock()
    running = 0

    def reply(_: Any) -> Reply:
        nonlocal running
        with lock:
            running += 1
            at_once.append(running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return Reply.json(chat_body())

    url = server.script(reply)
    clients = [open_client(url, limits={"max_concurrency": 2}), open_client(url)]

    async def main() -> None:
        await asyncio.gather(*(client.complete_async("Hi") for client in clients for _ in range(5)))

    asyncio.run(main())
    assert max(at_once) == 2


def test_a_model_that_is_no_text_is_told_how_it_gets_a_name() -> None:
    with pytest.raises(ValidationError, match=r"ScriptedModel; give 'provider:model'.*default_host"):
        LlmClient(ScriptedModel())  # type: ignore[arg-type]
