"""Two vector stores that are right: one keeps a dict, the other a file as well."""

from __future__ import annotations

import json
import math
import operator
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core import API_VERSION, Condition, ConfigError, Match, Query, Record, ValidationError

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class ListStore:
    """Keeps records in a dict: neither persistent nor able to filter or to rank by words."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    capabilities: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *, dimensions: int, path: Path | None = None, collection: str = "default") -> None:
        self._dimensions = dimensions
        self._records: dict[str, Record] | None = {}

    def add(self, records: Iterable[Record]) -> None:
        new = list(records)
        for record in new:
            self.check(record.vector)
        self.keep({record.id: record for record in new})

    def keep(self, records: Mapping[str, Record]) -> None:
        self.open().update(records)

    def get(self, ids: Sequence[str]) -> list[Record]:
        return [self.open()[item] for item in ids if item in self.open()]

    def delete(self, ids: Sequence[str]) -> None:
        for item in ids:
            self.open().pop(item, None)

    def delete_where(self, where: Sequence[Condition]) -> None:
        self.delete([record.id for record in [*self.open().values()] if all(holds(c, record) for c in where)])

    def search(self, query: Query) -> list[Match]:
        self.check(query.vector)
        if query.k < 1:
            raise ValidationError("k must be at least 1", field="k")
        found = [(self.score(query, record), record) for record in self.considered(query)]
        found.sort(key=lambda item: (-item[0], item[1].id))
        return [Match(r.id, score, r.text, r.metadata) for score, r in found[: query.k]]

    def considered(self, query: Query) -> list[Record]:
        return [*self.open().values()]

    def score(self, query: Query, record: Record) -> float:
        dot = math.fsum(a * b for a, b in zip(query.vector, record.vector, strict=True))
        return round(dot / (math.hypot(*query.vector) * math.hypot(*record.vector)), 9)

    def count(self) -> int:
        return len(self.open())

    def close(self) -> None:
        self._records = None

    def open(self) -> dict[str, Record]:
        if self._records is None:
            raise ValidationError("the store is closed")
        return self._records

    def check(self, vector: Sequence[float]) -> None:
        if len(vector) != self._dimensions:
            raise ValidationError(f"the vector has {len(vector)} dimensions", field="vector")


class FileStore(ListStore):
    """Writes records to a file as well, looks at conditions, and ranks by words too."""

    capabilities = frozenset({"persistent", "filter", "hybrid"})

    def __init__(
        self, *, dimensions: int, path: str | Path | None = None, collection: str = "default"
    ) -> None:
        super().__init__(dimensions=dimensions)
        self.lock = threading.Lock()
        self.file = Path(path) / f"{collection}.jsonl" if path is not None else None
        if self.file is not None and self.file.exists():
            self._read(self.file.read_bytes())
        elif self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self.write([{"dimensions": dimensions}])

    def keep(self, records: Mapping[str, Record]) -> None:
        with self.lock:
            self.write([[r.id, list(r.vector), r.text, dict(r.metadata)] for r in records.values()])
            super().keep(records)

    def delete(self, ids: Sequence[str]) -> None:
        with self.lock:
            self.write([{"gone": item} for item in ids])
            super().delete(ids)

    def considered(self, query: Query) -> list[Record]:
        for condition in query.where:
            check_condition(condition)
        with self.lock:
            return [r for r in super().considered(query) if all(holds(c, r) for c in query.where)]

    def score(self, query: Query, record: Record) -> float:
        shared = words(query.text or "") & words(record.text)
        known = shared and not all(shared <= words(other.text) for other in [*self.open().values()])
        return super().score(query, record) + (len(shared) if known else 0)

    def write(self, lines: Sequence[Any]) -> None:
        if self.file is not None:
            with self.file.open("ab") as file:
                file.write(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
                file.flush()
                os.fsync(file.fileno())

    def _read(self, data: bytes) -> None:
        first, *lines = data[: data.rfind(b"\n") + 1].splitlines()
        self.check_dimensions(json.loads(first)["dimensions"])
        for line in map(json.loads, lines):
            if isinstance(line, dict):
                self.open().pop(line["gone"], None)
            else:
                self.open()[line[0]] = Record(*line)
        assert self.file is not None
        self.file.write_bytes(data[: data.rfind(b"\n") + 1])

    def check_dimensions(self, there: int) -> None:
        if there != self._dimensions:
            raise ConfigError(f"the collection has {there} dimensions", setting="dimensions")


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def check_condition(condition: Condition) -> None:
    value, op = condition.value, condition.operator
    numbers = op not in _ORDERS or isinstance(value, int | float)
    known = op in _ORDERS or op in ("==", "!=", "in")
    fits = isinstance(value, list) if op == "in" else isinstance(value, str | int | float | None)
    if not (numbers and known and fits):
        raise ValidationError(f"{condition.key} {op} {value!r} makes no sense", field="where")


def holds(condition: Condition, record: Record) -> bool:
    value: Any = record.metadata.get(condition.key)
    if condition.operator in _ORDERS:
        return isinstance(value, int | float) and _ORDERS[condition.operator](value, condition.value)
    if condition.operator == "in":
        return value in condition.value
    return bool((value == condition.value) is (condition.operator == "=="))
