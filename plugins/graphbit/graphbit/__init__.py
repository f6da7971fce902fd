"""GraphBit with batteries included: the public names of ``graphbit_core``, each loaded at its first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import graphbit_core

if TYPE_CHECKING:
    from graphbit_core import *  # noqa: F403

__all__ = graphbit_core.__all__


def __getattr__(name: str) -> Any:
    return getattr(graphbit_core, name)


def __dir__() -> list[str]:
    return dir(graphbit_core)
