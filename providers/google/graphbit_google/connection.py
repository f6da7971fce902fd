"""Where the API is and who asks: what every request to it shares."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from graphbit_core import HttpRequest, Secret, ValidationError, check_base_url, resolve_key, resource_name

BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"
"""What gateways and mocks speak too; every field that is sent exists in ``v1`` as well."""
_KEYS = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
_VERSION = re.compile(r"v[0-9][a-z0-9]*")


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URL with the version of the API, and key."""

    base_url: str
    key: Secret

    @staticmethod
    def open(
        api_key: str | Secret | None, base_url: str, api_version: str, allow_insecure: bool
    ) -> Connection:
        """Checks the settings. Raises ConfigError, or ValidationError for a version that is none."""
        if not _VERSION.fullmatch(api_version):
            raise ValidationError(
                f"api_version is {api_version!r}; it looks like 'v1beta' or 'v1'", field="api_version"
            )
        url = check_base_url(base_url, allow_insecure)
        return Connection(f"{url}/{api_version}", resolve_key("google", api_key, _KEYS))

    def post(
        self, model: str, action: str, payload: dict[str, Any], accept: str = "application/json"
    ) -> HttpRequest:
        """A request to ``model`` with its credential; ``action`` is what stands after the colon."""
        headers = {"accept": accept, "x-goog-api-key": self.key.reveal()}
        path = quote(model_path(model), safe="/@:")
        return HttpRequest.json(f"{self.base_url}/{path}:{action}", payload, headers)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name("google", self.base_url, self.key)


def model_path(model: str) -> str:
    """The API's path of a model: ``models/…``, unless the name is such a path already."""
    return model if "/" in model else f"models/{model}"
