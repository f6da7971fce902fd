"""A real model server: llama.cpp, with a model of random weights."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

MISSING = [name for name in ("xllamacpp", "gguf") if find_spec(name) is None]
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests here; without the server each of them says so in the summary."""
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.integration)
            if MISSING:
                item.add_marker(pytest.mark.skip(reason=f"no model server: {MISSING} cannot be imported"))


@dataclass(frozen=True)
class LlamaServer:
    """Where it listens."""

    url: str

    def slots(self) -> list[dict[str, Any]]:
        """What the server works on."""
        with urllib.request.urlopen(f"{self.url}/slots") as reply:
            found: list[dict[str, Any]] = json.load(reply)
        return found

    def busy(self) -> int:
        """How many answers it is generating."""
        return sum(bool(slot["is_processing"]) for slot in self.slots())


@contextlib.contextmanager
def _serving(model: Path, purpose: str) -> Iterator[LlamaServer]:
    command = [sys.executable, str(HERE / "serve_llama.py"), str(model), purpose]
    log = model.with_name(f"{purpose}.log")
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            url = next((line.strip() for line in process.stdout if line.startswith("http")), None)
            assert url, f"the server did not start: {log.read_text(errors='replace')[-2000:]}"
            yield LlamaServer(url)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the model."""
    from tests.integration.tiny_model import write_tiny_model

    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_tiny_model(path)
    return path


@pytest.fixture(scope="session")
def llama(tiny_model: Path) -> Iterator[LlamaServer]:
    """A server that generates."""
    with _serving(tiny_model, "chat") as server:
        yield server


@pytest.fixture(scope="session")
def llama_embeddings(tiny_model: Path) -> Iterator[LlamaServer]:
    """A server that embeds."""
    with _serving(tiny_model, "embed") as server:
        yield server
