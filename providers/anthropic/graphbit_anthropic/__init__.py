"""Anthropic's Claude models for GraphBit."""

from graphbit_anthropic.provider import AnthropicProvider

__all__ = ["AnthropicProvider"]
