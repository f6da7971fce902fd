"""Opens the files of a collection: one process at a time, and never half made."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import qdrant_edge as edge
from filelock import FileLock, Timeout

from graphbit_core import ConfigError
from graphbit_core.records import check_collection
from graphbit_store_qdrant_edge.payload import DENSE, TEXT


@dataclass(frozen=True, slots=True)
class Layout:
    """What cannot change once a collection exists; kept beside it in ``graphbit.json``."""

    dimensions: int
    language: str
    version: int = 1


def open_shard(path: Path, collection: str, layout: Layout) -> tuple[edge.EdgeShard, FileLock]:
    """Opens the collection, or makes it; the lock is held until it is released.

    Raises:
        ConfigError: It is open elsewhere, was made with another layout, or its files cannot be used.
    """
    check_collection(collection)
    words = _text_index(layout.language)
    folder = path / collection
    lock = FileLock(folder / "lock", thread_local=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigError(
            f"the collection {collection!r} in {path} is open already, in this or another process; "
            "close it there, or use another path or collection",
            setting="path",
        ) from error
    except OSError as error:
        raise ConfigError(f"cannot use {path} for vectors: {error}", setting="path") from error
    try:
        return _load(folder, layout, words), lock
    except BaseException:
        lock.release()
        raise


def _load(folder: Path, layout: Layout, words: edge.TextIndexParams) -> edge.EdgeShard:
    _check_layout(folder / "graphbit.json", layout)
    try:
        if not (folder / "shard").exists():
            _create(folder, layout, words)
        return edge.EdgeShard.load(str(folder / "shard"))
    except Exception as error:  # the library raises nothing more precise
        raise ConfigError(f"cannot open the vectors in {folder}: {error}", setting="path") from error


def _check_layout(file: Path, layout: Layout) -> None:
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps(asdict(layout)), encoding="utf-8")
        draft.replace(file)
        return
    try:
        found = Layout(**json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{file} is not a description of a collection: {error}", setting="path") from error
    for setting, value in asdict(layout).items():
        if (kept := getattr(found, setting)) != value:
            raise ConfigError(
                f"the collection in {file.parent} was made with {setting} {kept}, not {value}; "
                "use the same, or another collection",
                setting=setting,
            )


def _create(folder: Path, layout: Layout, words: edge.TextIndexParams) -> None:
    """Makes the shard under another name first: a process killed here leaves no half of one."""
    draft = folder / "shard.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    shard = edge.EdgeShard.create(str(draft), _config(layout))
    shard.update(edge.UpdateOperation.create_field_index(TEXT, words))
    shard.flush()
    shard.close()
    draft.rename(folder / "shard")


def _config(layout: Layout) -> edge.EdgeConfig:
    dense = edge.EdgeVectorParams(size=layout.dimensions, distance=edge.Distance.Cosine)
    return edge.EdgeConfig(vectors={DENSE: dense})


def _text_index(language: str) -> edge.TextIndexParams:
    """BM25 over stems; stop words are left out."""
    name = language.capitalize()
    if not (hasattr(edge.Language, name) and hasattr(edge.SnowballLanguage, name)):
        known = sorted(set(dir(edge.Language)) & set(dir(edge.SnowballLanguage)))
        raise ConfigError(
            f"language {language!r} is not known; use one of "
            + ", ".join(item.lower() for item in known if not item.startswith("_")),
            setting="language",
        )
    return edge.TextIndexParams(
        tokenizer=edge.TokenizerType.Word,
        lowercase=True,
        stopwords=getattr(edge.Language, name),
        stemmer=edge.SnowballParams(getattr(edge.SnowballLanguage, name)),
        scoring=True,
    )
