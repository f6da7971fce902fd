"""Arguments of a tool call that go back to an API which wants an object."""

from __future__ import annotations

import json
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.types.http import HttpRequest

INVALID_JSON = "INVALID_JSON"


def arguments_object(arguments: str) -> dict[str, Any]:
    """The arguments of a tool call as an object, for APIs that take no text there.

    A model may write what is no JSON object, or what JSON cannot carry, such as ``NaN``. The tool's result
    then says so, and the model has to see what it wrote to mend it; so that is not left out but stands, as
    text, under the name ``INVALID_JSON``, as in Anthropic's documents about results. No text at all is a
    call without arguments.
    """
    try:
        read = json.loads(arguments) if arguments.strip() else {}
        HttpRequest.json("", read)  # NaN, huge numbers and half characters can be read, but not sent
    except (ValueError, RecursionError, ValidationError):
        read = None
    return read if isinstance(read, dict) else {INVALID_JSON: arguments}
