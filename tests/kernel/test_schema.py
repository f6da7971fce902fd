"""JSON Schema from Python; the rules themselves are tested in the kernel."""

from __future__ import annotations

import json
import threading

import pytest

from graphbit_core import ValidationError
from graphbit_core.kernel import Schema

PERSON = Schema(
    json.dumps({"type": "object", "properties": {"age": {"type": "integer"}}, "additionalProperties": False})
)


def test_faults_come_with_their_place():
    assert PERSON.check('{"age": 36}') == []
    assert PERSON.check('{"age": "x"}') == [("/age", '"x" is not of type "integer"')]


@pytest.mark.parametrize("text", ["", "nonsense", '{"age": NaN}', '"\ud800"', "[" * 100_000, "1" * 2_000_000])
def test_what_is_no_json_within_bounds_is_a_fault_of_the_whole(text):
    [(place, what)] = PERSON.check(text)
    assert place == ""
    assert len(what) < 200


@pytest.mark.parametrize("schema", ["{", '{"type": "strin"}', '{"$ref": "https://example.com/a.json"}'])
def test_a_wrong_schema_is_a_validation_error(schema):
    with pytest.raises(ValidationError) as caught:
        Schema(schema)
    assert caught.value.field == "schema"


def test_many_threads_may_use_one_schema():
    wrong = json.dumps({"age": "x" * 100_000})
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(PERSON.check(wrong))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [[("/age", 'the value is not of type "integer"')]] * 8
