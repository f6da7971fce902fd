from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import graphbit_tokenizer_tiktoken
import pytest
from graphbit_tokenizer_tiktoken import Cl100kBase, O200kBase, O200kHarmony, tokenizers
from graphbit_tokenizer_tiktoken.tokenizers import load_vocabulary
from hypothesis import given, strategies as st
from tiktoken import Encoding
from tiktoken_ext import openai_public  # type: ignore[import-untyped]

from graphbit_core import ConfigError, ValidationError

TOKENIZERS = {"cl100k_base": Cl100kBase(), "o200k_base": O200kBase()}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_each_encoding_is_the_one_that_tiktoken_publishes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
    cached = tmp_path / hashlib.sha1(url.encode()).hexdigest()
    packed = files(graphbit_tokenizer_tiktoken).joinpath("vocabulary", f"{name}.tiktoken.gz").read_bytes()
    cached.write_bytes(gzip.decompress(packed))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    expected = Encoding(**getattr(openai_public, name)())  # compares the file's SHA-256 with its own
    ours = load_vocabulary(name).encoding
    text = "It's 12345 o'clock; naïve DON'T\r\n\n  日本語 😀\u0301 <|endoftext|>\t\u00a0x_y  " * 3
    assert ours.encode_ordinary(text) == expected.encode_ordinary(text)
    assert ours._pat_str == expected._pat_str


COUNTS = [
    ("", 0, 0),
    ("hello world", 2, 2),
    ("tiktoken is great!", 6, 6),
    ("2 + 2 = 4", 7, 7),
    ("お誕生日おめでとう", 9, 8),
]


@pytest.mark.parametrize(("text", "cl100k", "o200k"), COUNTS)
def test_counts_are_those_that_openai_publishes(text: str, cl100k: int, o200k: int) -> None:
    assert (Cl100kBase().count(text), O200kBase().count(text)) == (cl100k, o200k)


def test_special_tokens_are_text_like_any_other() -> None:
    assert Cl100kBase().count("<|endoftext|>") == 7


def test_a_cut_inside_a_character_moves_to_its_end() -> None:
    assert Cl100kBase().boundaries("a😀b") == [1, 2, 2, 3]


@given(st.text())
@pytest.mark.parametrize("name", TOKENIZERS)
def test_there_is_a_boundary_for_every_token_and_the_last_is_the_end(name: str, text: str) -> None:
    tokenizer = TOKENIZERS[name]
    boundaries = list(tokenizer.boundaries(text))
    assert len(boundaries) == tokenizer.count(text)
    assert boundaries == sorted(boundaries)
    assert boundaries[-1:] == ([len(text)] if text else [])


def test_half_a_surrogate_pair_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match="character 2 of the text") as caught:
        Cl100kBase().count("ab\ud83d")
    assert caught.value.field == "text"


def test_counting_needs_no_network_and_leaves_no_files(tmp_path: Path) -> None:
    code = """
import socket
def refuse(*args): raise SystemExit(f"a connection to {args} was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from graphbit_tokenizer_tiktoken import Cl100kBase, O200kBase
print(Cl100kBase().count("hello world") + O200kBase().count("hello world"))
"""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == ("4\n", "")
    assert list(tmp_path.iterdir()) == []


def test_harmony_is_o200k_with_other_special_tokens_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
    packed = files(graphbit_tokenizer_tiktoken).joinpath("vocabulary", "o200k_base.tiktoken.gz").read_bytes()
    (tmp_path / hashlib.sha1(url.encode()).hexdigest()).write_bytes(gzip.decompress(packed))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    expected = Encoding(**openai_public.o200k_harmony())
    for text in ("Don't stop. 日本語 😀 " * 5, "<|channel|>final<|message|>"):
        assert O200kHarmony().count(text) == len(expected.encode_ordinary(text))


def test_a_vocabulary_that_was_altered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    load_vocabulary.cache_clear()
    monkeypatch.setitem(tokenizers._SHA256, "cl100k_base", "0" * 64)
    with pytest.raises(ConfigError, match="was altered; install graphbit-tokenizer-tiktoken again"):
        Cl100kBase().count("text")
    load_vocabulary.cache_clear()
