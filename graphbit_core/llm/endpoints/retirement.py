"""Says in the log which models will not be served much longer."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphbit_core.llm.models import ModelInfo

_log = logging.getLogger("graphbit_core.llm")
_told: set[str] = set()


def warn_once(info: ModelInfo | None) -> None:
    """Logs the warning of a model that has one, the first time that this process asks for the model."""
    if info is None or not info.warning or info.id in _told:
        return
    _told.add(info.id)
    _log.warning("%s", info.warning)
