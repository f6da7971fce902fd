from __future__ import annotations

import pytest

from graphbit_core import ConfigError, Secret, check_base_url, optional_key, resolve_key, resource_name


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/v1/",
        "http://localhost:1234",
        "http://127.0.0.1/v1",
        "http://127.9.9.9",
        "http://[::1]:8080/v1",
        "http://models.localhost",
    ],
)
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert check_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example/v1",
        "http://10.0.0.1",
        "http://localhost.example",
        "http://127.0.0.1.example",
        "http://0.0.0.0",
        "ftp://localhost",
        "api.example/v1",
        "https://",
        "https://api.example:port",
        "https://[::1",
        "https://user:secret-word@api.example",
        "https://api.example/v1?key=secret-word",
        "",
    ],
)
def test_other_addresses_are_refused_without_showing_them(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_base_url(url)
    assert caught.value.setting == "base_url"
    assert "secret-word" not in str(caught.value)
    assert "example" not in str(caught.value)


def test_plain_http_to_another_machine_can_be_allowed() -> None:
    assert check_base_url("http://10.0.0.1/v1", allow_insecure=True) == "http://10.0.0.1/v1"


def test_a_key_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "from-env")
    assert resolve_key("some", None, "SOME_KEY").reveal() == "from-env"
    assert resolve_key("some", "given", "SOME_KEY").reveal() == "given"
    secret = Secret("kept")
    assert resolve_key("some", secret, "SOME_KEY") is secret


@pytest.mark.parametrize("value", [None, "", "  "])
def test_a_missing_key_names_the_variable(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with pytest.raises(ConfigError, match="SOME_KEY") as caught:
        resolve_key("some", value, "SOME_KEY")
    assert (caught.value.setting, caught.value.source) == ("api_key", "SOME_KEY")


@pytest.mark.parametrize("value", ["two words", "line\nbreak", "schlüssel", "zero\x00"])
def test_a_key_that_no_header_can_carry_is_refused_unseen(value: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve_key("some", value, "SOME_KEY")
    assert value not in str(caught.value)


def test_a_resource_shows_neither_address_nor_key() -> None:
    name = resource_name("some", "https://api.example", Secret("the-key"))
    assert "api.example" not in name
    assert "the-key" not in name
    assert name != resource_name("some", "https://api.example", Secret("other-key"))
    assert name != resource_name("some", "https://b.example", Secret("the-key"))


def test_of_several_variables_the_first_that_is_set_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FIRST_KEY", raising=False)
    monkeypatch.setenv("SECOND_KEY", "sk-second")
    names = ("FIRST_KEY", "SECOND_KEY")
    assert resolve_key("test", None, names).reveal() == "sk-second"
    monkeypatch.setenv("FIRST_KEY", " ")
    assert resolve_key("test", None, names).reveal() == "sk-second"
    monkeypatch.setenv("FIRST_KEY", "sk-first")
    assert resolve_key("test", None, names).reveal() == "sk-first"
    assert resolve_key("test", "sk-given", names).reveal() == "sk-given"


def test_a_key_that_is_not_needed_may_be_missing_but_not_spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "")
    assert optional_key("test", None, "TEST_KEY") is None
    assert optional_key("test", None, ()) is None
    monkeypatch.setenv("TEST_KEY", "sk-test")
    found = optional_key("test", None, "TEST_KEY")
    assert found is not None
    assert found.reveal() == "sk-test"
    with pytest.raises(ConfigError, match="TEST_KEY"):
        optional_key("test", "", "TEST_KEY")
    with pytest.raises(ConfigError, match="a space"):
        optional_key("test", "a b", "TEST_KEY")
