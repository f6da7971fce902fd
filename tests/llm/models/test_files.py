"""What files and the environment say, over each other."""

from __future__ import annotations

import threading

import pytest

from graphbit_core import ConfigError
from graphbit_core.llm.models import ModelRegistry
from graphbit_core.types.messages import Usage


def test_a_later_file_goes_before_an_earlier_one_field_by_field(registry):
    known = registry(
        "models: {openai:gpt-4o: {prices: {input: 7}, context_window: 1000}}",
        "models: {openai:gpt-4o: {prices: {output: 8}, context_window: 2000}}",
    )
    info = known.info("openai", "gpt-4o")
    assert (info.prices.input, info.prices.output, info.prices.cached_input) == (7, 8, 1.25)
    assert info.context_window == 2000
    assert info.max_output_tokens == 16384
    places = known.places(info)
    assert places.keys() == {"prices", "context_window"}
    assert places["context_window"].endswith("models-1.yaml, line 1")


def test_the_environment_goes_before_every_file(registry):
    text = """
        aliases:
          fast: openai:gpt-6-luna
          my.fast: openai:gpt-6-luna
        """
    known = registry(
        text,
        environ={
            "GRAPHBIT_MODEL_FAST": "anthropic:claude-haiku-5-5",
            "GRAPHBIT_MODEL_MY_FAST": "openai:gpt-4o",
            "GRAPHBIT_MODEL_NEW_ONE": "fast",
            "GRAPHBIT_MODELS": "not-an-alias",
        },
    )
    assert known.aliases == {
        "fast": "anthropic:claude-haiku-5-5",
        "my.fast": "openai:gpt-4o",
        "new-one": "fast",
    }


def test_a_key_does_not_go_along_to_another_provider(registry, monkeypatch):
    monkeypatch.setenv("MY_KEY", "sk-1")
    text = "aliases: {a: {model: openai:gpt-4o, api_key: env:MY_KEY, settings: {x: 1}, temperature: 1}}"
    same = registry(text, environ={"GRAPHBIT_MODEL_A": "openai:gpt-6-luna"}).resolve("a")
    assert set(same.settings.provider) == {"api_key", "x"}
    other = registry(text, environ={"GRAPHBIT_MODEL_A": "anthropic:claude-opus-5-5"}).resolve("a")
    assert other.settings.provider == {}
    assert other.settings.request == {"temperature": 1}


def test_prices_of_a_dated_name_leave_the_plain_one_alone(registry):
    known = registry("models: {openai:gpt-4o-2024-08-06: {prices: {input: 3}}}")
    assert known.info("openai", "gpt-4o-2024-08-06").prices.input == 3
    assert known.info("openai", "gpt-4o-2024-08-06").prices.output == 10
    assert known.info("openai", "gpt-4o").prices.input == 2.5
    assert "gpt-4o-2024-08-06" not in known.info("openai", "gpt-4o").aliases


