"""The registry of this process."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from graphbit_core.host import default_host
from graphbit_core.llm.models.registry import ModelRegistry

_lock = threading.Lock()
_registry: ModelRegistry | None = None


def default_registry() -> ModelRegistry:
    """The process's registry, made at first use.

    It reads the files that ``[models] files`` of the configuration names, those in ``GRAPHBIT_MODELS``
    (several are separated as in ``PATH``), and ``GRAPHBIT_MODEL_<ALIAS>``; the later goes before the earlier.

    Raises:
        ConfigError: A file or variable is wrong; the next call reads them again.
    """
    global _registry
    if _registry is None:
        with _lock:
            if _registry is None:
                named = filter(None, os.environ.get("GRAPHBIT_MODELS", "").split(os.pathsep))
                _registry = ModelRegistry([*default_host().settings.models, *map(Path, named)])
    return _registry
