"""The ``graphbit`` command."""

from __future__ import annotations

from graphbit_core.cli.main import main as main

__all__ = ["main"]
