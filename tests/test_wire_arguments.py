"""Arguments go back to an API as an object, whatever the model wrote."""

from __future__ import annotations

import json

import pytest

from graphbit_core.wire import INVALID_JSON, arguments_object


@pytest.mark.parametrize("arguments", ["", " \n", "{}", '{"a": [1, null, "\u00e9"]}'])
def test_an_object_stands_as_it_is_and_nothing_is_an_empty_one(arguments: str) -> None:
    assert arguments_object(arguments) == json.loads(arguments.strip() or "{}")


@pytest.mark.parametrize(
    "arguments",
    [
        *('{"city":', "[1]", "null", '"{}"', "NaN", '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud83d"}'),
        *("[" * 100_000, '{"a": ' + "9" * 5000 + "}"),
    ],
    ids=lambda arguments: arguments[:12],
)
def test_what_is_no_object_or_cannot_be_sent_is_wrapped_whole(arguments: str) -> None:
    assert arguments_object(arguments) == {INVALID_JSON: arguments}
