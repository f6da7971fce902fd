"""Where the API is and who asks: what every request to it shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphbit_core import HttpRequest, Secret, check_base_url, resolve_key, resource_name

BASE_URL = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URL, key, and on whose account."""

    base_url: str
    key: Secret
    organization: str | None = None
    project: str | None = None

    @staticmethod
    def open(
        api_key: str | Secret | None,
        base_url: str,
        allow_insecure: bool,
        organization: str | None,
        project: str | None,
    ) -> Connection:
        """Checks the settings. Raises ConfigError."""
        url = check_base_url(base_url, allow_insecure)
        key = resolve_key("openai", api_key, "OPENAI_API_KEY")
        return Connection(url, key, organization, project)

    def post(self, path: str, payload: dict[str, Any], accept: str = "application/json") -> HttpRequest:
        """A request with its credential."""
        headers = {"accept": accept, "authorization": f"Bearer {self.key.reveal()}"}
        if self.organization:
            headers["openai-organization"] = self.organization
        if self.project:
            headers["openai-project"] = self.project
        return HttpRequest.json(self.base_url + path, payload, headers)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name("openai", self.base_url, self.key)
