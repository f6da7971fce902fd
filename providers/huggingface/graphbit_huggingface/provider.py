"""Chat: the router speaks OpenAI's chat completions and passes them on to whoever serves the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphbit_openai import Connection, OpenAICompatibleProvider, Quirks

from graphbit_core import Secret

ROUTER = "https://router.huggingface.co"
KEY_ENV = ("HF_TOKEN",)
_QUIRKS = Quirks(max_tokens_field="max_tokens", refuses=frozenset({"audio", "files"}))
_MORE = frozenset({"reasoning", "embed"})


class HuggingFaceProvider(OpenAICompatibleProvider):
    """Chat models behind Hugging Face's router.

    A model is ``org/name``, or ``org/name:provider`` to say who is to serve it; ``:fastest`` and
    ``:cheapest`` let the router choose.

    Args:
        api_key: The token; by default the environment variable ``HF_TOKEN``.
        base_url: Another address, such as an inference endpoint of one's own.
        allow_insecure: Allow plain http to another machine.
        quirks: How whoever serves the model differs, by name: see ``graphbit_openai.Quirks``.

    Raises:
        ConfigError: No token, or a base URL that is not allowed.
        ValidationError: A quirk that does not exist, or cannot have that value.
    """

    capabilities: frozenset[str] = _QUIRKS.capabilities | _MORE
    default_model: str = "openai/gpt-oss-120b"

    def __init__(
        self,
        *,
        api_key: str | Secret | None = None,
        base_url: str = f"{ROUTER}/v1",
        allow_insecure: bool = False,
        quirks: Quirks | Mapping[str, Any] | None = None,
    ) -> None:
        connection = Connection.open("huggingface", base_url, api_key, KEY_ENV, allow_insecure=allow_insecure)
        super().__init__(connection, _QUIRKS.changed(quirks), type(self).default_model, _MORE)
