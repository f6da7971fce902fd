"""Prompt templates."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings, strategies as st

from graphbit_core import Document, Executor, Match, Node, ValidationError, Workflow
from graphbit_core.workflow import template as module
from graphbit_core.workflow.template import MAX_RENDERED, lookup, placeholders, render

names = st.sampled_from(["a", "b", "a.b", "node-1.0.x", "_x"])
plain = st.text(alphabet="ab {}.\n\\$%:!", max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | plain
data = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3)
)


def fill(template, **values):
    return render(template, lambda name: lookup(name, values))


def test_names_are_replaced_once_and_values_are_never_looked_at():
    values = {"a": "{b}", "b": "secret"}
    assert render("{a}-{b}", lambda name: values[name]) == "{b}-secret"


def test_braces_around_anything_else_are_text():
    template = '{"json": {"x": [1]}} { spaced } {1} {} {{name}}'
    assert placeholders(template) == []
    assert render(template, lambda name: pytest.fail(name)) == template.replace("{{name}}", "{name}")


@pytest.mark.parametrize(
    "template",
    [
        "{a!r}",
        "{a:>10}",
        "{a:{b}}",
        "{a[0]}",
        "{a()}",
        "{a|upper}",
        "{{ a }}",
        "{% if a %}",
        "${a.}",
        "%(a)s",
        "{a .b}",
    ],
)
def test_there_are_no_formats_conversions_calls_or_filters(template):
    assert "a" not in placeholders(template)
    assert fill(template, b="x") == template.replace("{b}", "x")


def test_paths_reach_into_mappings_and_lists_but_not_into_objects():
    values = {"node": {"items": [{"title": "x"}]}, "text": "abc"}
    assert lookup("node.items.0.title", values) == "x"
    for missing in ("node.items.5", "text.__class__", "node.items.upper", "other"):
        with pytest.raises(KeyError):
            lookup(missing, values)


@pytest.mark.parametrize("value", [Document("t"), Match("1", 0.5, "t"), "text", 5, None, print, type])
def test_no_attribute_of_any_value_can_be_named(value):
    for name in ("text", "__class__", "__class__.__mro__", "real", "__doc__", "0"):
        with pytest.raises(KeyError):
            lookup(f"a.{name}", {"a": value})


@pytest.mark.parametrize("index", ["²", "٣", "-1", "9" * 5000, "1_0", "1.5"])
def test_an_index_is_made_of_plain_digits(index):
    with pytest.raises(KeyError):
        lookup(f"a.{index}", {"a": ["x", "y"] * 10})


def test_a_missing_name_is_an_error_that_names_it_and_never_an_empty_text(host):
    workflow = Workflow("w").chain(
        Node.transform("draft", lambda: {"title": "x"}), Node.transform("end", template="{draft.author}")
    )
    error = Executor(host=host).execute(workflow).error.__cause__
    assert isinstance(error, ValidationError)
    assert "{draft.author} has no value: there is no 'draft.author'" in str(error)


def test_only_names_the_template_declares_are_asked_for():
    asked = []
    render("{a} {{b}} {a.c}", lambda name: asked.append(name) or "{d}")
    assert asked == placeholders("{a} {{b}} {a.c}") == ["a", "a.c"]


# --- length ---------------------------------------------------------------------------------------


def test_the_length_counts_the_template_too():
    half = "x" * (MAX_RENDERED // 2)
    assert len(fill(f"{half}{{a}}", a=half)) == MAX_RENDERED
    for template, value in (
        (f"{half}{{a}}y", half),
        (f"{half}{{a}}", half + "y"),
        ("y" * (MAX_RENDERED + 1), ""),
    ):
        with pytest.raises(ValidationError, match=r"grew past|at most"):
            fill(template, a=value)


def test_a_value_used_often_counts_each_time():
    with pytest.raises(ValidationError, match=r"grew past .* at \{a\}") as caught:
        fill("{a}" * 100, a="x" * (MAX_RENDERED // 50))
    assert caught.value.field == "a"


def test_a_small_value_whose_text_would_fill_the_memory_is_refused_at_once():
    bomb = ["laugh"]
    for _ in range(50):
        bomb = [bomb] * 10
    began = time.monotonic()
    with pytest.raises(ValidationError, match="grew past"):
        fill("{a}", a=bomb)
    with pytest.raises(ValidationError, match="grew past"):
        fill("{a}", a=["x" * 1_000_000] * 10_000)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "value",
    [object(), print, Document, {"a": object()}, b"bytes", [10**5000], {1: {2, 3, b"x"}}, [lambda: 1]],
)
def test_a_value_without_a_form_as_text_is_an_error_that_names_it(value):
    with pytest.raises(ValidationError, match=r"\{a\} cannot be written as text") as caught:
        fill("{a}", a=value)
    assert caught.value.field == "a"


def test_a_value_that_is_nested_without_end_is_an_error_that_names_it():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    loop = {}
    loop["loop"] = loop
    with pytest.raises(ValidationError, match=r"\{a\} is nested too deep"):
        fill("{a}", a=deep)
    with pytest.raises(ValidationError, match=r"grew past|nested too deep"):
        fill("{a}", a=loop)


def test_documents_count_with_their_text_alone():
    document = Document("text", {"source": "x" * MAX_RENDERED})
    assert fill("{a}", a=document) == "text"
    assert fill("{a}", a=[document, Match("1", 1.0, "found", document.metadata)]) == "text\n\nfound"
    with pytest.raises(ValidationError, match="grew past"):
        fill("{a}", a=[Document("x" * 1_000_000)] * 11)


def test_fields_of_a_dataclass_that_its_repr_hides_are_neither_counted_nor_shown():
    @dataclass
    class Draft:
        title: str
        key: str = field(default="s3cret" * 10_000_000, repr=False)

    assert "s3cret" not in fill("{a}", a=Draft("x"))


def test_many_braces_and_long_names_are_read_in_linear_time():
    began = time.monotonic()
    for text in ("{" * 500_000, "{a" * 300_000, "{a." * 300_000, "{" + "a.b" * 300_000, "{{a}" * 200_000):
        placeholders(text)
    assert time.monotonic() - began < 10


# --- any template, any value ---------------------------------------------------------------------


@given(st.text(), st.text())
def test_rendering_never_fails_on_any_text(template, value):
    assert isinstance(render(template, lambda _: value), str)


@given(
    st.lists(st.tuples(plain.filter(lambda text: "{" not in text and "}" not in text), names), max_size=6),
    plain,
)
def test_braces_in_a_value_never_expand(parts, value):
    template = "".join(f"{text}{{{name}}}" for text, name in parts)
    hidden = f"{value}{{b}}{{{{a}}}}"
    assert render(template, lambda _: hidden) == "".join(text + hidden for text, _ in parts)


@settings(deadline=None)
@given(
    st.lists(st.one_of(plain, names.map("{{{}}}".format)), max_size=8).map("".join), data, st.integers(0, 60)
)
def test_the_output_is_never_longer_than_its_bound(template, value, bound):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_RENDERED", bound)
        try:
            assert len(render(template, lambda _: value)) <= bound
        except ValidationError as error:
            assert str(bound) in str(error) or "cannot be written" in str(error)
