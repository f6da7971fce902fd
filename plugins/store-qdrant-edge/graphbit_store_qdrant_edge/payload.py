"""Records to points and back, and conditions to filters.

The library's own payload types lose what we promise to keep: it knows neither ``True == 1`` nor
``2 == 2.0``, and a key with a quotation mark has no path. So metadata is kept twice: as JSON text, which
comes back as it went in, and as ``where``, which filters read: booleans as numbers, keys percent-encoded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import qdrant_edge as edge

from graphbit_core import Condition, Metadata, Record
from graphbit_core.records import check_record

_NAMESPACE = UUID("6f3c6a0e-52c1-4a0b-9d36-0f6b3a1c9d57")
_EXACT_FLOAT = 2**53
_RANGES = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
DENSE = "dense"
TEXT = "text"


def point_id(record_id: str) -> UUID:
    """The library wants UUIDs; the same id always gives the same one."""
    return uuid5(_NAMESPACE, record_id)


def to_point(record: Record, dimensions: int) -> edge.Point:
    """Raises ValidationError for a vector of another length or values that JSON cannot hold."""
    vector = check_record(record, dimensions)
    payload = {
        "id": record.id,
        TEXT: record.text,
        "metadata": json.dumps(dict(record.metadata), ensure_ascii=False),
        "where": {
            _key(key): _filterable(value) for key, value in record.metadata.items() if value is not None
        },
    }
    return edge.Point(point_id(record.id), {DENSE: vector}, payload)


def metadata_of(payload: dict[str, Any]) -> Metadata:
    """The metadata as it was added."""
    metadata: Metadata = json.loads(payload["metadata"])
    return metadata


def to_filter(where: Iterable[Condition]) -> edge.Filter | None:
    """All of ``where``, which was checked, or None if there is nothing to ask."""
    must: list[Any] = []
    must_not: list[Any] = []
    for condition in where:
        (must_not if condition.operator == "!=" else must).append(_condition(condition))
    return edge.Filter(must=must, must_not=must_not) if must or must_not else None


def _condition(condition: Condition) -> Any:
    path = f'where."{_key(condition.key)}"'
    if condition.operator in ("==", "!="):
        return _equals(path, condition.value)
    if condition.operator == "in":
        choices = [_equals(path, value) for value in condition.value]
        return edge.Filter(should=choices) if choices else edge.FieldCondition(path, match=edge.MatchAny([]))
    return edge.FieldCondition(path, range=edge.RangeFloat(**{_RANGES[condition.operator]: condition.value}))


def _equals(path: str, value: Any) -> Any:
    if value is None:
        return edge.IsEmptyCondition(path)
    if isinstance(value, str) or (isinstance(value, int) and abs(value) > _EXACT_FLOAT):
        return edge.FieldCondition(path, match=edge.MatchValue(value))
    return edge.FieldCondition(path, range=edge.RangeFloat(gte=value, lte=value))


def _key(key: str) -> str:
    return quote(key, safe=" ")


def _filterable(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
