"""Takes keys and addresses out of texts that others wrote before they become errors."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from graphbit_core.errors import GraphBitError

MASK = "***"
_KEY_PATTERNS = re.compile(
    r"""(?ix)
    \b (?: sk | pk | rk | gsk | xai | hf | r8 | pplx | nvapi ) [-_] [a-z0-9*_-]{8,}    # sk-…, hf_…
    | \b AIza [a-z0-9_-]{10,}                                                                # Google
    | \b (?: AKIA | ASIA ) [a-z0-9]{12,}                                                     # AWS
    | \b eyJ [a-z0-9_-]{8,} \. [a-z0-9_-]{8,} (?: \. [a-z0-9_-]* )?                          # JWT
    | (?<= bearer[ ] ) [^\s"',]{6,}
    | (?<= basic[ ] ) [a-z0-9+/=]{8,}
    | (?<= // ) [^\s/@:]+ : [^\s/@]+ (?= @ )                                                 # URL credentials
    | (?<= [?&] key= ) [^\s&"']+
    """
)
_SECRET_NAME = re.compile(r"(?i)authorization|cookie|(^|[-_])(api[-_]?)?key$|token|secret|sig(nature)?$")
_SHORTEST_PART = 6
"""So many characters of a secret, where a text was cut, are as good as the secret."""
_SHORTEST_IN_BASE64 = 8
"""Shorter ones look like anything in base64."""
_URL_SAFE = str.maketrans("+/", "-_")
_TEXT_FACTS = ("code", "excerpt", "request_id")


def secrets_of(url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be shown of a request: its credentials, its base URL and its host, longest first.

    Credentials also as they look in a URL, in base64, and in JSON that escapes slashes.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    where = (url, origin + parts.path, origin, parts.netloc, parts.password or "")
    return _longest_first((*where, *credentials_of(url, headers)))


def credentials_of(url: str, headers: Mapping[str, str], marked: Iterable[str] = ()) -> tuple[str, ...]:
    """The credentials of a request, longest first: what has a secret name, and the ``marked`` headers."""
    found: set[str] = set()
    marked = frozenset(marked)
    for name, value in (*headers.items(), *parse_qsl(urlsplit(url).query)):
        if name in marked or is_secret_name(name):
            for secret in (value, value.rpartition(" ")[2]):
                found.update((secret, quote(secret, safe=""), secret.replace("/", "\\/")))
                found.update(_in_base64(secret))
    return _longest_first(found)


def _in_base64(secret: str) -> Iterator[str]:
    """``secret`` within any base64, of which only whole characters are its own: it may begin at 3 places."""
    if len(secret) < _SHORTEST_IN_BASE64:
        return
    for before in range(3):
        encoded = b64encode(b"." * before + secret.encode()).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(secret.encode())) * 8 // 6]
        yield own
        yield own.translate(_URL_SAFE)


def is_secret_name(name: str) -> bool:
    """Whether a header or parameter of this name holds a credential, as far as a name can tell."""
    return _SECRET_NAME.search(name) is not None


def _longest_first(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if len(text) > 3}, key=len, reverse=True))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without ``secrets``, a part of one at its end, and anything that looks like a key."""
    for secret in secrets:
        text = re.sub(re.escape(secret), MASK, text, flags=re.IGNORECASE)
        for length in range(len(secret) - 1, _SHORTEST_PART - 1, -1):
            if text.endswith(secret[:length]):
                text = text[:-length] + MASK
    return _KEY_PATTERNS.sub(MASK, text)


def redact_error(error: GraphBitError, secrets: Iterable[str]) -> None:
    """Redacts the message and the texts among the facts, in place."""
    error.message = redact(error.message, secrets)
    error.args = (error.message, *error.args[1:])
    for name in _TEXT_FACTS:
        value = getattr(error, name, None)
        if isinstance(value, str) and name in error._facts:
            setattr(error, name, redact(value, secrets))


class Hidden:
    """Settings that no repr shows."""

    __slots__ = ("settings",)

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
