"""URLs with placeholders, filled so that no value leaves its place.

In the path and the query a value is percent-encoded down to letters, digits and ``-._~``; in the host only
what a host name is made of is taken. What encoding cannot keep in place (an empty path segment, ``..``) is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.template import placeholders, render

Fill = Callable[[str], str]
"""Fills a template: ``NodeContext.render``."""

_PARTS = re.compile(r"(?i:(https?))://([^/?]*)([^?]*)(?:\?(.*))?")
_NOT_IN_URLS = re.compile(r"[\x00-\x20\x7f\\#]")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST_VALUE = re.compile(r"[A-Za-z0-9._-]+")
_HOST = re.compile(r"""[^@%<>^|"{}]+""")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_LONGEST = 16_000
"""Characters of a filled URL; few servers take more."""


class UrlTemplate:
    """An http(s) URL with placeholders, and query parameters whose values are templates.

    Args:
        url: The template. A lone placeholder stands for a whole URL.
        query: Parameters to add: text (a template), a number, a truth value, or a list of those.

    Raises:
        ValidationError: It cannot become a URL; the message says why.
    """

    def __init__(self, url: Any, query: Any = None) -> None:
        if not isinstance(url, str) or not url.strip():
            raise _bad("the URL is missing; give an address such as https://example.com/items/{id}")
        self._whole = url if re.fullmatch(r"\{[^{}]*\}", url) and placeholders(url) else None
        self._query = _parameters(query)
        self._scheme, self._host, self._path, self._tail = ("", url, "", "")
        if not self._whole:
            self._split(url)
        self.dynamic = bool(placeholders(self._host))
        """Whether a value decides which host is called."""
        self.shown = url.partition("?")[0]
        """For messages: without the query, and with names where the values will be."""

    def _split(self, url: str) -> None:
        if _NOT_IN_URLS.search(url):
            raise _bad("the URL holds a space, a control character, '\\' or '#'; write them as %20, %5C, %23")
        if _STRAY_PERCENT.search(url):
            raise _bad("'%' in the URL must be followed by two hex digits; write %25 for a percent sign")
        parts = _PARTS.fullmatch(url)
        if parts is None:
            raise _bad(
                "the URL must begin with http:// or https://, not with a placeholder or another scheme"
            )
        self._scheme, self._host, self._path, self._tail = (part or "" for part in parts.groups())
        host = render(self._host, lambda name: "0" if self._host.endswith(f":{{{name}}}") else "host")
        if not _HOST.fullmatch(host):
            raise _bad("the URL has no host, or one with a user name or signs that no host has")
        try:
            _ = urlsplit(f"http://{host}").port
        except ValueError as error:
            raise _bad(f"the URL has no valid host and port: {error}") from None

    @property
    def authority(self) -> str:
        """Host and port, as the template has them."""
        return self._host

    def placeholders(self) -> Sequence[str]:
        """All names in the URL and the query."""
        texts = [self._host, self._path, self._tail, *(value for _, value in self._query)]
        return [name for text in texts for name in placeholders(text)]

    def fill(self, fill: Fill) -> str:
        """The URL.

        Raises:
            ValidationError: A value would leave its place, or the URL is too long.
        """
        if self._whole:
            url = _checked_whole(fill(self._whole))
        else:
            host = render(self._host, lambda name: _host_value(name, fill))
            path = "/".join(_segment(part, fill) for part in self._path.split("/"))
            url = f"{self._scheme}://{host}{path}"
            if self._tail:
                url += "?" + render(self._tail, lambda name: _encoded(name, fill))
        if self._query:
            pairs = (f"{quote(key, safe='')}={_quote(fill(value), key)}" for key, value in self._query)
            url += ("&" if "?" in url else "?") + "&".join(pairs)
        if len(url) > _LONGEST:
            raise _bad(f"the filled URL is longer than {_LONGEST} characters; send long values in the body")
        return url


def _parameters(query: Any) -> list[tuple[str, str]]:
    if query is None:
        return []
    if not isinstance(query, Mapping):
        raise ValidationError(f"query is {query!r:.80}; give a mapping of names to values", field="query")
    found = []
    for name, given in query.items():
        for value in given if isinstance(given, list | tuple) else [given]:
            if not isinstance(value, str | int | float):
                raise ValidationError(
                    f"query parameter {name!r} is {value!r:.80}; give text, a number or a list of them",
                    field="query",
                )
            found.append((str(name), str(value).lower() if isinstance(value, bool) else str(value)))
    return found


def _segment(template: str, fill: Fill) -> str:
    """One segment of the path; with a value in it, it must not be one that a server walks away from."""
    names = placeholders(template)
    text = render(template, lambda name: _encoded(name, fill))
    if names and not text:
        raise _bad(f"{{{names[0]}}} is empty, which would leave out a part of the URL's path", names[0])
    if names and _DOTS.fullmatch(text):
        raise _bad(
            f"{{{names[0]}}} makes a part of the URL's path {text!r}, which means another path", names[0]
        )
    return text


def _encoded(name: str, fill: Fill) -> str:
    return _quote(fill(f"{{{name}}}"), name)


def _quote(value: str, name: str) -> str:
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise _bad(f"the value of {name!r} holds half a character (a lone surrogate)", name) from None


def _host_value(name: str, fill: Fill) -> str:
    value = fill(f"{{{name}}}")
    if not _HOST_VALUE.fullmatch(value):
        raise _bad(f"the value of {{{name}}} is no part of a host name: only letters, digits, . _ -", name)
    return value


def _checked_whole(value: str) -> str:
    url = value.strip()
    if not _PARTS.fullmatch(url) or _NOT_IN_URLS.search(url.partition("#")[0]):
        raise _bad("the value given as the URL is not an http(s) URL")
    return url.partition("#")[0]


def _bad(message: str, field: str = "url") -> ValidationError:
    return ValidationError(message, field=field)
