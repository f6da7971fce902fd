"""Models served by Ollama for GraphBit: chat and embeddings."""

from graphbit_ollama.embedder import OllamaEmbedder
from graphbit_ollama.provider import OllamaProvider

__all__ = ["OllamaEmbedder", "OllamaProvider"]
