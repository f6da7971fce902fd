"""A gateway: a server that speaks OpenAI's chat completions, as one row of data that makes a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from graphbit_openai import Connection, OpenAICompatibleEmbedder, OpenAICompatibleProvider, Quirks

from graphbit_core import ConfigError, Secret


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A server that speaks OpenAI's chat completions. Call it with settings to make a provider.

    Attributes:
        name: Its name as a provider.
        base_url: Where it is; empty where only the user knows.
        key_env: Environment variables that may hold the key; the first that is set counts, and messages name
            the first.
        default_model: The model where none is named.
        quirks: How it differs from OpenAI.
        key_required: Whether it can do without a key.
        reasoning: Whether its models show their reasoning.
        embeds: Whether it makes embeddings too.
        note: What one should know before using it.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    name: str
    base_url: str
    key_env: tuple[str, ...]
    default_model: str
    quirks: Quirks
    key_required: bool = True
    reasoning: bool = False
    embeds: bool = False
    note: str = ""

    @property
    def capabilities(self) -> frozenset[str]:
        """What it can do."""
        return self.quirks.capabilities | self._more()

    def __call__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
        quirks: Quirks | Mapping[str, Any] | None = None,
    ) -> OpenAICompatibleProvider:
        """A provider.

        Args:
            api_key: The key; by default from the environment.
            base_url: Another address than the row's own.
            allow_insecure: Allow plain http to another machine.
            quirks: Changes of the row's quirks, by name.

        Raises:
            ConfigError: A key or base URL is missing or not allowed.
            ValidationError: A quirk that does not exist, or cannot have that value.
        """
        return self._provider(self.connection(api_key, base_url, allow_insecure), quirks)

    def connection(
        self,
        api_key: str | Secret | None,
        base_url: str | None,
        allow_insecure: bool,
        headers: Mapping[str, str | None] | None = None,
    ) -> Connection:
        """Where it is and who asks. Raises ConfigError."""
        url = base_url if base_url is not None else self.base_url
        if not url:
            raise ConfigError(
                f"{self.name} needs a base_url: where the server is, such as http://127.0.0.1:8000/v1",
                setting="base_url",
            )
        return Connection.open(
            self.name,
            url,
            api_key,
            self.key_env,
            allow_insecure=allow_insecure,
            key_required=self.key_required,
            headers=headers,
        )

    def _provider(
        self, connection: Connection, quirks: Quirks | Mapping[str, Any] | None
    ) -> OpenAICompatibleProvider:
        return OpenAICompatibleProvider(
            connection, self.quirks.changed(quirks), self.default_model, self._more()
        )

    def _more(self) -> frozenset[str]:
        more = (("reasoning", self.reasoning), ("embed", self.embeds))
        return frozenset(name for name, able in more if able)


@dataclass(frozen=True, kw_only=True)
class OpenRouterGateway(Gateway):
    """OpenRouter; it shows in its rankings which site a call came from, if told."""

    def __call__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
        quirks: Quirks | Mapping[str, Any] | None = None,
        site_url: str | None = None,
        site_name: str | None = None,
    ) -> OpenAICompatibleProvider:
        """A provider, with settings as for any gateway.

        Args:
            api_key: The key; by default from the environment.
            base_url: Another address than the row's own.
            allow_insecure: Allow plain http to another machine.
            quirks: Changes of the row's quirks, by name.
            site_url: Address of the site or program that calls.
            site_name: Its name.
        """
        headers = {"http-referer": site_url, "x-title": site_name}
        return self._provider(self.connection(api_key, base_url, allow_insecure, headers), quirks)


@dataclass(frozen=True, kw_only=True)
class AI21Gateway(Gateway):
    """AI21, which may be told on whose account."""

    def __call__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
        quirks: Quirks | Mapping[str, Any] | None = None,
        organization: str | None = None,
    ) -> OpenAICompatibleProvider:
        """A provider, with settings as for any gateway.

        Args:
            api_key: The key; by default from the environment.
            base_url: Another address than the row's own.
            allow_insecure: Allow plain http to another machine.
            quirks: Changes of the row's quirks, by name.
            organization: On whose account.
        """
        headers = {"ai21-organization": organization}
        return self._provider(self.connection(api_key, base_url, allow_insecure, headers), quirks)


@dataclass(frozen=True, kw_only=True)
class GatewayEmbedder:
    """Embeddings of a gateway. Call it with settings to make an embedder.

    Attributes:
        gateway: Whose they are.
        default_model: The model where none is named.
        max_batch: Most texts in one request.
        dimensions_field: What it calls the length of vectors that it is asked for.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    gateway: Gateway
    default_model: str
    max_batch: int = 512
    dimensions_field: str = "dimensions"

    def __call__(
        self,
        *,
        model: str | None = None,
        dimensions: int | None = None,
        encoding: Literal["base64", "float"] | None = None,
        max_batch: int | None = None,
        extra: Mapping[str, Any] | None = None,
        api_key: str | Secret | None = None,
        base_url: str | None = None,
        allow_insecure: bool = False,
    ) -> OpenAICompatibleEmbedder:
        """An embedder.

        Args:
            model: The embedding model.
            dimensions: Length of the vectors, for models that can shorten them.
            encoding: How vectors travel, ``float`` or ``base64``; by default the server's choice.
            max_batch: Most texts in one request.
            extra: More fields of the body, such as an ``input_type``.
            api_key: The key; by default from the environment.
            base_url: Another address than the row's own.
            allow_insecure: Allow plain http to another machine.

        Raises:
            ConfigError: A key or base URL is missing or not allowed, or a number is out of range.
            ValidationError: Another setting is none of its values.
        """
        return OpenAICompatibleEmbedder(
            self.gateway.connection(api_key, base_url, allow_insecure),
            model or self.default_model,
            dimensions=dimensions,
            encoding=encoding,
            max_batch=self.max_batch if max_batch is None else max_batch,
            dimensions_field=self.dimensions_field,
            extra=extra,
        )
