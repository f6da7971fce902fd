"""What the server's errors mean, as replies, inside streams and inside 2xx bodies."""

from __future__ import annotations

from typing import Any

from graphbit_core import HttpResponse, ProviderError, error_for_status
from graphbit_core.wire import error_body


def read_error(response: HttpResponse, model: str) -> ProviderError:
    """The error that a status other than 2xx stands for; a missing model is told with how to get it."""
    body = error_body(response)
    message = f"HTTP {response.status}: {_said(body)}"
    if response.status == 404 and isinstance(body, dict) and isinstance(body.get("error"), str):
        message += f". To get it: ollama pull {model}"
    return error_for_status(response.status, message)


def error_in_body(body: dict[str, Any], status: int | None = None) -> ProviderError:
    """The error that came where an answer was due. The server gives a text, at most with a status."""
    told = body.get("status_code")
    if isinstance(told, int) and 400 <= told <= 599:
        error = error_for_status(told, _said(body))
        error.status = status
        return error
    return ProviderError(_said(body), status=status)


def _said(body: Any) -> str:
    error = (body.get("error") or body.get("message")) if isinstance(body, dict) else body
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or "")[:2000] or "no explanation"
