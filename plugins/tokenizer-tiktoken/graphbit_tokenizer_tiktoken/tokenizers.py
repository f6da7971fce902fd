"""Tokenizers of OpenAI's models. Their vocabularies are part of this package, so nothing is downloaded."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import ClassVar

from tiktoken import Encoding

from graphbit_core import ConfigError
from graphbit_core.text import check_text

_CL100K_WORDS = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|"
    r"\s*[\r\n]|\s+(?!\S)|\s"
)
_O200K_WORDS = "|".join(
    [
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    ]
)
_WORDS = {"cl100k_base": _CL100K_WORDS, "o200k_base": _O200K_WORDS}
"""Encoding → the pattern of what it never merges across, as tiktoken has it."""
_SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
"""Encoding → what tiktoken demands of the file of its vocabulary."""

_CONTINUATION = bytes(range(0x80, 0xC0))  # in UTF-8, the bytes that do not begin a character


@dataclass(frozen=True)
class Vocabulary:
    """An encoding, and two facts about each of its tokens, by number.

    Attributes:
        encoding: What turns text into numbers of tokens.
        begun: How many characters begin in the token.
        inside: 1 if the token goes on with a character that the token before it began, else 0.
    """

    encoding: Encoding
    begun: list[int]
    inside: bytes


@cache
def load_vocabulary(name: str) -> Vocabulary:
    """The encoding called ``name``, read from this package at its first use (about 0.3 s).

    Raises:
        ConfigError: The installed file is not the one that tiktoken demands.
    """
    packed = files(__package__).joinpath("vocabulary", f"{name}.tiktoken.gz").read_bytes()
    content = gzip.decompress(packed)
    if hashlib.sha256(content).hexdigest() != _SHA256[name]:
        fix = "install graphbit-tokenizer-tiktoken again"
        raise ConfigError(f"the vocabulary {name} of this installation was altered; {fix}", setting=name)
    ranks = {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}
    # Without special tokens, "<|endoftext|>" in a text is text like any other.
    encoding = Encoding(name, pat_str=_WORDS[name], mergeable_ranks=ranks, special_tokens={})
    tokens = sorted(ranks, key=ranks.__getitem__)
    begun = [len(token.translate(None, _CONTINUATION)) for token in tokens]
    return Vocabulary(encoding, begun, bytes(token[0] in _CONTINUATION for token in tokens))


class Tokenizer:
    """What the tokenizers of this package share; a subclass names its encoding."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    encoding: ClassVar[str]

    def count(self, text: str) -> int:
        """Number of tokens in ``text``; special tokens count as ordinary text."""
        check_text(text)
        return len(load_vocabulary(self.encoding).encoding.encode_ordinary(text))

    def boundaries(self, text: str) -> list[int]:
        """Character index at which each token ends; a cut inside a character moves to its end."""
        return self.ends_and_cuts(text)[0]

    def ends_and_cuts(self, text: str) -> tuple[list[int], bytes]:
        """The boundaries, and for each of them 1 if the token really ends inside a character, else 0."""
        check_text(text)
        vocabulary = load_vocabulary(self.encoding)
        tokens = vocabulary.encoding.encode_ordinary(text)
        ends = list(accumulate(map(vocabulary.begun.__getitem__, tokens)))
        return ends, bytes(map(vocabulary.inside.__getitem__, tokens))[1:] + b"\0"[: len(tokens)]


class Cl100kBase(Tokenizer):
    """Counts as GPT-4, GPT-3.5 and the ``text-embedding-3`` models do."""

    encoding = "cl100k_base"


class O200kBase(Tokenizer):
    """Counts as GPT-4o, GPT-4.1, GPT-5 and the o-series do."""

    encoding = "o200k_base"


class O200kHarmony(O200kBase):
    """Counts as gpt-oss does: as ``o200k_base``, because the two differ in special tokens only."""
