"""What a name of a model means."""

from __future__ import annotations

import pytest

from graphbit_core import ComponentNotFoundError, ConfigError, Secret, ValidationError

INSTALLED = {"openai", "anthropic", "azure", "gemini", "vllm"}


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("openai:gpt-4o", "openai", "gpt-4o"),
        ("openai:of-next-year", "openai", "of-next-year"),
        ("openai@my-openai:gpt-4o", "openai@my-openai", "gpt-4o"),
        ("claude-opus-5-5", "anthropic", "claude-opus-5-5"),
        ("claude-haiku-4-5-20251001", "anthropic", "claude-haiku-4-5-20251001"),
        ("openai", "openai", ""),
        ("ollama:llama3.2:1b", "ollama", "llama3.2:1b"),
        ("in-house:anything", "in-house", "anything"),
    ],
)
def test_a_name_is_a_provider_and_a_model_or_one_of_them(registry, name, provider, model):
    found = registry().resolve(name, INSTALLED | {"in-house"})
    assert (found.provider, found.model) == (provider, model)


def test_a_model_that_several_offer_is_that_of_its_maker(registry):
    assert registry().resolve("gpt-4o", INSTALLED).provider == "openai"
    assert registry().info("azure", "gpt-4o") is not None


def test_a_provider_goes_by_the_name_under_which_it_is_installed(registry):
    known = registry()
    for name in ("gemini:gemini-2.5-pro", "google:gemini-2.5-pro", "gemini-2.5-pro"):
        assert known.resolve(name, {"gemini"}).provider == "gemini"
        assert known.resolve(name, {"google"}).provider == "google"
    assert known.info("gemini", "gemini-2.5-pro") == known.info("google", "gemini-2.5-pro")


def test_a_dated_name_stays_what_is_asked_for_and_has_the_facts_of_the_plain_one(registry):
    found = registry().resolve("gpt-4o-2024-11-20", INSTALLED)
    assert found.model == "gpt-4o-2024-11-20"
    assert found.info.name == "gpt-4o"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gtp-4o", "no provider, alias or known model is called 'gtp-4o' .did you mean 'gpt-4o'"),
        ("opnai", "did you mean 'openai'"),
        ("opnai:gpt-4o", "provider 'opnai' is not installed .did you mean 'openai'"),
    ],
)
def test_what_nobody_knows_is_an_error_that_names_the_nearest(registry, name, message):
    with pytest.raises(ComponentNotFoundError, match=message):
        registry().resolve(name, INSTALLED)


def test_a_model_of_several_providers_is_an_error_that_names_them(registry):
    known = registry("models: {here:big: {}, there:big: {}}")
    with pytest.raises(ValidationError, match="write here:big or there:big"):
        known.resolve("big", INSTALLED)
    assert known.resolve("big", {"there"}).provider == "there"


def test_an_alias_carries_how_its_model_is_called(registry, monkeypatch):
    monkeypatch.setenv("MY_KEY", " sk-123 ")
    known = registry(
        """
        providers:
          openai: {timeout: 90, temperature: 1, policy: {max_attempts: 5}}
        models:
          openai:gpt-6-luna: {temperature: 0.5, max_tokens: 100}
        aliases:
          fast:
            model: openai:gpt-6-luna
            api_key: env:MY_KEY
            base_url: https://eu.example
            temperature: 0.2
            limits: {requests_per_minute: 60}
            settings: {organization: mine, headers: {x-token: env:MY_KEY}}
          brief: {model: fast, max_tokens: 10}
        """
    )
    settings = known.resolve("brief", INSTALLED).settings
    assert settings.provider == {
        "api_key": Secret("sk-123"),
        "base_url": "https://eu.example",
        "organization": "mine",
        "headers": {"x-token": Secret("sk-123")},
    }
    assert settings.request == {"temperature": 0.2, "max_tokens": 10}
    assert (settings.timeout, settings.policy) == (90, {"max_attempts": 5})
    assert settings.limits == {"requests_per_minute": 60}
    assert "sk-123" not in repr(known.resolve("fast", INSTALLED))
    assert known.aliases == {"brief": "fast", "fast": "openai:gpt-6-luna"}


def test_a_key_that_is_not_set_is_an_error_where_it_is_needed(registry):
    known = registry("aliases: {fast: {model: openai:gpt-4o, api_key: env:NO_SUCH_KEY}}")
    with pytest.raises(ConfigError, match="environment variable NO_SUCH_KEY; set it") as caught:
        known.resolve("fast", INSTALLED)
    assert caught.value.source == "NO_SUCH_KEY"
    assert known.find("fast", INSTALLED).settings.provider == {"api_key": "env:NO_SUCH_KEY"}


def test_a_provider_of_ones_own_has_its_own_address_and_the_facts_of_what_it_is_made_of(registry):
    known = registry(
        """
        providers:
          local: {provider: vllm, base_url: "http://localhost:8000/v1"}
          eu: {provider: openai, base_url: https://eu.example, prices: {input: 9, output: 9}}
        models:
          local:big: {context_window: 32768}
        """
    )
    big = known.resolve("local:big", INSTALLED)
    assert (big.provider, big.model, big.info.context_window) == ("vllm", "big", 32768)
    assert big.settings.provider == {"base_url": "http://localhost:8000/v1"}
    assert big.info.prices.input == 0
    assert known.resolve("local", INSTALLED).model == ""
    assert known.resolve("big", INSTALLED).settings.provider == {"base_url": "http://localhost:8000/v1"}
    assert known.resolve("eu:gpt-4o", INSTALLED).info.context_window == 128_000
    assert known.resolve("eu:new", INSTALLED).info.prices.output == 9
    assert known.resolve("openai:gpt-4o", INSTALLED).settings.provider == {}
