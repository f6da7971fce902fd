"""Where the API is, which version of it, and who asks: what every request shares."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from graphbit_core import HttpRequest, Secret, ValidationError, check_base_url, resolve_key, resource_name

Auth = Literal["x-api-key", "bearer"]
BASE_URL = "https://api.anthropic.com"
VERSION = "2023-06-01"
NEWER_VERSION = "2026-10-21"
"""From this version on the maker's SDK sends keys as bearer tokens, and knows no sampling fields."""

_KEY, _TOKEN = "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URL, credential and the headers that name version and betas."""

    base_url: str
    key: Secret
    auth: Auth
    version: str
    betas: tuple[str, ...]

    @staticmethod
    def open(
        api_key: str | Secret | None,
        base_url: str | None,
        allow_insecure: bool,
        auth: Auth | None,
        version: str,
        betas: Sequence[str],
    ) -> Connection:
        """Checks the settings. Raises ConfigError or ValidationError."""
        if auth not in (None, "x-api-key", "bearer"):
            raise ValidationError(f"auth is {auth!r}; use 'x-api-key' or 'bearer'", field="auth")
        if not version or isinstance(betas, str) or not all(map(_is_token, (version, *betas))):
            raise ValidationError(
                "version and the names in betas are words without spaces, such as '2023-06-01'",
                field="betas" if _is_token(version) else "version",
            )
        url = check_base_url(base_url or os.environ.get("ANTHROPIC_BASE_URL") or BASE_URL, allow_insecure)
        by_token = api_key is None and not os.environ.get(_KEY) and bool(os.environ.get(_TOKEN))
        key = resolve_key("anthropic", api_key, _TOKEN if by_token else _KEY)
        bearer = by_token or version >= NEWER_VERSION
        return Connection(url, key, auth or ("bearer" if bearer else "x-api-key"), version, tuple(betas))

    def post(self, path: str, payload: dict[str, Any], accept: str) -> HttpRequest:
        """A request with its credential."""
        headers = {"accept": accept, "anthropic-version": self.version}
        if self.auth == "bearer":
            headers["authorization"] = f"Bearer {self.key.reveal()}"
        else:
            headers["x-api-key"] = self.key.reveal()
        if self.betas:
            headers["anthropic-beta"] = ",".join(self.betas)
        return HttpRequest.json(self.base_url + path, payload, headers)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name("anthropic", self.base_url, self.key)


def _is_token(text: str) -> bool:
    return bool(text) and all("!" <= character <= "~" and character != "," for character in text)
