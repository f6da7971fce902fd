"""An index of a folder of documents: kept on disk, brought up to date file by file."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.documents import read_regular_file
from graphbit_core.errors import ConfigError, DocumentError, ValidationError
from graphbit_core.rag.loading import Loaders
from graphbit_core.rag.manifest import Entry, Manifest
from graphbit_core.types.documents import Chunk, Condition, Document, Record
from graphbit_core.types.messages import Usage
from graphbit_core.types.plain import utf8
from graphbit_core.workflow.executor import Executor
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.result import NodeReport
from graphbit_core.workflow.workflow import Workflow

if TYPE_CHECKING:
    from graphbit_core.contracts.splitter import Splitter
    from graphbit_core.contracts.vector_store import VectorStore
    from graphbit_core.host import Host
    from graphbit_core.llm.embeddings.client import EmbeddingClient

DEFAULT_SPLITTER: Mapping[str, Any] = {"name": "recursive"}
MAX_BYTES = 10 * 1024 * 1024
_BATCH_BYTES = 4 * 1024 * 1024
_BATCH_FILES = 32


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not indexed. ``reason`` is a DocumentError's, ``detail`` its message."""

    path: str
    reason: str
    detail: str


@dataclass
class IndexReport:
    """What bringing an index up to date did: numbers of files, the files left out, and tokens embedded."""

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    chunks: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    nodes: list[NodeReport] = field(default_factory=list)
    usage: Usage = Usage()


@dataclass(frozen=True, slots=True)
class _File:
    """A file to index, as it was when it was looked at."""

    path: Path
    size: int
    modified_ns: int


@dataclass(slots=True)
class _Work:
    """One file on its way through the nodes."""

    file: _File
    digest: str
    documents: list[Document]
    chunks: list[Chunk] = field(default_factory=list)
    vectors: list[Sequence[float]] = field(default_factory=list)

    @property
    def entry(self) -> Entry:
        """What the manifest is to say of it."""
        file = self.file
        return Entry(str(file.path), file.size, file.modified_ns, self.digest, len(self.chunks))


Progress = Callable[[int, int, str], None]
"""Called with files done, files in all, and the name of the last one."""


class Index:
    """Chunks and vectors of the files under some paths, in ``directory``.

    The settings that decide what is stored (splitter, embedder) have their own sub-directory, so that
    changing them back finds the old index again. One process at a time writes.

    Args:
        directory: Where the index is kept.
        embedder: Makes the vectors.
        host: Where loaders, splitter and store come from.
        store: Name of the vector store.
        splitter: Its name and settings.
        max_bytes: Files larger than this are skipped.
        isolation: Whether files are read in child processes; see ``Loaders``.

    Raises:
        ConfigError: The directory cannot be used, or another process has this index open.
    """

    def __init__(
        self,
        directory: Path,
        embedder: EmbeddingClient,
        host: Host,
        *,
        store: str = "qdrant-edge",
        splitter: Mapping[str, Any] = DEFAULT_SPLITTER,
        max_bytes: int = MAX_BYTES,
        isolation: str | None = None,
    ) -> None:
        settings = dict(splitter)
        name = settings.pop("name")
        settings = {**host.configured("splitter", name), **settings}
        self.embedder = embedder
        self._splitter: Splitter = host.create("splitter", name, **settings)
        self._loaders = Loaders(host, {"max_bytes": max_bytes}, isolation)
        self._max_bytes = max_bytes
        self._host = host
        dimensions = _dimensions(embedder)
        identity = repr(
            (sorted({"name": name, **settings}.items()), embedder.fingerprint, store, dimensions, "1")
        )
        self.directory = directory / hashlib.sha256(identity.encode()).hexdigest()[:16]
        _make(self.directory)
        self.store: VectorStore = host.create(
            "vector_store",
            store,
            path=str(self.directory / "store"),
            collection="chunks",
            dimensions=dimensions,
        )
        try:
            self._manifest = Manifest(self.directory / "files.sqlite")
        except BaseException:
            self.store.close()
            raise
        if "persistent" not in self.store.capabilities:
            self._manifest.remove(self._manifest.entries())  # the store begins empty, so the list does too

    def close(self) -> None:
        """Closes the store and the manifest."""
        self.store.close()
        self._manifest.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def update(self, root: Path, progress: Progress | None = None) -> IndexReport:
        """Indexes new and changed files under ``root``, and forgets those that are gone.

        A file that cannot be read is reported and skipped; what the index held of it stays.

        Raises:
            ValidationError: There is nothing at ``root``.
        """
        check_root(root)
        root = root.absolute()  # so that a file has one name, wherever the caller stands
        report = IndexReport()
        known = self._manifest.entries()
        found = list(_files(root, report.skipped))
        self._forget(
            root, known, {str(file.path) for file in found} | {s.path for s in report.skipped}, report
        )
        todo = [file for file in found if not _same(file, known.get(str(file.path)))]
        report.unchanged = len(found) - len(todo)
        done = 0
        for batch in _batches(todo):
            self._index_batch(batch, known, report)
            done += len(batch)
            if progress is not None:
                progress(done, len(todo), batch[-1].path.name)
        return report

    def _forget(self, root: Path, known: Mapping[str, Entry], present: set[str], report: IndexReport) -> None:
        """Removes what the index holds of files that are gone; not of those in a folder it could not read."""
        gone = []
        for source in known:
            path = Path(source)
            below = path == root or root in path.parents
            if below and source not in present and present.isdisjoint(map(str, path.parents)):
                gone.append(source)
        if gone:
            self.store.delete_where([Condition("source", "in", gone)])
            self._manifest.remove(gone)
            report.removed += len(gone)

    def _index_batch(self, batch: list[_File], known: Mapping[str, Entry], report: IndexReport) -> None:
        def load(batch: list[_File]) -> list[_Work]:
            return [work for file in batch if (work := self._load(file, known, report)) is not None]

        workflow = Workflow("index").chain(
            Node.transform("load", load),
            Node.transform("split", self._split),
            Node.transform("embed", lambda works: self._embed(works, report)),
            Node.transform("store", lambda works: self._store(works, report)),
        )
        result = Executor(timeout_seconds=None, host=self._host).execute(workflow, {"batch": batch})
        report.nodes += result.nodes
        result.raise_for_failure()

    def _load(self, file: _File, known: Mapping[str, Entry], report: IndexReport) -> _Work | None:
        source = str(file.path)
        try:
            loader = self._loaders.for_file(file.path)
            # Before it is loaded: if it changes in between, the next update sees another digest.
            digest = hashlib.sha256(read_regular_file(file.path, self._max_bytes)).hexdigest()
            entry = known.get(source)
            if entry is not None and entry.digest == digest:
                self._manifest.put([Entry(source, file.size, file.modified_ns, digest, entry.chunks)])
                report.unchanged += 1
                return None
            return _Work(file, digest, list(loader.load(file.path)))
        except DocumentError as error:
            report.skipped.append(Skipped(source, error.reason or "unreadable", error.message))
            return None

    def _split(self, works: list[_Work]) -> list[_Work]:
        for work in works:
            for document in work.documents:
                chunks = self._splitter.split(document.text)
                work.chunks += [Chunk(c.text, c.start, c.end, document.metadata) for c in chunks]
        return works

    def _embed(self, works: list[_Work], report: IndexReport) -> list[_Work]:
        found = self.embedder.embed_full([chunk.text for work in works for chunk in work.chunks])
        report.usage += found.usage
        vectors = iter(found.vectors)
        for work in works:
            work.vectors = [next(vectors) for _ in work.chunks]
        return works

    def _store(self, works: list[_Work], report: IndexReport) -> int:
        if works:
            sources = [str(work.file.path) for work in works]
            self.store.delete_where([Condition("source", "in", sources)])
            self.store.add([record for work in works for record in _records(work)])
            self._manifest.put(work.entry for work in works)
        report.indexed += len(works)
        report.chunks += sum(len(work.chunks) for work in works)
        return len(works)


