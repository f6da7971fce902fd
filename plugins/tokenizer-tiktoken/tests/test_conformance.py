from __future__ import annotations

from graphbit_tokenizer_tiktoken import Cl100kBase, O200kBase, O200kHarmony

from graphbit_core.testing import TokenizerConformance


class TestCl100kBase(TokenizerConformance):
    component = Cl100kBase


class TestO200kBase(TokenizerConformance):
    component = O200kBase


class TestO200kHarmony(TokenizerConformance):
    component = O200kHarmony
