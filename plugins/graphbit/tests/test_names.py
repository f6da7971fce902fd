"""The distribution adds an import name and nothing else."""

from __future__ import annotations

import graphbit
import pytest

import graphbit_core


def test_every_public_name_is_the_one_of_the_core():
    assert graphbit.__all__ == graphbit_core.__all__
    for name in ("Document", "GraphBitError", "NodeType"):
        assert getattr(graphbit, name) is getattr(graphbit_core, name)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError):
        graphbit.NoSuchName  # noqa: B018
