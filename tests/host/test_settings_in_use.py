"""Whoever makes components for users heeds what the configuration says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core import (
    ConfigError,
    Document,
    EmbeddingClient,
    Executor,
    Host,
    Node,
    ValidationError,
    Workflow,
)
from graphbit_core.host import HostSettings
from graphbit_core.rag.index import Index
from graphbit_core.rag.isolation import IsolatedLoader
from graphbit_core.rag.loading import Loaders
from graphbit_core.types.documents import Vector


class Vectors:
    """Makes vectors of one number."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    dimensions = 1

    def __init__(self, *, model: str = "small") -> None:
        self.fingerprint = model

    def embed(self, texts: Sequence[str]) -> list[Vector]:
        return [[1.0] for _ in texts]


class Reads:
    """Tells how it was made."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".pdf"})

    def __init__(
        self, *, max_bytes: int = 1, within: Path | None = None, tags: frozenset[str] = frozenset()
    ) -> None:
        self.made = [max_bytes, type(within).__name__, str(within), *sorted(tags)]

    def load(self, path: Path) -> Any:
        yield Document(f"{self.made}", {"source": str(path)})


class Asks(Reads):
    """Asks for its host, too."""

    def __init__(self, *, host: Host, **settings: Any) -> None:
        super().__init__(**settings)
        self.host = host


class Shout:
    """A node type."""

    def __init__(self, *, text: str) -> None: ...


def host_with(
    kind: str, name: str, values: dict[str, Any], component: Any = None, scan: bool = False
) -> Host:
    host = Host(HostSettings(settings={(kind, name): values}), scan=scan)
    if component is not None:
        host.add(kind, name, component)
    return host


def test_a_configured_model_of_an_embedder_is_the_clients_model_unless_another_is_named():
    host = host_with("embedder", "vectors", {"model": "large"}, Vectors)
    client = EmbeddingClient("vectors", host=host)
    assert (client.model, client.fingerprint) == ("large", "large")
    assert EmbeddingClient("vectors:tiny", host=host).model == "tiny"
    assert EmbeddingClient("vectors", host=host, model="tiny").fingerprint == "tiny"


def test_an_index_is_another_one_where_the_splitter_is_configured_otherwise(tmp_path):
    def folder(values: dict[str, Any], **given: Any) -> Path:
        host = host_with("splitter", "recursive", values, scan=True)
        splitter = {"name": "recursive", **given}
        with Index(tmp_path, EmbeddingClient("hashing", host=host), host, splitter=splitter) as index:
            return index.directory

    assert folder({}) == folder({}) != folder({"chunk_size": 300})
    assert folder({"chunk_size": 300}) == folder({"chunk_size": 400}, chunk_size=300)


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_loader_in_another_process_is_made_with_the_same_settings(tmp_path, isolation):
    host = host_with("loader", "reads", {"within": "a/b", "tags": ["x", "y"], "max_bytes": 5}, Reads)
    loader = Loaders(host, {"max_bytes": 9}, isolation).named("reads")
    assert isinstance(loader, IsolatedLoader) == (isolation == "process")
    kind = type(Path()).__name__
    assert [one.text for one in loader.load(tmp_path)] == [str([9, kind, str(Path("a/b")), "x", "y"])]


def test_a_loader_that_asks_for_its_host_stays_in_this_process(tmp_path):
    host = host_with("loader", "asks", {}, Asks)
    assert Loaders(host).named("asks").host is host
    with pytest.raises(ValidationError, match="asks for its host"):
        Loaders(host, isolation="process").named("asks")


def test_a_wrong_setting_of_a_node_type_is_a_finding_of_its_nodes():
    host = host_with("node_type", "transform", {"function": 3, "fnuction": 4}, scan=True)
    workflow = Workflow("w").chain(Node.transform("a", lambda: 1))
    [finding] = workflow.validate(host)
    assert "plugins.settings.node_type.transform.fnuction" in finding.message
    assert (finding.code, finding.node) == ("config", next(iter(workflow.nodes)))
    with pytest.raises(ValidationError, match="fnuction"):
        Executor(host=host).execute(workflow)


def test_a_wrong_setting_of_a_provider_is_an_error_of_its_clients():
    host = host_with("provider", "extractive", {"nonsense": 1}, scan=True)
    from graphbit_core import LlmClient

    with pytest.raises(ConfigError, match=r"plugins\.settings\.provider\.extractive\.nonsense"):
        LlmClient("extractive", host=host)
