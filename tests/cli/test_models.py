"""``graphbit models``: what is known, and what a name means."""

from __future__ import annotations

import json

import pytest

from graphbit_core.cli import main
from graphbit_core.llm.models import ModelRegistry, default

MINE = """
providers:
  local: {provider: ollama, base_url: "http://localhost:11434"}
models:
  openai:gpt-4o: {prices: {input: 3}}
aliases:
  fast: openai:gpt-6-luna
  smart: {model: openai:gpt-4o, api_key: env:NO_SUCH_KEY, temperature: 0.2}
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    monkeypatch.setattr(default, "_registry", ModelRegistry([path], environ={}))
    return path


def shown(capsys, *arguments):
    assert main(["models", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_has_models_with_prices_and_aliases(mine, capsys):
    assert main(["models", "list"]) == 0
    out = capsys.readouterr().out
    assert "fast   openai:gpt-6-luna" in out
    [line] = [line for line in out.splitlines() if line.startswith("openai:gpt-4o ")]
    assert line.split()[1:5] == ["128000", "16384", "3", "10.0"]
    assert line.endswith("2027-01-14")
    assert "price table of litellm" in out.splitlines()[-1]


def test_list_keeps_to_a_provider_and_a_capability(mine, capsys):
    found = shown(capsys, "list", "--provider", "openai", "--capability", "embed")
    assert found["models"]
    for model in found["models"]:
        assert model["provider"] == "openai"
        assert "embed" in model["capabilities"]
    assert found["aliases"]["fast"] == "openai:gpt-6-luna"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [("--provider", "opnai", "did you mean 'openai'"), ("--capability", "tols", "did you mean 'tools'")],
)
def test_list_says_what_it_may_be_asked_for(mine, capsys, option, value, message):
    assert main(["models", "list", option, value]) == 2
    assert message in capsys.readouterr().err


def test_show_says_where_each_value_comes_from(mine, capsys):
    assert main(["models", "show", "smart"]) == 0
    out = capsys.readouterr()
    lines = {line.split("  ")[0]: " ".join(line.split()) for line in out.out.splitlines()}
    assert lines["stands for"] == f"stands for openai:gpt-4o {mine}, line 8"
    assert "input $3, output $10, cached input $1.25 per million tokens" in lines["prices"]
    assert lines["prices"].endswith(f"{mine}, line 5")
    assert lines["context window"] == "context window 128,000 built in"
    assert '{"api_key": "env:NO_SUCH_KEY"}' in lines["provider settings"]
    assert '{"temperature": 0.2}' in lines["request settings"]
    assert "The provider is installed." in out.out
    assert "openai:gpt-4o is served until 2027-01-14" in out.err


def test_show_as_json_holds_the_same(mine, capsys):
    found = shown(capsys, "show", "openai:gpt-4o")
    assert (found["provider"], found["model"], found["installed"]) == ("openai", "gpt-4o", True)
    assert found["facts"]["prices"]["input"] == 3
    assert found["places"]["prices"] == f"{mine}, line 5"
    assert found["aliases"] == ["smart"]


def test_show_of_a_provider_shows_its_default_model(mine, capsys):
    found = shown(capsys, "show", "extractive")
    assert found["model"] == "sentences"
    assert found["facts"]["prices"]["input"] == 0


def test_show_says_how_to_install_a_provider_that_is_missing(mine, capsys):
    found = shown(capsys, "show", "replicate:openai/gpt-5")
    assert (found["installed"], found["install"]) == (False, "pip install graphbit-replicate")


def test_show_of_a_model_that_nobody_knows_says_so(mine, capsys):
    assert main(["models", "show", "openai:of-next-year"]) == 0
    assert "Nothing is known about this model" in capsys.readouterr().out


def test_show_of_a_name_that_means_nothing_names_the_nearest(mine, capsys):
    assert main(["models", "show", "smrt"]) == 1
    assert "did you mean 'smart'" in capsys.readouterr().err
