"""Google's Gemini chat models and embeddings for GraphBit."""

from graphbit_google.embedder import GoogleEmbedder
from graphbit_google.provider import GoogleProvider

__all__ = ["GoogleEmbedder", "GoogleProvider"]
