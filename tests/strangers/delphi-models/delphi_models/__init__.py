"""A provider of the oracles of Delphi."""

from __future__ import annotations

from delphi_models.provider import DelphiProvider

__all__ = ["DelphiProvider"]
