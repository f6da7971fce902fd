"""The lazy public names: what a type checker sees is what runs."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest


def names_for_type_checkers(module: str) -> dict[str, str]:
    """Name → full module, from the ``if TYPE_CHECKING:`` block."""
    path = importlib.import_module(module).__file__
    assert path is not None
    [block] = [
        node
        for node in ast.parse(Path(path).read_bytes()).body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    found = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name: f"{node.module}" for node in found for alias in node.names}


@pytest.mark.parametrize("module", ["graphbit_core", "graphbit_core.testing"])
def test_all_names_import_and_are_those_a_type_checker_sees(module: str):
    face = importlib.import_module(module)
    seen = names_for_type_checkers(module)
    assert sorted(face.__all__) == sorted(seen)
    for name, home in seen.items():
        assert getattr(face, name) is getattr(importlib.import_module(home), name), name


def test_an_unknown_name_is_an_attribute_error():
    import graphbit_core

    with pytest.raises(AttributeError, match="no attribute 'Wrokflow'"):
        graphbit_core.Wrokflow  # noqa: B018