def check_root(root: Path) -> None:
    """Raises a ValidationError if there is nothing at ``root``."""
    try:
        root.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise ValidationError(
            f"there is no file or folder {str(root)!r:.200}: {why}", field="path"
        ) from error


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"the index cannot be kept in {str(directory)!r}: {error.strerror}; choose another folder",
            setting="index",
        ) from error


def _dimensions(embedder: EmbeddingClient) -> int:
    dimensions = embedder.dimensions
    if dimensions is None:
        (probe,) = embedder.embed(["dimensions"])
        dimensions = len(probe)
    if dimensions < 1:
        raise ConfigError(f"the embedder gives vectors of length {dimensions}", setting="embedder")
    return dimensions


def _records(work: _Work) -> list[Record]:
    records: list[Record] = []
    for chunk, vector in zip(work.chunks, work.vectors, strict=True):
        metadata = {**chunk.metadata, "source": str(work.file.path), "start": chunk.start, "end": chunk.end}
        place = (
            metadata["source"],
            metadata.get("page"),
            metadata.get("paragraph"),
            chunk.start,
            len(records),
        )
        key = hashlib.sha256(repr(place).encode()).hexdigest()[:32]
        records.append(Record(key, vector, chunk.text, metadata))
    return records


def _files(root: Path, skipped: list[Skipped]) -> Iterator[_File]:
    """Regular files under ``root`` in a stable order; hidden ones and hidden folders are left out."""
    if not root.is_dir():
        yield from _file(root, skipped)
        return

    def unreadable(error: OSError) -> None:
        skipped.append(Skipped(str(error.filename), "unreadable", f"{error.filename!r}: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield from _file(Path(folder, name), skipped)


def _file(path: Path, skipped: list[Skipped]) -> Iterator[_File]:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = utf8(str(path))
        detail = f"{shown!r}: its name is not UTF-8, so nothing could cite it; rename it"
        skipped.append(Skipped(shown, "unreadable", detail))
        return
    try:
        info = path.stat()
    except OSError as error:
        skipped.append(Skipped(str(path), "unreadable", f"{str(path)!r}: {error.strerror}"))
        return
    if not stat.S_ISREG(info.st_mode):
        skipped.append(Skipped(str(path), "unsupported", f"{str(path)!r} is not a regular file"))
        return
    yield _File(path, info.st_size, info.st_mtime_ns)


def _same(file: _File, entry: Entry | None) -> bool:
    return entry is not None and (entry.size, entry.modified_ns) == (file.size, file.modified_ns)


def _batches(files: list[_File]) -> Iterator[list[_File]]:
    """Groups that bound memory: what one run of the workflow holds at a time."""
    batch: list[_File] = []
    size = 0
    for file in files:
        if batch and (len(batch) >= _BATCH_FILES or size + file.size > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch
