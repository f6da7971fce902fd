"""OpenAI chat models and embeddings for GraphBit, and what providers that speak the same API are made of."""

from graphbit_openai.azure import AzureOpenAIEmbedder, AzureOpenAIProvider, AzureOpenAIResponsesProvider
from graphbit_openai.connection import Connection
from graphbit_openai.embedder import OpenAICompatibleEmbedder, OpenAIEmbedder
from graphbit_openai.errors import error_in_body, read_error
from graphbit_openai.provider import OpenAICompatibleProvider, OpenAIProvider
from graphbit_openai.quirks import Quirks
from graphbit_openai.responses.provider import OpenAIResponsesProvider

__all__ = [
    "AzureOpenAIEmbedder",
    "AzureOpenAIProvider",
    "AzureOpenAIResponsesProvider",
    "Connection",
    "OpenAICompatibleEmbedder",
    "OpenAICompatibleProvider",
    "OpenAIEmbedder",
    "OpenAIProvider",
    "OpenAIResponsesProvider",
    "Quirks",
    "error_in_body",
    "read_error",
]
