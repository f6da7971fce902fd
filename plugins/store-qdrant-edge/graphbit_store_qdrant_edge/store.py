"""The store itself."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, cast

import qdrant_edge as edge

from graphbit_core import Condition, ConfigError, ForkError, Match, Query, Record, ValidationError, Vector
from graphbit_core.records import check_conditions, check_query
from graphbit_store_qdrant_edge.fusion import Ranking, fuse
from graphbit_store_qdrant_edge.payload import DENSE, TEXT, metadata_of, point_id, to_filter, to_point
from graphbit_store_qdrant_edge.shard import Layout, open_shard

_BATCH = 256
_DEPTH = 50
"""Records of each ranking that are fused, or k if that is more."""


class QdrantEdgeStore:
    """Vectors and words in files of this machine, searched exactly, without a server.

    Similarity is the cosine; vectors are kept with length 1 in single precision, and that is how ``get``
    returns them. No approximate index is ever built: every search compares with every record (20,000
    records of 512 dimensions take a few milliseconds). With ``Query.text`` the words are ranked by BM25 and
    both rankings are fused by reciprocal rank.

    Conditions: a key that a record lacks counts as None; ``True`` equals 1; ``>`` and its like compare
    numbers, in double precision.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    capabilities: ClassVar[frozenset[str]] = frozenset({"persistent", "filter", "hybrid"})

    def __init__(
        self,
        *,
        dimensions: int,
        path: str | Path | None = None,
        collection: str = "default",
        language: str = "english",
    ) -> None:
        """Opens the collection, or makes it.

        Args:
            dimensions: Length of a vector, at least 1; fixed once the collection exists.
            path: A directory, made if need be; None keeps everything in a temporary one until ``close``.
            collection: A name of letters, digits, ``_``, ``.`` and ``-``.
            language: Whose stop words and stems the ranking by words uses; fixed like ``dimensions``.

        Raises:
            ConfigError: A setting is wrong, or the collection is open already or was made with others.
        """
        if isinstance(dimensions, bool) or not isinstance(dimensions, int) or dimensions < 1:
            raise ConfigError(
                f"dimensions is {dimensions!r}; give the length of a vector", setting="dimensions"
            )
        self._dimensions = dimensions
        self._temporary = tempfile.TemporaryDirectory(prefix="graphbit-vectors-") if path is None else None
        self._path = Path(self._temporary.name if self._temporary else path or "")
        self._name = collection
        self._pid = os.getpid()
        self._lock = Lock()
        try:
            self._shard, self._file_lock = open_shard(self._path, collection, Layout(dimensions, language))
        except BaseException:
            if self._temporary:
                self._temporary.cleanup()
            raise
        self._open = True

    def __repr__(self) -> str:
        return f"QdrantEdgeStore(path={str(self._path)!r}, collection={self._name!r})"

    def add(self, records: Iterable[Record]) -> None:
        """Adds or replaces; on disk when it returns.

        Raises:
            ValidationError: A vector or a metadata value is wrong; records before its batch are kept.
        """
        points = (to_point(record, self._dimensions) for record in records)
        while batch := list(islice(points, _BATCH)):
            with self._lock:
                self._usable().update(edge.UpdateOperation.upsert_points(batch))
        with self._lock:
            self._usable().flush()

    def get(self, ids: Sequence[str]) -> list[Record]:
        """The records that exist, in the order of ``ids``; vectors have length 1."""
        found = self._usable().retrieve([point_id(item) for item in ids], True, True)
        by_id = {_payload(point)["id"]: point for point in found}
        return [_record(by_id[item]) for item in ids if item in by_id]

    def delete(self, ids: Sequence[str]) -> None:
        """Removes them; ids that do not exist are ignored."""
        self._apply(edge.UpdateOperation.delete_points([point_id(item) for item in ids]))

    def delete_where(self, where: Sequence[Condition]) -> None:
        """Removes every record for which all conditions hold; without conditions, every record."""
        check_conditions(where)
        self._apply(edge.UpdateOperation.delete_points_by_filter(to_filter(where) or edge.Filter()))

    def search(self, query: Query) -> list[Match]:
        """At most ``query.k`` matches, best first; equal scores in order of id."""
        vector = check_query(query, self._dimensions)
        shard, where = self._usable(), to_filter(query.where)
        nearest = edge.Query.Nearest(vector, using=DENSE)
        if query.text:
            words = edge.TextQuery(TEXT, query.text)
            depth = max(query.k, _DEPTH)
            rankings = [_ranking(shard, depth, nearest, where), _ranking(shard, depth, words, where)]
            best = fuse(rankings)[: query.k]
        else:
            best = _ranking(shard, query.k, nearest, where)[: query.k]
        found = shard.retrieve([point_id(name) for name, _ in best], True, False)
        payloads = {payload["id"]: payload for payload in map(_payload, found)}
        return [_match(payloads[name], score) for name, score in best if name in payloads]

    def count(self) -> int:
        """How many records there are."""
        return self._usable().count(edge.CountRequest(exact=True))

    def close(self) -> None:
        """Frees files and locks, and removes the temporary directory; again it does nothing."""
        with self._lock:
            if not self._open or os.getpid() != self._pid:
                return
            self._open = False
            self._shard.close()
            self._file_lock.release()
            if self._temporary:
                self._temporary.cleanup()

    def _apply(self, operation: edge.UpdateOperation) -> None:
        with self._lock:
            shard = self._usable()
            shard.update(operation)
            shard.flush()

    def _usable(self) -> edge.EdgeShard:
        if os.getpid() != self._pid:
            raise ForkError(
                "this store was opened before the fork; open one in the child, after the parent's closed"
            )
        if not self._open:
            raise ValidationError("the store is closed; make a new one")
        return self._shard


def _ranking(
    shard: edge.EdgeShard, k: int, scoring: edge.Query | edge.TextQuery, where: edge.Filter | None
) -> Ranking:
    """Ids and scores of the best ``k``, and of all that score as the last of them does, in order of id.

    The library orders equal scores as it likes, so more are fetched until all of the k-th score are there.
    """
    exact = edge.SearchParams(exact=True)
    limit = k + 1
    while True:
        found = shard.query(
            edge.QueryRequest(limit=limit, query=scoring, filter=where, params=exact, with_payload=["id"])
        )
        if len(found) < limit or found[-1].score < found[k - 1].score:
            ranked = [(str(_payload(point)["id"]), point.score) for point in found]
            return sorted(ranked, key=lambda item: (-item[1], item[0]))
        limit *= 4


def _record(point: edge.Record) -> Record:
    payload, vectors = _payload(point), cast("dict[str, Vector]", point.vector)
    return Record(payload["id"], vectors[DENSE], payload[TEXT], metadata_of(payload))


def _payload(point: edge.Record | edge.ScoredPoint) -> dict[str, Any]:
    return point.payload or {}


def _match(payload: dict[str, Any], score: float) -> Match:
    return Match(payload["id"], score, payload[TEXT], metadata_of(payload))
