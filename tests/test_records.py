from __future__ import annotations

import math
from typing import Any

import pytest

from graphbit_core import Condition, ConfigError, Query, Record, ValidationError
from graphbit_core.records import all_hold, check_collection, check_conditions, check_query, check_record

METADATA: dict[str, Any] = {"n": 2, "kind": "even", "flag": True, "none": None, "big": 2**60 + 1}


@pytest.mark.parametrize(
    ("key", "operator", "value", "holds"),
    [
        ("n", "==", 2.0, True),
        ("n", "!=", 2.0, False),
        ("n", "in", [1, 2], True),
        ("n", "in", [], False),
        ("n", ">", 1, True),
        ("n", ">=", 2, True),
        ("n", "<", 2, False),
        ("n", "<=", 2, True),
        ("flag", "==", 1, True),
        ("kind", ">", 0, False),
        ("none", "==", None, True),
        ("missing", "==", None, True),
        ("missing", "<", 9, False),
        ("big", "==", 2**60, False),
    ],
)
def test_a_condition_holds_as_python_compares(key: str, operator: Any, value: Any, holds: bool) -> None:
    where = [Condition(key, operator, value)]
    check_conditions(where)
    assert all_hold(where, METADATA) is holds


def test_conditions_hold_together_and_none_at_all_always_do() -> None:
    assert all_hold([], {})
    assert not all_hold([Condition("n", "==", 2), Condition("kind", "==", "odd")], METADATA)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        (">", "two"),
        ("<", math.nan),
        ("like", "x"),
        ("==", [1]),
        ("in", "abc"),
        ("in", [[1]]),
        ("in", iter([1])),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_by_name(operator: Any, value: Any) -> None:
    with pytest.raises(ValidationError, match=f"^n {operator} ") as caught:
        check_conditions([Condition("n", operator, value)])
    assert caught.value.field == "n"


def test_vectors_come_back_as_floats() -> None:
    assert check_record(Record("a", [1, 2], "", {"page": 1}), 2) == [1.0, 2.0]
    assert check_query(Query([1, 2]), 2) == [1.0, 2.0]


@pytest.mark.parametrize("vector", [[], [1.0], [1.0, math.nan], [math.inf, 1.0]])
def test_vectors_of_another_length_or_not_finite_are_refused(vector: list[float]) -> None:
    with pytest.raises(ValidationError, match="vector") as caught:
        check_record(Record("a", vector, ""), 2)
    assert caught.value.field == "vector"
    with pytest.raises(ValidationError, match="vector") as caught:
        check_query(Query(vector), 2)
    assert caught.value.field == "vector"


@pytest.mark.parametrize("value", [math.nan, math.inf, [1], {}])
def test_metadata_that_is_not_plain_is_refused_by_record_and_key(value: Any) -> None:
    with pytest.raises(ValidationError, match="'ratio' of record 'a'"):
        check_record(Record("a", [1.0], "", {"ratio": value}), 1)


def test_a_query_for_no_match_or_with_a_wrong_condition_is_refused() -> None:
    with pytest.raises(ValidationError, match="k is 0"):
        check_query(Query([1.0], k=0), 1)
    with pytest.raises(ValidationError, match="n in"):
        check_query(Query([1.0], where=[Condition("n", "in", 3)]), 1)


def test_a_collection_is_named_like_a_file() -> None:
    assert check_collection("notes-2.v1") == "notes-2.v1"
    wrong: list[Any] = ["", "..", "a/b", ".hidden", "x" * 101, None]
    for name in wrong:
        with pytest.raises(ConfigError, match="collection"):
            check_collection(name)
