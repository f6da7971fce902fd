"""OpenAI's models on Azure: deployments have names of their own, and the API has versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from graphbit_core import Secret
from graphbit_openai.azure_connection import Token, open_azure
from graphbit_openai.embedder import Encoding, OpenAICompatibleEmbedder
from graphbit_openai.provider import OpenAICompatibleProvider
from graphbit_openai.quirks import Quirks
from graphbit_openai.responses.provider import CAPABILITIES, ResponsesChatCodec, open_options
from graphbit_openai.responses.requests import Summary


class AzureOpenAIProvider(OpenAICompatibleProvider):
    """Chat completions on Azure. The model's name is that of its deployment.

    Args:
        api_key: The key; by default the environment variable ``AZURE_OPENAI_API_KEY``.
        token: A token of Microsoft Entra ID instead of the key, or a function that returns a fresh one. The
            function is called for each request, in the caller's thread or event loop, and must answer at
            once: let it keep the token until it expires. Default: ``AZURE_OPENAI_AD_TOKEN``.
        base_url: The endpoint, ``https://NAME.openai.azure.com``; by default ``AZURE_OPENAI_ENDPOINT``.
        api_version: A date such as ``2024-10-21``; or ``v1`` for the API without versions, ``preview`` for
            what is new in it. Default: ``OPENAI_API_VERSION``, else ``2024-10-21``.
        allow_insecure: Allow plain http to another machine.
        quirks: How the deployment differs from OpenAI's models, by name: see ``Quirks``.

    Raises:
        ConfigError: No endpoint or credential, or one that is not allowed; both key and token; a version that
            is none.
        ValidationError: A quirk that does not exist, or cannot have that value.
    """

    capabilities: frozenset[str] = Quirks().capabilities | {"embed"}
    default_model: str = "gpt-5.6-luna"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        token: Token | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        allow_insecure: bool = False,
        quirks: Quirks | Mapping[str, Any] | None = None,
    ) -> None:
        connection = open_azure(base_url, api_version, api_key, token, allow_insecure)
        super().__init__(connection, Quirks().changed(quirks), type(self).default_model, frozenset({"embed"}))


class AzureOpenAIResponsesProvider:
    """The responses API on Azure. The model's name is that of its deployment.

    Args:
        api_key: As of ``AzureOpenAIProvider``.
        token: As of ``AzureOpenAIProvider``.
        base_url: As of ``AzureOpenAIProvider``.
        api_version: As of ``AzureOpenAIProvider``, but by default ``v1``; dates have the API since 2025-03.
        allow_insecure: Allow plain http to another machine.
        store: As of ``OpenAIResponsesProvider``.
        reasoning_summary: As of ``OpenAIResponsesProvider``.
        return_reasoning: As of ``OpenAIResponsesProvider``; False for a deployment of a model that does not
            reason and is not named after it.

    Raises:
        ConfigError: As of ``AzureOpenAIProvider``.
        ValidationError: ``reasoning_summary`` is none of its words.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = CAPABILITIES
    default_model: ClassVar[str] = "gpt-5.6-luna"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        token: Token | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        allow_insecure: bool = False,
        store: bool = False,
        reasoning_summary: Summary | None = None,
        return_reasoning: bool | None = None,
    ) -> None:
        self._options = open_options(store, reasoning_summary, return_reasoning)
        self._connection = open_azure(base_url, api_version, api_key, token, allow_insecure, default="v1")

    def chat(self, model: str) -> ResponsesChatCodec:
        """The responses API for the deployment ``model``."""
        return ResponsesChatCodec(self._connection, model, self._options)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return self._connection.resource()


class AzureOpenAIEmbedder(OpenAICompatibleEmbedder):
    """Embeddings on Azure.

    Args:
        model: Name of the deployment.
        dimensions: Length of the vectors, for models that can shorten them; by default the model's own.
        encoding: How vectors travel; ``base64`` is a quarter of the size of ``float``.
        max_batch: Most texts in one request, 1 to 2048.
        api_key: As of ``AzureOpenAIProvider``.
        token: As of ``AzureOpenAIProvider``.
        base_url: As of ``AzureOpenAIProvider``.
        api_version: As of ``AzureOpenAIProvider``.
        allow_insecure: Allow plain http to another machine.

    Raises:
        ConfigError: As of ``AzureOpenAIProvider``; or a number out of range.
        ValidationError: Another setting that is none of its values.
    """

    def __init__(
        self,
        *,
        model: str = "text-embedding-3-small",
        dimensions: int | None = None,
        encoding: Encoding = "base64",
        max_batch: int = 2048,
        api_key: str | Secret | None = None,
        token: Token | None = None,
        base_url: str | None = None,
        api_version: str | None = None,
        allow_insecure: bool = False,
    ) -> None:
        connection = open_azure(base_url, api_version, api_key, token, allow_insecure)
        super().__init__(connection, model, dimensions=dimensions, encoding=encoding, max_batch=max_batch)
