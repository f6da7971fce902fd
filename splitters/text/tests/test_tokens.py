from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import graphbit_splitter_text
import pytest
from graphbit_splitter_text import Cl100kBase, O200kBase, TokenSplitter
from graphbit_splitter_text.tokenizers import load_vocabulary
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
    cached.write_bytes(files(graphbit_splitter_text).joinpath("vocabulary", f"{name}.tiktoken").read_bytes())
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
    assert TokenSplitter(chunk_size=2, chunk_overlap=0).split("a😀b")[0].text == "a"


def test_a_character_of_more_tokens_than_fit_is_a_chunk_by_itself() -> None:
    texts = [chunk.text for chunk in TokenSplitter(chunk_size=1, chunk_overlap=0).split("a😀b")]
    assert texts == ["a", "😀", "b"]


@given(st.text())
@pytest.mark.parametrize("name", TOKENIZERS)
def test_there_is_a_boundary_for_every_token_and_the_last_is_the_end(name: str, text: str) -> None:
    tokenizer = TOKENIZERS[name]
    boundaries = list(tokenizer.boundaries(text))
    assert len(boundaries) == tokenizer.count(text)
    assert boundaries == sorted(boundaries)
    assert boundaries[-1:] == ([len(text)] if text else [])


def test_chunks_are_as_long_as_asked_for_and_share_what_was_asked_for() -> None:
    text = " word" * 1000
    chunks = TokenSplitter(chunk_size=100, chunk_overlap=20).split(text)
    assert [(chunk.start, chunk.end) for chunk in chunks[:3]] == [(0, 500), (400, 900), (800, 1300)]


def test_an_unknown_encoding_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError, match="cl100k_base, o200k_base, not 'gpt2'"):
        TokenSplitter(encoding="gpt2")


def test_half_a_surrogate_pair_is_refused_with_its_place() -> None:
    with pytest.raises(ValidationError, match="character 2 of the text") as caught:
        Cl100kBase().count("ab\ud83d")
    assert caught.value.field == "text"


def test_it_survives_pickling_without_its_vocabulary() -> None:
    splitter = TokenSplitter(chunk_size=5, chunk_overlap=0)
    pickled = pickle.dumps(splitter)
    assert len(pickled) < 1000
    assert pickle.loads(pickled).split("One two three.") == splitter.split("One two three.")


def test_counting_needs_no_network_and_leaves_no_files(tmp_path: Path) -> None:
    code = """
import socket
def refuse(*args): raise SystemExit(f"a connection to {args} was tried")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from graphbit_splitter_text import Cl100kBase, O200kBase
print(Cl100kBase().count("hello world") + O200kBase().count("hello world"))
"""
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path), "PATH": os.defpath}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.stdout, done.stderr) == ("4\n", "")
    assert list(tmp_path.iterdir()) == []
