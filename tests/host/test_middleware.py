"""Middleware: what plugins put around components of every kind, made the way each kind is really made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graphbit_core import (
    EmbeddingClient,
    Executor,
    Host,
    LlmClient,
    Node,
    PluginError,
    ToolCall,
    Workflow,
    count_tokens,
    hookimpl,
    tool,
)
from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.host import HostSettings
from graphbit_core.llm.models import ModelInfo
from graphbit_core.rag.index import Index
from graphbit_core.testing import ScriptedModel

Log = list[tuple[str, str, str]]


class Watched:
    """Stands for an instance: notes which plugin put it there and what was asked of it."""

    def __init__(self, instance: Any, tag: str, kind: str, log: Log) -> None:
        self.instance, self._tag, self._kind, self._log = instance, tag, kind, log

    def __getattr__(self, name: str) -> Any:
        self._log.append((self._tag, self._kind, name))
        return getattr(self.instance, name)


class Watching:
    """Wraps every component of one kind."""

    def __init__(self, kind: str, tag: str, log: Log) -> None:
        self.kind, self.tag, self.log = kind, tag, log

    @hookimpl
    def graphbit_wrap_component(self, kind: str) -> Callable[[Any], Any] | None:
        if kind != self.kind:
            return None
        return lambda instance: Watched(instance, self.tag, kind, self.log)


@tool
def population(city: str) -> int:
    """How many people live in a city.

    Args:
        city: Its name.
    """
    return len(city)


class Unused:
    """What no part of the core makes by itself: a reranker, a checkpointer and an exporter."""

    def rerank(self, query: str, matches: Any, k: int) -> Any:
        return list(matches)[:k]

    def read(self, run_id: str) -> list[bytes]:
        return []

    def export(self, event: Any) -> None: ...


def chat(host: Host, _: Path) -> None:
    assert LlmClient("scripted:any", host=host).complete("Hello?") == "Hi."


def embed(host: Host, _: Path) -> None:
    assert len(EmbeddingClient("hashing", host=host).embed(["a text"])) == 1


def run_node(host: Host, _: Path) -> None:
    workflow = Workflow("w").chain(Node.transform("a", lambda: "out"))
    assert Executor(host=host).execute(workflow).raise_for_failure().output == "out"


def run_agent(host: Host, _: Path) -> None:
    node = Node.agent("a", "How many live in Ulm?", tools=["population"], llm="asking:any")
    assert Executor(host=host).execute(Workflow("w").chain(node)).raise_for_failure().output == "3"


def index(host: Host, folder: Path) -> None:
    documents = folder / "documents"
    documents.mkdir(exist_ok=True)
    (documents / "a.txt").write_text("Cats are small carnivorous mammals.")
    with Index(folder / "index", EmbeddingClient("hashing", host=host), host) as made:
        report = made.update(documents)
        assert (report.indexed + report.unchanged, report.skipped) == (1, [])
        assert made.store.count() == 1


def count(host: Host, _: Path) -> None:
    assert count_tokens("a text", ModelInfo("m", "p", tokenizer="cl100k_base"), host=host).exact


def rerank(host: Host, _: Path) -> None:
    assert host.create("reranker", "unused").rerank("q", [1, 2], 1) == [1]


def read(host: Host, _: Path) -> None:
    assert host.create("checkpointer", "unused").read("run") == []


def export(host: Host, _: Path) -> None:
    host.create("exporter", "unused").export("event")


USES: dict[str, tuple[Callable[[Host, Path], None], str]] = {
    "provider": (chat, "chat"),
    "node_type": (run_node, "run"),
    "loader": (index, "load"),
    "splitter": (index, "split"),
    "embedder": (embed, "embed"),
    "vector_store": (index, "count"),
    "tool": (run_agent, "call"),
    "tokenizer": (count, "count"),
    "reranker": (rerank, "rerank"),
    "checkpointer": (read, "read"),
    "exporter": (export, "export"),
}
"""Kind → what uses one, and the member that it asks for."""
KINDS = sorted(USES)


def host_with(*plugins: object, strict: bool = False) -> Host:
    host = Host(HostSettings(strict=strict))
    host.add("provider", "scripted", lambda: ScriptedModel(["Hi."], repeat_last=True))
    call = ToolCall("1", "population", '{"city": "Ulm"}')
    host.add("provider", "asking", lambda: ScriptedModel([[call], "3", [call], "3"]))
    host.add("tool", "population", population)
    for kind in ("reranker", "checkpointer", "exporter"):
        host.add(kind, "unused", Unused)
    for plugin in plugins:
        host.register(plugin)
    return host


def test_there_is_a_use_for_every_kind():
    assert USES.keys() == ENTRY_POINT_GROUPS.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_middleware_is_around_every_kind_in_order_until_its_plugin_is_removed(kind, tmp_path, caplog):
    use, member = USES[kind]
    log: Log = []
    inner, outer = Watching(kind, "inner", log), Watching(kind, "outer", log)
    host = host_with(inner, outer)
    use(host, tmp_path)
    asked = [tag for tag, _, name in log if name == member]
    assert asked[-2:] == ["outer", "inner"]
    host.unregister(outer)
    log.clear()
    use(host, tmp_path)
    assert {tag for tag, _, _ in log} == {"inner"}
    host.unregister(inner)
    log.clear()
    use(host, tmp_path)
    assert not log
    assert not caplog.records


class Wrong:
    """Wraps with whatever ``stand_in`` makes of an instance."""

    def __init__(self, kind: str, stand_in: Callable[[Any], Any]) -> None:
        self.kind, self.stand_in = kind, stand_in

    @hookimpl
    def graphbit_wrap_component(self, kind: str) -> Callable[[Any], Any] | None:
        return self.stand_in if kind == self.kind else None


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_component_is_refused_and_the_instance_used_as_it_was(kind, tmp_path, caplog):
    use, member = USES[kind]
    host = host_with()
    name = host.register(Wrong(kind, lambda instance: None), "careless")
    use(host, tmp_path)
    assert (
        f"plugin 'careless': its middleware failed and is left out (TypeError: it gives None for the {kind}"
        in (caplog.text)
    )
    host.unregister(name)
    host.register(Wrong(kind, lambda instance: object()), "careless")
    use(host, tmp_path)
    assert f"what it gives for the {kind}" in caplog.text
    assert member in caplog.text.partition("a object, has no")[2]


def test_one_that_is_refused_costs_the_others_nothing(tmp_path, caplog):
    log: Log = []
    host = host_with(
        Watching("splitter", "inner", log),
        Wrong("splitter", lambda instance: None),
        Watching("splitter", "outer", log),
    )
    index(host, tmp_path)
    assert [tag for tag, _, name in log if name == "split"][-2:] == ["outer", "inner"]
    assert "gives None" in caplog.text


def test_strict_raises_what_middleware_did_wrong():
    host = host_with(Wrong("reranker", lambda instance: None), strict=True)
    with pytest.raises(PluginError, match="gives None for the reranker 'unused'"):
        host.create("reranker", "unused")


def test_middleware_may_give_back_the_instance_itself(caplog):
    host = host_with(Wrong("reranker", lambda instance: instance))
    assert isinstance(host.create("reranker", "unused"), Unused)
    assert not caplog.records


def test_what_was_made_before_its_removal_stays_and_what_an_executor_compiles_later_does_not():
    log: Log = []
    node, model = Watching("node_type", "node", log), Watching("provider", "model", log)
    host = host_with(node, model)
    client = LlmClient("scripted:any", host=host)
    executor = Executor(host=host)
    workflow = Workflow("w").chain(Node.transform("a", lambda: "out"))
    executor.execute(workflow)
    kept = host.create("reranker", "unused"), host.create("provider", "scripted")
    host.unregister(node)
    host.unregister(model)
    log.clear()
    assert client.complete("Hello?") == "Hi."
    assert isinstance(kept[1], Watched)
    executor.execute(workflow)
    assert not [entry for entry in log if entry[1] == "node_type"]
    assert isinstance(host.create("provider", "scripted"), ScriptedModel)


def test_an_executor_made_before_publishes_no_more_to_a_removed_subscriber():
    class Subscriber:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        @hookimpl
        def graphbit_subscribe_events(self):
            return self.seen.append

    plugin = Subscriber()
    host = host_with(plugin)
    executor = Executor(host=host)
    workflow = Workflow("w").chain(Node.transform("a", lambda: "out"))
    executor.execute(workflow)
    assert plugin.seen
    host.unregister(plugin)
    plugin.seen.clear()
    executor.execute(workflow)
    assert not plugin.seen
