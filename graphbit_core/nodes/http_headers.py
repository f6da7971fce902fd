"""Headers of a request: templates, and references to secrets that are looked up when they are sent."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from graphbit_core.errors import ConfigError, Finding, ValidationError
from graphbit_core.llm.redact import is_secret_name
from graphbit_core.nodes.url_template import Fill
from graphbit_core.types.secret import Secret
from graphbit_core.workflow.template import placeholders

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FROM_ENVIRONMENT = re.compile(r"((?:[A-Za-z][\w-]* )?)env:([A-Za-z_]\w*)")
"""``env:NAME``, also after a scheme: ``Bearer env:NAME``."""
_OURS = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer"}
_OURS |= {"upgrade", "proxy-connection", "accept-encoding", "expect"}
"""What the client sets itself: who is called, where a message ends, how it is packed."""


class HeaderTemplates:
    """Checked headers, names in lower case.

    Args:
        headers: Name to value: a template, a ``Secret``, or ``env:NAME`` (``Bearer env:NAME``).

    Raises:
        ValidationError: A name or value cannot be one of a header.
    """

    def __init__(self, headers: Any) -> None:
        if not isinstance(headers, Mapping | None):
            raise _bad(f"headers is {headers!r:.80}; give a mapping of names to values")
        self._values: dict[str, str | Secret] = {}
        for given, value in (headers or {}).items():
            name = _checked_name(given)
            if name in self._values:
                raise _bad(f"the header {name!r} is given twice")
            if not isinstance(value, str | int | Secret):
                raise _bad(f"the header {name!r} is {value!r:.80}; give text, a Secret or 'env:NAME'")
            self._values[name] = value if isinstance(value, str | Secret) else str(value).lower()

    def __contains__(self, name: str) -> bool:
        return name in self._values

    @property
    def secret(self) -> Sequence[str]:
        """Names of the headers that hold a credential."""
        return [name for name, value in self._values.items() if is_secret_name(name) or _is_reference(value)]

    def placeholders(self) -> Sequence[str]:
        """All names in the values."""
        texts = (value for value in self._values.values() if not isinstance(value, Secret))
        return [name for text in texts for name in placeholders(text)]

    def lacking(self) -> Sequence[Finding]:
        """Variables of the environment that are not set."""
        texts = {name: value for name, value in self._values.items() if isinstance(value, str)}
        references = {name: _FROM_ENVIRONMENT.fullmatch(text) for name, text in texts.items()}
        return [
            Finding(
                "missing_env", f"the header {name!r} needs {found[2]}, which is not set", f"set {found[2]}"
            )
            for name, found in references.items()
            if found is not None and not os.environ.get(found[2], "").strip()
        ]

    def fill(self, fill: Fill) -> dict[str, str]:
        """The headers.

        Raises:
            ConfigError: The environment lacks a variable, or it holds what no header can carry.
            ValidationError: A value would end the header, or holds what no header can carry.
        """
        return {name: self._fill_one(name, value, fill) for name, value in self._values.items()}

    def _fill_one(self, name: str, value: str | Secret, fill: Fill) -> str:
        if isinstance(value, Secret):
            return _sendable_secret(name, value.reveal(), "the Secret")
        if reference := _FROM_ENVIRONMENT.fullmatch(value):
            scheme, variable = reference.groups()
            found = os.environ.get(variable, "").strip()
            if not found:
                raise ConfigError(
                    f"the header {name!r} needs the environment variable {variable}, which is not set",
                    setting="headers",
                    source=variable,
                )
            return _sendable_secret(name, scheme + found, variable)
        text = fill(value)
        if not _sendable(text):
            raise _bad(
                f"the value of the header {name!r} holds a line break, a control or a non-ASCII character, "
                "which no header can carry"
            )
        return text


def _is_reference(value: str | Secret) -> bool:
    return isinstance(value, Secret) or _FROM_ENVIRONMENT.fullmatch(value) is not None


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _bad(f"{name!r:.80} is not the name of a header")
    if name.lower() in _OURS:
        raise _bad(f"the header {name!r} is set by the client itself; leave it out")
    return name.lower()


def _sendable(text: str) -> bool:
    return all(" " <= character <= "~" or character == "\t" for character in text)


def _sendable_secret(name: str, text: str, source: str) -> str:
    if _sendable(text):
        return text
    raise ConfigError(
        f"{source}, for the header {name!r}, holds a line break, a control or a non-ASCII character; copy it "
        "again",
        setting="headers",
        source=source,
    )


def _bad(message: str) -> ValidationError:
    return ValidationError(message, field="headers")
