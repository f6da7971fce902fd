"""OpenAI chat models and embeddings for GraphBit."""

from graphbit_openai.embedder import OpenAIEmbedder
from graphbit_openai.provider import OpenAIProvider
from graphbit_openai.responses.provider import OpenAIResponsesProvider

__all__ = ["OpenAIEmbedder", "OpenAIProvider", "OpenAIResponsesProvider"]
