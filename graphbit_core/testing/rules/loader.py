"""Rules for loaders."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core.errors import DocumentError
from graphbit_core.testing.rules.refused_files import RefusedFilesConformance, read, within
from graphbit_core.types.documents import Document

REASONS = frozenset({"unreadable", "empty", "encrypted", "too_large", "unsupported", "malformed"})
_MUTATIONS = 200


class LoaderConformance(RefusedFilesConformance):
    """Rules for loaders: a subclass gives ``component`` and ``write_sample``, and ``write_faulty`` for files
    that are wrong in its format.

    They prove that documents have text and a place, that damaged files are a DocumentError and never another
    one, that files over ``max_bytes`` are refused, and that a reader may leave early.
    """

    needs: ClassVar[tuple[str, ...]] = ("write_sample",)

    def write_sample(self, folder: Path) -> Path:
        """Writes a file that the loader can read, of at most some 100 KB, and returns its path."""
        raise NotImplementedError

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        """Writes files that the loader must refuse: path → the ``reason`` expected."""
        return {}

    def use(self, instance: Any, folder: Path) -> Any:
        samples: dict[Path, Path] = self.__dict__.setdefault("_samples", {})
        if folder not in samples:
            samples[folder] = self.write_sample(folder)
        documents = read(instance, samples[folder])
        return [(document.text, {**document.metadata, "source": ""}) for document in documents]

    # --- what it reads ---

    def test_reads_a_file_whose_suffix_it_declares(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        known = sorted(self.component.suffixes)
        assert sample.suffix.lower() in known, f"write_sample() wrote {sample.name}; `suffixes` are {known}"
        assert self._load(sample), "it gives no document of the file that write_sample() wrote"

    def test_every_document_has_text_that_can_be_stored(self, tmp_path: Path) -> None:
        for document in self._load(self.write_sample(tmp_path)):
            _check_text(document)

    def test_every_document_names_its_source_and_place(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        documents = self._load(sample)
        for document in documents:
            source = document.metadata.get("source")
            assert source == str(sample), f"metadata['source'] is the path as a text, not {source!r}"
            odd = {k: v for k, v in document.metadata.items() if not isinstance(v, str | int | float | None)}
            assert not odd, f"metadata are texts, numbers, booleans or None, not {odd!r:.200}"
        for key in ("page", "paragraph"):
            found = [d.metadata[key] for d in documents if key in d.metadata]
            places = [place for place in found if isinstance(place, int) and place >= 1]
            assert places == found, f"{key} counts from 1"
            assert places == sorted(places), "documents come in the order of the file"

    def test_the_same_file_gives_the_same_documents(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        assert self._load(sample) == self._load(sample), "reading it again gives other documents"

    def test_a_reader_that_leaves_early_leaves_no_file_open(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        before = _open_files()
        documents = self.make().load(sample)
        assert next(iter(documents), None) is not None, "it gives no document of its sample"
        if callable(close := getattr(documents, "close", None)):
            close()
        assert _open_files() <= before, "a file is still open"

    # --- what it refuses ---

    def test_a_file_over_max_bytes_is_too_large(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        size = sample.stat().st_size
        assert list(self.make(max_bytes=size).load(sample)), "a file of exactly max_bytes is read"
        error = self.expect(sample, "too_large", max_bytes=size - 1)
        for number in (size, size - 1):
            assert str(number) in str(error).replace(",", ""), "the message names the size and the limit"

    def test_faulty_files_are_refused_with_their_reason(self, tmp_path: Path) -> None:
        for path, reason in self.write_faulty(tmp_path).items():
            self.expect(path, reason)

    def test_random_damage_gives_documents_or_a_document_error(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        data = sample.read_bytes()
        loader = self.make()
        for seed in range(_MUTATIONS):
            path = tmp_path / f"damaged{sample.suffix}"
            path.write_bytes(_damage(data, random.Random(seed)))  # noqa: S311 - the same damage every time
            outcome = within(self.seconds_per_file, partial(read, loader, path))
            if isinstance(outcome, DocumentError):
                assert outcome.reason in REASONS, f"{outcome.reason!r} is none of {sorted(REASONS)}"
            elif isinstance(outcome, BaseException):
                raise AssertionError(f"seed {seed}: {outcome!r} is no DocumentError") from outcome
            else:
                for document in outcome:
                    _check_text(document)

    def _load(self, path: Path) -> list[Document]:
        return read(self.make(), path)


def _open_files() -> set[str]:
    """Descriptors of this process, where the system lists them; its own is closed when this returns."""
    listing = Path("/dev/fd")
    return set(os.listdir(listing)) if listing.is_dir() else set()  # noqa: PTH208 - the names alone


def _check_text(document: Document) -> None:
    assert document.text.strip(), "no document is blank"
    document.text.encode()  # a lone surrogate cannot be stored or sent


def _damage(data: bytes, rng: random.Random) -> bytes:
    """``data`` with bits flipped, a piece cut out or doubled, or its end missing."""
    broken = bytearray(data)
    start, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    kind = rng.randrange(4)
    if kind == 0:
        for _ in range(rng.randint(1, 20)):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
    elif kind == 1:
        del broken[start:end]
    elif kind == 2:
        broken[end:end] = broken[start:end]
    else:
        del broken[start:]
    return bytes(broken)
