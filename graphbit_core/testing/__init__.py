"""What plugin authors test their components with; needs pytest and nothing else.

Subclass the conformance class of your kind, give it your component, and run pytest.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if "pytest" in sys.modules:  # so that a rule that fails shows the values that it compared
    _rules = {f"{__name__}.{name}" for name in ("rules", "check", "cassettes", "fake_clock", "fake_kernel")}
    sys.modules["pytest"].register_assert_rewrite(*sorted(_rules - sys.modules.keys()))

if TYPE_CHECKING:
    from graphbit_core.testing.cassettes import cassette as cassette
    from graphbit_core.testing.fake_clock import FakeClock as FakeClock
    from graphbit_core.testing.fake_kernel import FakeKernel as FakeKernel, Sent as Sent
    from graphbit_core.testing.fixtures import graphbit_host as graphbit_host
    from graphbit_core.testing.model_server import ModelServer as ModelServer
    from graphbit_core.testing.replies import Reply as Reply
    from graphbit_core.testing.rules.component import (
        ComponentConformance as ComponentConformance,
        DeclaredConformance as DeclaredConformance,
    )
    from graphbit_core.testing.rules.embedder import EmbedderConformance as EmbedderConformance
    from graphbit_core.testing.rules.hooks import HooksConformance as HooksConformance
    from graphbit_core.testing.rules.http.embedder import HttpEmbedderConformance as HttpEmbedderConformance
    from graphbit_core.testing.rules.http.provider import (
        Canned as Canned,
        HttpProviderConformance as HttpProviderConformance,
    )
    from graphbit_core.testing.rules.loader import LoaderConformance as LoaderConformance
    from graphbit_core.testing.rules.local_provider import ProviderConformance as ProviderConformance
    from graphbit_core.testing.rules.node_type import NodeTypeConformance as NodeTypeConformance
    from graphbit_core.testing.rules.splitter import SplitterConformance as SplitterConformance
    from graphbit_core.testing.rules.tokenizer import TokenizerConformance as TokenizerConformance
    from graphbit_core.testing.rules.tool import ToolConformance as ToolConformance
    from graphbit_core.testing.rules.vector_store import VectorStoreConformance as VectorStoreConformance
    from graphbit_core.testing.scripted_model import ScriptedModel as ScriptedModel

_MODULE_OF = {
    "ComponentConformance": "rules.component",
    "DeclaredConformance": "rules.component",
    "graphbit_host": "fixtures",
    "HooksConformance": "rules.hooks",
    "ToolConformance": "rules.tool",
    "Canned": "rules.http.provider",
    "cassette": "cassettes",
    "EmbedderConformance": "rules.embedder",
    "FakeClock": "fake_clock",
    "FakeKernel": "fake_kernel",
    "HttpEmbedderConformance": "rules.http.embedder",
    "HttpProviderConformance": "rules.http.provider",
    "LoaderConformance": "rules.loader",
    "ModelServer": "model_server",
    "NodeTypeConformance": "rules.node_type",
    "ProviderConformance": "rules.local_provider",
    "Reply": "replies",
    "ScriptedModel": "scripted_model",
    "Sent": "fake_kernel",
    "SplitterConformance": "rules.splitter",
    "TokenizerConformance": "rules.tokenizer",
    "VectorStoreConformance": "rules.vector_store",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
