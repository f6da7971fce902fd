"""Where the server is and who asks: what every request to it shares."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graphbit_core import ConfigError, HttpRequest, Secret, check_base_url, optional_key, resource_name

PORT = 11434
BASE_URL = f"http://127.0.0.1:{PORT}"
_DEFAULT_PORTS = {"http": 80, "https": 443}
_BOUND_TO_ALL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server listens, not we
"""Addresses that a server listens on, and where it is then reached."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Base URL, and the key if the server wants one."""

    base_url: str
    key: Secret | None

    @staticmethod
    def open(api_key: str | Secret | None, base_url: str | None, allow_insecure: bool) -> Connection:
        """Checks the settings. Raises ConfigError."""
        url = check_base_url(read_host(base_url or os.environ.get("OLLAMA_HOST") or ""), allow_insecure)
        return Connection(url, optional_key("ollama", api_key, "OLLAMA_API_KEY"))

    def post(self, path: str, payload: dict[str, Any], accept: str = "application/json") -> HttpRequest:
        """A request with its credential."""
        headers = {"accept": accept}
        if self.key is not None:
            headers["authorization"] = f"Bearer {self.key.reveal()}"
        return HttpRequest.json(self.base_url + path, payload, headers)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name("ollama", self.base_url, self.key)


def read_host(host: str) -> str:
    """The URL that ``OLLAMA_HOST`` means: ``host``, ``host:port``, ``:port``, a URL, or empty.

    Empty is this machine, and so is an address that a server listens on (``0.0.0.0``). Without a scheme it is
    http and the port 11434; with one, the port is that of the scheme.

    Raises:
        ConfigError: It is none of these.
    """
    scheme, separator, rest = host.strip().partition("://")
    if not separator:
        scheme, rest = "http", host.strip()
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port
    except ValueError:
        raise ConfigError(
            "the address of the Ollama server must look like host, host:port or http://host:port",
            setting="base_url",
            source="OLLAMA_HOST",
        ) from None
    if parts.username or parts.password or parts.query or parts.fragment:
        return f"{scheme}://{rest}"  # refused by who checks base URLs
    name = _BOUND_TO_ALL.get(name, name)
    shown = f"[{name}]" if ":" in name else name
    port = port or (_DEFAULT_PORTS.get(scheme, PORT) if separator else PORT)
    path = parts.path.strip("/")
    return f"{scheme}://{shown}:{port}" + (f"/{path}" if path else "")
