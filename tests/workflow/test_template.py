"""Prompt templates."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from graphbit_core.workflow.template import lookup, placeholders, render


def test_names_are_replaced_once_and_values_are_never_looked_at():
    values = {"a": "{b}", "b": "secret"}
    assert render("{a}-{b}", lambda name: values[name]) == "{b}-secret"


def test_braces_around_anything_else_are_text():
    template = '{"json": {"x": [1]}} { spaced } {1} {} {{name}}'
    assert placeholders(template) == []
    assert render(template, lambda name: pytest.fail(name)) == template.replace("{{name}}", "{name}")


def test_paths_reach_into_mappings_and_lists_but_not_into_objects():
    values = {"node": {"items": [{"title": "x"}]}, "text": "abc"}
    assert lookup("node.items.0.title", values) == "x"
    for missing in ("node.items.5", "text.__class__", "node.items.upper", "other"):
        with pytest.raises(KeyError):
            lookup(missing, values)


@given(st.text(), st.text())
def test_rendering_never_fails_on_any_text(template, value):
    assert isinstance(render(template, lambda _: value), str)
