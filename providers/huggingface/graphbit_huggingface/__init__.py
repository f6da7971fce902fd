"""Chat models behind Hugging Face's router, and embeddings of its own inference, for GraphBit."""

from graphbit_huggingface.embedder import HuggingFaceEmbedder
from graphbit_huggingface.provider import HuggingFaceProvider

__all__ = ["HuggingFaceEmbedder", "HuggingFaceProvider"]
