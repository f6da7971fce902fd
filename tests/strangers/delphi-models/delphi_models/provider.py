"""The provider ``delphi``: settings, and where the API is."""

from __future__ import annotations

from typing import ClassVar

from delphi_models.codec import DelphiCodec
from graphbit_core import Secret, check_base_url, resolve_key, resource_name


class DelphiProvider:
    """Asks the oracles of Delphi."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"stream", "stop", "seed"})
    default_model: ClassVar[str] = "pythia"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = "https://delphi.example.com",
        allow_insecure: bool = False,
    ) -> None:
        """Checks the settings.

        Args:
            api_key: The key; by default the environment variable ``DELPHI_DRACHMA``.
            base_url: Where the API is.
            allow_insecure: Allow plain http to another machine.

        Raises:
            ConfigError: There is no key, or the address is none or not allowed.
        """
        self._key = resolve_key("delphi", api_key, "DELPHI_DRACHMA")
        self._url = check_base_url(base_url, allow_insecure)

    def chat(self, model: str) -> DelphiCodec:
        """The chat API for ``model``."""
        return DelphiCodec(model, self._url, self._key)

    def resource(self) -> str:
        """Names what shares a breaker and limits."""
        return resource_name("delphi", self._url, self._key)
