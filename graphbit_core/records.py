"""Help for vector stores: what every one of them checks, and conditions for those that compare in Python."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from graphbit_core.errors import ConfigError, ValidationError
from graphbit_core.types.documents import Condition, Metadata, Query, Record

__all__ = ["all_hold", "check_collection", "check_conditions", "check_query", "check_record"]

_PLAIN = (str, int, float, type(None))
_FILE_NAME = re.compile(r"\w[\w.-]{0,99}")
_ORDERING = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
_COMPARE = {"==": operator.eq, "!=": operator.ne, **_ORDERING}


def check_collection(collection: str) -> str:
    """Returns the name of a collection if a file or folder can have it.

    Raises:
        ConfigError: It is not 1 to 100 letters, digits, ``_``, ``.`` and ``-``, beginning with one of the
            first three.
    """
    if not isinstance(collection, str) or not _FILE_NAME.fullmatch(collection):
        raise ConfigError(
            f"setting 'collection' must be 1 to 100 letters, digits, '_', '.' or '-', not {collection!r}",
            setting="collection",
        )
    return collection


def check_record(record: Record, dimensions: int) -> list[float]:
    """The vector of ``record`` as floats.

    Raises:
        ValidationError: It has not ``dimensions`` finite values, or a metadata value is not text, a finite
            number, a boolean or None.
    """
    for key, value in record.metadata.items():
        if not isinstance(value, _PLAIN):
            raise ValidationError(
                f"metadata {key!r} of record {record.id!r} is a {type(value).__name__}; "
                "use text, a number, a boolean or None",
                field=key,
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise ValidationError(
                f"metadata {key!r} of record {record.id!r} is {value}; use a finite number", field=key
            )
    return _finite(record.vector, dimensions)


def check_query(query: Query, dimensions: int) -> list[float]:
    """The vector of ``query`` as floats.

    Raises:
        ValidationError: It has not ``dimensions`` finite values, ``k`` is below 1, or a condition makes no
            sense.
    """
    if query.k < 1:
        raise ValidationError(f"k is {query.k}; ask for at least 1 match", field="k")
    check_conditions(query.where)
    return _finite(query.vector, dimensions)


def check_conditions(where: Iterable[Condition]) -> None:
    """Raises ValidationError for an operator that there is not, or a value that it cannot compare with."""
    for condition in where:
        value: Any = condition.value
        if condition.operator in ("==", "!=") and not isinstance(value, _PLAIN):
            raise _wrong(condition, "needs text, a number, a boolean or None")
        if condition.operator in _ORDERING and (not isinstance(value, (int, float)) or math.isnan(value)):
            raise _wrong(condition, "needs a number")
        if condition.operator == "in":
            listed = isinstance(value, Collection) and not isinstance(value, (str, bytes))
            if not listed or not all(isinstance(choice, _PLAIN) for choice in value):
                raise _wrong(condition, "needs a list of texts, numbers, booleans or None")
        elif condition.operator not in _COMPARE:
            raise _wrong(condition, "does not exist; use one of == != in > >= < <=")


def all_hold(where: Iterable[Condition], metadata: Metadata) -> bool:
    """Whether all of ``where``, which ``check_conditions`` has passed, hold for a record's metadata."""
    return all(_holds(condition, metadata.get(condition.key)) for condition in where)


def _holds(condition: Condition, found: Any) -> bool:
    if condition.operator == "in":
        return found in condition.value
    if condition.operator in _ORDERING and not isinstance(found, (int, float)):
        return False
    return bool(_COMPARE[condition.operator](found, condition.value))


def _finite(vector: Sequence[float], dimensions: int) -> list[float]:
    values = [float(value) for value in vector]
    if len(values) != dimensions:
        raise ValidationError(
            f"the vector has {len(values)} dimensions, the collection {dimensions}; "
            "use the embedder that the collection was made with",
            field="vector",
        )
    if not all(map(math.isfinite, values)):
        raise ValidationError("the vector holds NaN or infinity; every value must be finite", field="vector")
    return values


def _wrong(condition: Condition, fault: str) -> ValidationError:
    return ValidationError(
        f"{condition.key} {condition.operator} {condition.value!r}: this operator {fault}",
        field=condition.key,
    )
