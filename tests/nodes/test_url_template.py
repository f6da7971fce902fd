"""No value leaves its place in a URL."""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given, settings, strategies as st

from graphbit_core import ValidationError
from graphbit_core.nodes.url_template import UrlTemplate
from graphbit_core.workflow.template import render

_SIGNS = ".. . %2e%2e %2E. / // \\ ? # & = ; @ : % %00 {a} {{a}} + ' \" <> | ^ ` [ ] é ： ／ ．． ＠ 😀"
_WORDS = "http://evil.example/ //evil.example ../../etc a/../b a&admin=1 a#b a=b&c=d"
_UNSEEN = ("\0", "\r\n", "\t", " ", "\u2025", "\u202e", "\ufeff", "\ud800", "a" * 300)
NASTY = (*_SIGNS.split(), *_WORDS.split(), *_UNSEEN)
values = st.one_of(
    st.sampled_from(NASTY), st.text(), st.lists(st.sampled_from(NASTY), max_size=4).map("".join)
)


def fill(template: UrlTemplate, **given: str) -> str:
    return template.fill(lambda text: render(text, given.__getitem__))


@settings(max_examples=1000, deadline=None)
@given(values, values, values, values)
def test_no_value_changes_the_host_the_path_or_the_query(a, b, c, d):
    template = UrlTemplate("https://api.example:8443/v1/{a}/x-{b}.json/end?p={c}&q=2", {"r": "{d}", "s": "t"})
    try:
        url = fill(template, a=a, b=b, c=c, d=d)
    except ValidationError:
        surrogates = any("\ud800" <= character <= "\udfff" for character in a + b + c + d)
        assert a in ("", ".", "..") or surrogates
        return
    assert all("!" <= character <= "~" for character in url)
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.example:8443", "")
    segments = parts.path.split("/")
    assert [unquote(segment) for segment in segments] == ["", "v1", a, f"x-{b}.json", "end"]
    assert not {".", ".."} & set(segments)
    pairs = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=4)
    assert pairs == [("p", c), ("q", "2"), ("r", d), ("s", "t")]


@settings(max_examples=300, deadline=None)
@given(values, values)
def test_two_values_in_one_place_cannot_meet_to_become_another_path(a, b):
    template = UrlTemplate("https://api.example/v1/{a}{b}/%2e{a}")
    try:
        path = urlsplit(fill(template, a=a, b=b)).path
    except ValidationError:
        return
    segments = path.split("/")[2:]
    assert len(segments) == 2
    assert all(segments)
    assert not {".", ".."} & {segment.lower().replace("%2e", ".") for segment in segments}


@settings(max_examples=500, deadline=None)
@given(values)
def test_a_value_in_the_host_stays_in_the_host(value):
    template = UrlTemplate("https://{a}.api.example/path")
    try:
        url = fill(template, a=value)
    except ValidationError:
        return
    assert urlsplit(url).netloc == f"{value}.api.example"
    assert urlsplit(url).path == "/path"
    assert set(value) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


@pytest.mark.parametrize("value", ["1", "a.b", "...", ".a", "-", "é", "0"])
def test_ordinary_values_are_taken(value):
    url = fill(UrlTemplate("https://api.example/{a}"), a=value)
    assert unquote(urlsplit(url).path) == f"/{value}"


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/%{a}",
        "https://api.example/%2{a}",
        "https://api.example/\\{a}",
        "https://api.example/\n{a}",
        "https://api.example/#{a}",
        "https://user:{a}@api.example/",
        "{a}://api.example/",
        "//api.example/{a}",
        "javascript:{a}",
        "https://{{a}}/",
        "{a}{b}",
        "{a}/x",
    ],
)
def test_a_place_that_cannot_be_kept_is_refused_in_the_template(url):
    with pytest.raises(ValidationError):
        UrlTemplate(url)


def test_a_url_has_a_longest_length():
    with pytest.raises(ValidationError, match="longer than"):
        fill(UrlTemplate("https://api.example/{a}"), a="x" * 20_000)


def test_literal_parts_stay_as_they_are_written():
    written = "https://api.example/a%20b/../c;d=e,f?q=a+b&&x"
    assert UrlTemplate(written).fill(str) == written
