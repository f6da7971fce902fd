from __future__ import annotations

import textwrap

import pytest

from graphbit_core.llm.models import ModelRegistry


@pytest.fixture
def registry(tmp_path):
    """Makes a registry of texts, each of which becomes a file."""

    def make(*texts, environ=None, built_in=True):
        files = []
        for number, text in enumerate(texts):
            files.append(tmp_path / f"models-{number}.yaml")
            files[-1].write_text(textwrap.dedent(text), encoding="utf-8")
        return ModelRegistry(files, environ=environ or {}, built_in=built_in)

    return make
