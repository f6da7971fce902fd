"""Where a resource of Azure is, in which version of the API, and with which credential."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from graphbit_core import ConfigError, HttpRequest, Secret, resolve_key
from graphbit_openai.connection import Connection

Token = str | Secret | Callable[[], str | Secret]
"""A token of Microsoft Entra ID, or what returns a fresh one."""

VERSION = "2024-10-21"
_KEYS = ("AZURE_OPENAI_API_KEY", "AZURELLM_API_KEY")
_TOKEN = "AZURE_OPENAI_AD_TOKEN"  # noqa: S105 - the name of a variable
_ENDPOINT = "AZURE_OPENAI_ENDPOINT"
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")
_PER_DEPLOYMENT = ("/chat/completions", "/embeddings")
"""Where the dated API has the deployment in its path; elsewhere, and in v1, the body alone names it."""


@dataclass(frozen=True)
class AzureConnection(Connection):
    """As its base.

    Attributes:
        dated: Whether the API is one with a date.
        token_source: Returns the token of a request; None where the credential is ``key``.
    """

    dated: bool = False
    token_source: Callable[[], str | Secret] | None = None

    def post(self, path: str, payload: dict[str, Any], accept: str = "application/json") -> HttpRequest:
        """A request to the deployment that ``payload`` names as its model, with its credential.

        Raises:
            ConfigError: The token's source returned what no header can carry.
        """
        if self.dated and path in _PER_DEPLOYMENT:
            path = f"/deployments/{quote(str(payload['model']), safe='')}{path}"
        if self.token_source is None:
            return super().post(path, payload, accept)
        asked = replace(self, key=_fresh(self.token_source), token_source=None)
        return asked.post(path, payload, accept)


def open_azure(
    base_url: str | None,
    api_version: str | None,
    api_key: str | Secret | None,
    token: Token | None,
    allow_insecure: bool,
    default: str = VERSION,
) -> AzureConnection:
    """Checks the settings and finds endpoint, version and credential. Raises ConfigError."""
    endpoint, version = _where(base_url, api_version, default)
    dated = _DATED.fullmatch(version) is not None
    if api_key is not None and token is not None:
        raise ConfigError("azure takes an api_key or a token, not both; leave one out", setting="token")
    if api_key is None and token is None:
        token = os.environ.get(_TOKEN) or None
    source = token if callable(token) else None
    known = None if callable(token) else token
    opened = Connection.open(
        "azure",
        endpoint + ("/openai" if dated else "/openai/v1"),
        known if known is not None else api_key,
        () if source else _KEYS,
        allow_insecure=allow_insecure,
        key_required=source is None,
    )
    return AzureConnection(
        opened.provider,
        opened.base_url,
        opened.key,
        key_header="api-key" if token is None else "authorization",
        query="" if version == "v1" else f"?api-version={version}",
        dated=dated,
        token_source=source,
    )


def _where(base_url: str | None, api_version: str | None, default: str) -> tuple[str, str]:
    """The endpoint without a path of the API, and the version; an endpoint that says v1 has it so."""
    given = (base_url or os.environ.get(_ENDPOINT, "")).strip().rstrip("/")
    if not given:
        raise ConfigError(
            f"azure needs the endpoint of its resource: set the environment variable {_ENDPOINT} or pass "
            "base_url='https://NAME.openai.azure.com'",
            setting="base_url",
            source=_ENDPOINT,
        )
    endpoint = given.removesuffix("/openai/v1").removesuffix("/openai")
    default = "v1" if given.endswith("/openai/v1") else default
    version = (api_version or os.environ.get("OPENAI_API_VERSION", "").strip() or default).strip()
    if version not in ("v1", "preview", "latest") and not _DATED.fullmatch(version):
        raise ConfigError(
            f"api_version is {version!r}; use a date such as {VERSION!r}, or 'v1'",
            setting="api_version",
            source="OPENAI_API_VERSION" if api_version is None else "api_version",
        )
    return endpoint, version


def _fresh(source: Callable[[], str | Secret]) -> Secret:
    token = source()
    if not isinstance(token, str | Secret) or not token:
        raise ConfigError(
            f"the token function of azure returned {type(token).__name__} where a token was due; it must "
            "return a string, and at once: it cannot be a coroutine function",
            setting="token",
        )
    return resolve_key("azure", token, _TOKEN)
