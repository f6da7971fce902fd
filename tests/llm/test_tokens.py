"""Counting tokens: exact where it can be, and said to be an estimate where not."""

from __future__ import annotations

from typing import ClassVar

import pytest
from graphbit_tokenizer_tiktoken import O200kBase

from graphbit_core import Host, Message, ValidationError
from graphbit_core.llm.models import ModelInfo
from graphbit_core.llm.tokens import TokenCount, count_tokens
from graphbit_core.types.messages import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    JsonOutput,
    PassagePart,
    TextPart,
    ToolCall,
    ToolSpec,
)

TEXT = "It's 12345 o'clock; naïve 日本語 😀 " * 20


class Characters:
    """Counts every character."""

    graphbit_api: ClassVar = (1, 0)

    def count(self, text):
        return len(text)

    def boundaries(self, text):
        return range(1, len(text) + 1)


def test_a_text_is_counted_exactly_where_the_tokenizer_is_installed():
    assert count_tokens(TEXT, "openai:gpt-4o") == TokenCount(O200kBase().count(TEXT), True, "o200k_base")
    assert count_tokens(TEXT, "groq:openai/gpt-oss-120b").tokenizer == "o200k_harmony"


def test_without_it_the_count_is_an_estimate_and_says_so():
    bare = Host.isolated()
    found = count_tokens("a" * 400, "openai:gpt-4o", host=bare)
    assert found == TokenCount(100, False, "")
    assert count_tokens("a" * 320, "anthropic:claude-opus-5-5", host=bare).tokens == 100
    assert count_tokens("a" * 350, "nobody:nothing", host=bare).tokens == 100
    assert count_tokens("", "nobody:nothing", host=bare).tokens == 0


@pytest.mark.parametrize(
    "text", ["The quick brown fox jumps over the lazy dog. " * 50, TEXT, "日本語の文章。" * 100]
)
def test_an_estimate_is_near_what_is_counted(text):
    exact = count_tokens(text, "openai:gpt-4o").tokens
    estimate = count_tokens(text, "openai:gpt-4o", host=Host.isolated()).tokens
    assert 0.7 * exact < estimate < 1.6 * exact


def test_a_tokenizer_of_ones_own_counts_for_the_models_that_name_it():
    host = Host.isolated({("tokenizer", "characters"): Characters})
    model = ModelInfo("m", "p", tokenizer="characters")
    assert count_tokens("four", model, host=host) == TokenCount(4, True, "characters")


def test_a_request_counts_all_that_is_sent_and_is_never_exact():
    host = Host.isolated({("tokenizer", "characters"): Characters})
    model = ModelInfo("m", "p", tokenizer="characters")

    def tokens(*messages, **options):
        found = count_tokens(ChatRequest(messages, **options), model, host=host)
        assert (found.exact, found.tokenizer) == (False, "characters")
        return found.tokens

    plain = tokens(Message("user", "x" * 100))
    assert plain == 100 + 8
    assert tokens(Message("user", [TextPart("x" * 60), PassagePart(1, "y" * 33, "a.md")])) == 102 + 8
    assert tokens(Message("assistant", "", tool_calls=[ToolCall("1", "look", '{"a": 1}')])) == 12 + 8
    assert tokens(Message("user", [ImagePart(url="u"), AudioPart(b"x" * 2500)])) == 1600 + 10 + 8
    assert tokens(Message("user", [FilePart("f", b"x" * 400), FilePart("g", file_id="id")])) == 100 + 8
    schema = {"type": "object"}
    assert tokens(Message("user", "x" * 100), tools=[ToolSpec("t", "does", schema)]) > plain + 20
    assert tokens(Message("user", "x" * 100), output=JsonOutput(schema)) == plain + 18


def test_a_text_that_no_model_can_be_sent_is_refused_by_the_tokenizer():
    with pytest.raises(ValidationError, match="surrogate"):
        count_tokens("ab\ud83d", "openai:gpt-4o")
