"""What an expression may say, and what it means."""

from __future__ import annotations

import pytest

from graphbit_core import Document, Match, OutputNotProducedError, ValidationError
from graphbit_core.workflow.expressions import Expression

VALUES = {
    "draft": {"score": 7, "title": "Über Bäume", "tags": ["short", "good"], "a key": 1, "none": None},
    "items": [{"name": "first"}, {"name": "last"}],
    "empty": [],
    "text": "5",
    "draft-1": {"ok": True},
    "key": "title",
    "documents": [Document("a text", {"page": 3})],
    "match": Match("m1", 0.5, "found", {}),
    "kinds": {"x", "y"},
    "nan": float("nan"),
}


def value(text, values=VALUES):
    return Expression(text).evaluate(values.__getitem__)


def refusal(text, values=VALUES):
    with pytest.raises(ValidationError) as caught:
        value(text, values)
    assert caught.value.field == "expression"
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("1.5e3", 1500.0),
        (r"'it\'s \"so\" \\ \d'", r"""it's "so" \ \d"""),
        (r"'a\nb\tc'", "a\nb\tc"),
        ("true", True),
        ("False", False),
        ("null == None", True),
        ("[1, 'a', [true],]", [1, "a", [True]]),
        ("[]", []),
        ("1 + 2 * 3 - 4 / 2", 5.0),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("7 % 4 + -2", 1),
        ("--2", 2),
        ("2 - -2", 4),
        ("1 + 1 == 2 and not 2 < 1", True),
        ("true or false and false", True),
        ("not true or true", True),
        ("not 1 in [2]", True),
        ("3 not in [1, 2]", True),
        ("1 == 1.0", True),
        ("'a' < 'b'", True),
        ("2 >= 2 and 2 <= 2 and 3 > 2 and 2 != 3", True),
        ("[1, ['a', null]] == [1, ['a', null]]", True),
        ("[1] == ['1']", False),
        ("[true] == [1]", False),
        ("'ob' in 'robot'", True),
        ("null in [1, null]", True),
        ("'b' in ['a', 1, null]", False),
        ("\n  1 +\t2\n", 3),
    ],
)
def test_literals_and_operators_mean_what_they_mean_elsewhere(text, expected):
    found = value(text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("draft.score", 7),
        ("draft . score", 7),
        ('draft["a key"]', 1),
        ("items[0].name", "first"),
        ("items.1.name", "last"),
        ("items[-1].name", "last"),
        ("items[len(items) - 1].name", "last"),
        ("draft[key]", "Über Bäume"),
        ("`draft-1`.ok", True),
        ("documents[0].text", "a text"),
        ("documents[0].metadata.page", 3),
        ("match.score + match['score']", 1.0),
        ("'score' in draft", True),
        ("'x' in kinds", True),
        ("draft.tags == ['short', 'good']", True),
        ("draft.none == null", True),
        ("text != null", True),
    ],
)
def test_paths_reach_into_mappings_lists_and_our_records(text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("len('abc') + len([1]) + len(draft.tags)", 6),
        ("lower('ÄB')", "äb"),
        ("upper('äb')", "ÄB"),
        ("contains('abc', 'b') and contains([1], 1) and contains(draft, 'score')", True),
        ("starts_with('abc', 'ab') and ends_with('abc', 'bc')", True),
        ("min(3, 1, 2) + max([4, 5])", 6),
        ("max('a', 'b')", "b"),
        ("sum([1, 2, 0.5])", 3.5),
        ("sum([])", 0),
        ("any([0, 'x']) and not any([])", True),
        ("all([1, 'x']) and all([])", True),
        ("abs(-3)", 3),
        ("round(2.567, 2)", 2.57),
        ("round(2.6)", 3),
        ("int(' 42 ') + int(3.9) + int('-7')", 38),
        ("float('1.5e2')", 150.0),
        ("str(5) == text", True),
        ("str(null)", ""),
        (r"matches(draft.title, '^\w+ B')", True),
        (r"matches(draft.title, '^B')", False),
        ("default(draft.missing, 'x')", "x"),
        ("default(draft.score, 0)", 7),
        ("default(nobody.at.all[3], [])", []),
        ("default(draft.none, 1) == null", True),
        ("default(items[9], default(text, 0))", "5"),
    ],
)
def test_functions_of_the_closed_set(text, expected):
    assert value(text) == expected


