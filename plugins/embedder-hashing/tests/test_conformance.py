from __future__ import annotations

from typing import Any, ClassVar

from graphbit_embedder_hashing import HashingEmbedder

from graphbit_core.testing import EmbedderConformance


class TestHashingEmbedder(EmbedderConformance):
    component = HashingEmbedder
    other_settings: ClassVar[dict[str, Any]] = {"dimensions": 512}
