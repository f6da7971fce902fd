"""Where an API is and who asks: what every request to it shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphbit_core import (
    ConfigError,
    HttpRequest,
    Secret,
    check_base_url,
    optional_key,
    resolve_key,
    resource_name,
)

BASE_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URL, key, and what else goes with every request.

    Attributes:
        provider: Name in error messages and in the resource.
        base_url: As ``check_base_url`` returns it.
        key: None for a server that asks for none.
        headers: Sent with every request, names in lower case; nothing secret.
        key_header: ``authorization`` carries the key as a bearer token, any other header as it is.
        query: Ends every URL, with its question mark.
    """

    provider: str
    base_url: str
    key: Secret | None
    headers: Mapping[str, str] = field(default_factory=dict)
    key_header: str = "authorization"
    query: str = ""

    @staticmethod
    def open(
        provider: str,
        base_url: str,
        api_key: str | Secret | None,
        key_env: Sequence[str],
        *,
        allow_insecure: bool = False,
        key_required: bool = True,
        headers: Mapping[str, str | None] | None = None,
    ) -> Connection:
        """Checks the settings and finds the key.

        Args:
            provider: Name in messages and in the resource.
            base_url: Where the API is.
            api_key: The key, if it was given.
            key_env: Environment variables it is read from otherwise; the first that is set counts.
            allow_insecure: Allow plain http to another machine.
            key_required: Whether it can do without a key.
            headers: More headers; those that are None are left out.

        Raises:
            ConfigError: No key, or a key, header or base URL that cannot be sent.
        """
        url = check_base_url(base_url, allow_insecure)
        key = (resolve_key if key_required else optional_key)(provider, api_key, key_env)
        given = {name: value for name, value in (headers or {}).items() if value is not None}
        for name, value in given.items():
            _check_header(name, value)
        return Connection(provider, url, key, given)

    def post(self, path: str, payload: dict[str, Any], accept: str = "application/json") -> HttpRequest:
        """A request with its credential."""
        headers = {"accept": accept, **self.headers}
        if self.key is not None:
            key = self.key.reveal()
            headers[self.key_header] = f"Bearer {key}" if self.key_header == "authorization" else key
        return HttpRequest.json(self.base_url + path + self.query, payload, headers)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name(self.provider, self.base_url, self.key)


def _check_header(name: str, value: str) -> None:
    if not value or not all(" " <= character <= "~" for character in value):
        raise ConfigError(
            f"the header {name!r} cannot carry {value!r}: use printable ASCII characters", setting=name
        )


def open_openai(
    api_key: str | Secret | None,
    base_url: str,
    allow_insecure: bool,
    organization: str | None,
    project: str | None,
) -> Connection:
    """The connection of what talks to OpenAI. Raises ConfigError."""
    headers = {"openai-organization": organization, "openai-project": project}
    return Connection.open(
        "openai", base_url, api_key, ["OPENAI_API_KEY"], allow_insecure=allow_insecure, headers=headers
    )