def test_and_or_give_true_or_false_and_stop_when_decided():
    assert value("draft and text") is True
    assert value("empty or 0") is False
    assert value("true or nobody") is True
    assert value("false and nobody") is False
    assert value("not empty") is True


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("text > 5", "text > number cannot be compared; convert one, as in float(text) or str(number)"),
        ("text == 5", "text and number cannot be compared"),
        ("true == 1", "true/false and number cannot be compared"),
        ("draft == items", "mapping and list cannot be compared"),
        ("[1] < [2]", "list < list cannot be compared"),
        ("null < 1", "null < number cannot be compared"),
        ("'5' in [5, 6]", "text cannot be in this list of number"),
        ("1 in 'abc'", "number in text cannot be asked"),
        ("nan == nan", "NaN and NaN cannot be compared"),
        ("'a' + 'b'", "texts are joined by a template"),
        ("'ab' * 3", "text * number cannot be calculated"),
        ("true + 1", "true/false + number cannot be calculated"),
        ("min([])", "a list that is not empty"),
        ("max(1, 'a')", "text > number cannot be compared"),
        ("sum(['a'])", "number + text cannot be calculated"),
        ("lower(5)", "lower takes text, and this is number; convert it with str(…)"),
        ("int('4 apples')", "text that is a whole number and nothing else"),
        ("int(null)", "int takes a number or text, and this is null"),
        ("round(1, 99)", "0 to 15 digits"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "division by zero"),
    ],
)
def test_values_that_do_not_fit_are_an_error_that_names_both(text, says):
    assert says in refusal(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nobody", "there is no 'nobody'"),
        ("draft.scor > 5", "there is no 'draft.scor' (did you mean 'score'?)"),
        ("items[5].name", "there is no 'items[5]': the list has 2 items"),
        ("items['name']", "there is no \"items['name']\": a list has whole numbers as keys"),
        ("items[true]", "there is no 'items[true/false]'"),
        (
            "draft.title.size",
            "there is no 'draft.title.size': what comes before it is text, which has no parts",
        ),
        ("match.vector", "there is no 'match.vector': a Match has id, score, text, metadata"),
    ],
)
def test_a_missing_name_or_part_is_an_error_that_names_the_path(text, says):
    assert says in refusal(text)


@pytest.mark.parametrize(
    ("text", "says", "at"),
    [
        ("lenght(draft) > 5", "there is no function 'lenght' (did you mean 'len'?)", 0),
        ("1 + foo(2)", "there is no function 'foo'; there are abs, all, any", 4),
        ("1 < 2 < 3", "comparisons make no chains; join two of them with 'and'", 6),
        ("a = 5", "write '==' to compare", 2),
        ("a && b", "write 'and'", 2),
        ("a || b", "write 'or'", 2),
        ("!a", "write 'not'", 0),
        ("a is None", "write '==' or '!='", 2),
        ("a if b else c", "there is no choice here", 2),
        ("[x for x in y]", "there are no loops here", 3),
        ("{draft}", "names stand without braces here", 0),
        ("“a”", "use straight quotes", 0),
        ("'abc", "close the text with another one", 0),
        ("(1 + 2", "')' is expected here, not its end", 6),
        ("1 +", "a value is expected here, not its end", 3),
        ("1 2", "an operator or the end is expected here, not '2'", 2),
        ("a.", "write a field's name after it", 1),
        ("value.upper()", "what a value offers cannot be called", 0),
        ("(a).b", "an operator or the end is expected here, not 'b'", 3),
        ("len()", "len takes 1 of what stands between its brackets, not 0", 0),
        ("contains(a)", "contains takes 2 of what", 0),
        ("matches(a, b)", "the pattern of matches stands in quotes", 11),
        ("matches(a, '(x')", "the pattern: cannot be used: unclosed group", 11),
        (r"matches(a, '(x)\1')", "backreferences are not supported", 11),
        ("default(1, 2)", "default takes a name or a part", 8),
        ("default(a)", "',' is expected here, not ')'", 9),
    ],
)
def test_what_cannot_be_read_is_shown_at_its_place_with_the_fix(text, says, at):
    message = refusal(text)
    assert says in message
    first, line, marker = message.split("\n")
    assert line == f"  {text}"
    assert marker == " " * (2 + at) + "^"
    assert first.startswith("the expression cannot be read: ")


def test_a_long_expression_is_shown_around_the_fault():
    message = refusal("1 + " * 500 + "? + " + "1 + " * 500 + "1")
    line, marker = message.split("\n")[1:]
    assert len(line) < 150
    assert line[len(marker) - 1] == "?"


@pytest.mark.parametrize("text", ["", "  \n", None, 5, True, ["a"]])
def test_what_is_no_text_or_empty_is_refused(text):
    with pytest.raises(ValidationError, match="expression is"):
        Expression(text)


def test_names_are_those_a_template_would_name_without_those_that_default_makes_up_for():
    expression = Expression(
        "draft.score > limit and items[0].name == items['a key'] and items[n] and rows[0]['a.b'] "
        "and default(extra.x, fallback) and `draft-1`.ok and draft.score and len(len)"
    )
    assert expression.names == (
        "draft.score",
        "limit",
        "items.0.name",
        "items.a key",
        "n",
        "items",
        "rows.0",
        "fallback",
        "draft-1.ok",
        "len",
    )


def test_default_also_stands_for_a_node_that_was_skipped_but_hides_no_other_fault():
    def resolve(name):
        raise OutputNotProducedError("skipped", node=name)

    assert Expression("default(draft.title, 'none')").evaluate(resolve) == "none"
    with pytest.raises(OutputNotProducedError):
        Expression("draft.title").evaluate(resolve)
    assert "division by zero" in refusal("default(items[1 / 0], 5)")


def test_an_expression_shows_its_text_and_never_changes():
    expression = Expression("value > 5")
    assert repr(expression) == "Expression('value > 5')"
    assert expression.text == "value > 5"
    with pytest.raises(AttributeError):
        expression.text = "true"


def test_evaluating_makes_no_change_to_values():
    values = {"a": {"b": [3, 1, 2]}}
    assert value("[max(a.b), min(a.b), a.b]", values) == [3, 1, [3, 1, 2]]
    assert values == {"a": {"b": [3, 1, 2]}}
