"""What plugin authors test their components with; needs pytest and nothing else.

Subclass the conformance class of your kind, give it your component, and run pytest.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if "pytest" in sys.modules:  # so that a rule that fails shows the values that it compared
    _rules = {f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)}
    sys.modules["pytest"].register_assert_rewrite(*sorted(_rules - sys.modules.keys()))

if TYPE_CHECKING:
    from graphbit_core.testing.cassettes import cassette as cassette
    from graphbit_core.testing.component import (
        ComponentConformance as ComponentConformance,
        DeclaredConformance as DeclaredConformance,
    )
    from graphbit_core.testing.embedder import EmbedderConformance as EmbedderConformance
    from graphbit_core.testing.fake_clock import FakeClock as FakeClock
    from graphbit_core.testing.fake_kernel import FakeKernel as FakeKernel, Sent as Sent
    from graphbit_core.testing.fixtures import graphbit_host as graphbit_host
    from graphbit_core.testing.hooks import HooksConformance as HooksConformance
    from graphbit_core.testing.http_embedder import HttpEmbedderConformance as HttpEmbedderConformance
    from graphbit_core.testing.http_provider import (
        Canned as Canned,
        HttpProviderConformance as HttpProviderConformance,
    )
    from graphbit_core.testing.loader import LoaderConformance as LoaderConformance
    from graphbit_core.testing.local_provider import ProviderConformance as ProviderConformance
    from graphbit_core.testing.model_server import ModelServer as ModelServer
    from graphbit_core.testing.node_type import NodeTypeConformance as NodeTypeConformance
    from graphbit_core.testing.replies import Reply as Reply
    from graphbit_core.testing.scripted_model import ScriptedModel as ScriptedModel
    from graphbit_core.testing.splitter import SplitterConformance as SplitterConformance
    from graphbit_core.testing.tokenizer import TokenizerConformance as TokenizerConformance
    from graphbit_core.testing.tool import ToolConformance as ToolConformance
    from graphbit_core.testing.vector_store import VectorStoreConformance as VectorStoreConformance

_MODULE_OF = {
    "ComponentConformance": "component",
    "DeclaredConformance": "component",
    "graphbit_host": "fixtures",
    "HooksConformance": "hooks",
    "ToolConformance": "tool",
    "Canned": "http_provider",
    "cassette": "cassettes",
    "EmbedderConformance": "embedder",
    "FakeClock": "fake_clock",
    "FakeKernel": "fake_kernel",
    "HttpEmbedderConformance": "http_embedder",
    "HttpProviderConformance": "http_provider",
    "LoaderConformance": "loader",
    "ModelServer": "model_server",
    "NodeTypeConformance": "node_type",
    "ProviderConformance": "local_provider",
    "Reply": "replies",
    "ScriptedModel": "scripted_model",
    "Sent": "fake_kernel",
    "SplitterConformance": "splitter",
    "TokenizerConformance": "tokenizer",
    "VectorStoreConformance": "vector_store",
}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
