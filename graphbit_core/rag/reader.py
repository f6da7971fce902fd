"""What a child process imports to read a file, and little else: somebody waits for it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphbit_core.errors import DocumentError


def read(place: str, settings: Mapping[str, Any], path: str, configured: Mapping[str, Any]) -> dict[str, Any]:
    """What the child calls: the documents, or the facts of a DocumentError."""
    module, _, name = place.partition(":")
    component = getattr(importlib.import_module(module), name)
    if configured:
        from graphbit_core.host.schema import fitted_all  # here: most have none

        settings = {**fitted_all(component, configured), **settings}
    loader = component(**settings)
    try:
        return {"documents": list(loader.load(Path(path)))}
    except DocumentError as error:
        return {"message": error.message, "facts": error.facts()}
