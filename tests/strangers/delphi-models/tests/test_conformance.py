"""What ``graphbit plugins check`` and pytest try the provider by: answers in the words of Delphi."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from delphi_models import DelphiProvider

from graphbit_core import ChatResponse, FinishReason, GraphBitError, Message, ProviderError, Usage
from graphbit_core.testing import Canned, HttpProviderConformance

SILENCE = {"why": "spoken", "coins": [12, 5]}


def aloud(*events: tuple[str, dict[str, Any]]) -> str:
    """Events as the body of a stream."""
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


class TestDelphiProvider(HttpProviderConformance):
    """Every rule of providers behind HTTP."""

    component = DelphiProvider
    key_env = "DELPHI_DRACHMA"
    text = Canned(
        body={"verse": "Γνῶθι σεαυτόν", **SILENCE},
        stream=aloud(("verse", {"line": "Γνῶθι "}), ("verse", {"line": "σεαυτόν"}), ("silence", SILENCE)),
        answer=ChatResponse(Message("assistant", "Γνῶθι σεαυτόν"), "stop", Usage(12, 5)),
    )
    endings: ClassVar[dict[FinishReason, Any]] = {
        "length": {"verse": "Γνῶθι", "why": "breathless"},
        "other": {"verse": "Γνῶθι", "why": "earthquake"},
    }
    other_errors: ClassVar[dict[bytes, type[GraphBitError]]] = {b'{"omen": "dark"}': ProviderError}
    stream_error = aloud(("verse", {"line": "Γνῶθι"}), ("omen", {"omen": "the vapours are gone"}))

    def error_body(self, message: str) -> Any:
        """How Delphi says what is wrong."""
        return {"omen": message}