WRONG = [
    ("model: {}", "line 1: model is not a known key .did you mean 'models'"),
    ("aliases:\n  fast:\n    model: a:b\n    temprature: 1", "line 4: aliases.fast.temprature is not a known "
     "key .did you mean 'temperature'"),
    ("models:\n  a:b:\n    prices:\n      inptu: 1", "line 4: models.a:b.prices.inptu .* 'input'"),
    ("models:\n  a:b:\n    prices:\n      input: -1", "line 4: models.a:b.prices.input must be US .* not -1"),
    ("models: {a:b: {capabilities: [tols]}}", "lists 'tols' .did you mean 'tools'"),
    ("models: {a:b: {released: soon}}", "must be a day such as"),
    ("models: {a:b: {context_window: true}}", "context_window must be a whole number .*, not True"),
    ("models: {b: {}}", "models.b must be named provider:model"),
    ("aliases: {a b: c:d}", "must have a name without colons and spaces"),
    ("aliases: {a: {model: c:d, temperature: 3}}", "a.temperature must be a number from 0 to 2, not 3"),
    ("aliases: {a: {model: c:d, timeout: .inf}}", "aliases.a.timeout must be a number above 0"),
    ("aliases: {a: {model: c:d, policy: {max_atempts: 3}}}", "'max_attempts'"),
    ("aliases: {a: {temperature: 1}}", "line 1: the alias 'a' says no 'model'"),
    ("aliases: {a: b, b: c, c: a}", "the alias 'a' means itself: a → b → c → a"),
    ("aliases: {local: a:b}\nproviders: {local: {provider: vllm}}", "has the name of a provider"),
    ("aliases: {a: x:y, b: {model: a, base_url: 'https://h'}}", "means the alias 'a', which may change"),
    ("aliases: {a: {model: c:d, settings: {api_key: env:K}}}", "stands beside 'settings'"),
    ("aliases: 3", "line 1: aliases must be a mapping, not 3"),
    ("- 1", "holds a list, not a mapping with models"),
    ("aliases: {a: b:c, a: b:d}", "line 1: the mapping says the key 'a' twice"),
    ("aliases: {a: [", "is not YAML"),
    ("a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
     "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: {h: [*f,*f]}", "stands for more than 100,000 values"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_mistake_in_a_file_is_an_error_that_says_where_and_what(registry, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        registry(text)
    assert "models-0.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "aliases: {a: {model: c:d, api_key: sk-very-secret}}",
        "aliases: {a: {model: c:d, settings: {ad_token: sk-very-secret}}}",
        "providers: {a: {settings: {headers: {Authorization: sk-very-secret}}}}",
    ],
)
def test_a_key_in_a_file_is_refused_and_not_shown(registry, text):
    with pytest.raises(ConfigError, match="no file may hold a key") as caught:
        registry(text)
    assert "very-secret" not in str(caught.value)


def test_an_empty_variable_is_an_error(registry):
    with pytest.raises(ConfigError, match="GRAPHBIT_MODEL_FAST is empty"):
        registry(environ={"GRAPHBIT_MODEL_FAST": " "})


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml cannot be read"):
        ModelRegistry([tmp_path / "nowhere.yaml"], environ={})


def test_yaml_may_merge_what_entries_share(registry):
    known = registry(
        """
        aliases:
          a: &shared {model: x:y, temperature: 0.5, timeout: 9}
          b: {<<: *shared, temperature: 1}
        models: {x:y: {released: 2026-01-02}}
        """,
        built_in=False,
    )
    assert known.find("b").settings.request == {"temperature": 1}
    assert known.find("b").settings.timeout == 9
    assert known.info("x", "y").released == "2026-01-02"


def test_reload_reads_again_and_keeps_what_was_known_if_that_fails(registry):
    known = registry("aliases: {a: x:old}")
    [file] = known.files
    file.write_text("aliases: {a: x:new}", encoding="utf-8")
    assert known.aliases == {"a": "x:old"}
    known.reload()
    assert known.aliases == {"a": "x:new"}
    file.write_text("aliases: {a: ", encoding="utf-8")
    with pytest.raises(ConfigError):
        known.reload()
    assert known.aliases == {"a": "x:new"}


def test_readers_see_one_state_or_the_other_while_it_is_read_again(registry):
    known = registry("models: {x:y: {prices: {input: 1, output: 1}}}")
    [file] = known.files
    seen, stop = set(), threading.Event()

    def read():
        while not stop.is_set():
            seen.add(known.cost("x:y", Usage(1_000_000, 1_000_000)))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for thread in readers:
        thread.start()
    for price in (2, 3, 4):
        file.write_text(f"models: {{x:y: {{prices: {{input: {price}, output: {price}}}}}}}", encoding="utf-8")
        known.reload()
    stop.set()
    for thread in readers:
        thread.join()
    assert seen <= {2, 4, 6, 8}
