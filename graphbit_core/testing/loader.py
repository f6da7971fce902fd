"""Rules for loaders."""

from __future__ import annotations

import inspect
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.contracts.loader import Loader
from graphbit_core.errors import ConfigError, DocumentError
from graphbit_core.testing.component import ComponentConformance
from graphbit_core.types.documents import Document

REASONS = frozenset({"unreadable", "empty", "encrypted", "too_large", "unsupported", "malformed"})
_IMPORT_CPU_SECONDS = 2.0
_MUTATIONS = 200


class LoaderConformance(ComponentConformance):
    """Subclass it, set ``component``, and write a good file and broken ones."""

    seconds_per_file: ClassVar[float] = 10.0
    """Longest that reading one small file may take, however broken it is."""

    def write_sample(self, folder: Path) -> Path:
        """Writes a file that the loader can read, of at most some 100 KB, and returns its path."""
        raise NotImplementedError

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        """Writes files that the loader must refuse: path → the ``reason`` expected."""
        return {}

    # --- what it reads ---

    def test_reads_a_file_whose_suffix_it_declares(self, tmp_path: Path) -> None:
        for suffix in self.component.suffixes:
            assert suffix.startswith("."), f"{suffix!r} lacks its dot"
            assert suffix == suffix.lower(), f"{suffix!r} is not lower case"
        sample = self.write_sample(tmp_path)
        assert sample.suffix.lower() in self.component.suffixes
        assert self._load(sample)

    def test_every_document_has_text_that_can_be_stored(self, tmp_path: Path) -> None:
        for document in self._load(self.write_sample(tmp_path)):
            _check_text(document)

    def test_every_document_names_its_source_and_place(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        documents = self._load(sample)
        for document in documents:
            assert document.metadata["source"] == str(sample)
            assert all(isinstance(v, str | int | float | None) for v in document.metadata.values())
        for key in ("page", "paragraph"):
            found = [d.metadata[key] for d in documents if key in d.metadata]
            places = [place for place in found if isinstance(place, int) and place >= 1]
            assert places == found, f"{key} counts from 1"
            assert places == sorted(places), "documents come in the order of the file"

    def test_the_same_file_gives_the_same_documents(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        assert self._load(sample) == self._load(sample)

    def test_one_loader_serves_many_threads(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        loader = self.make()
        expected = list(loader.load(sample))
        with ThreadPoolExecutor(8) as pool:
            for documents in pool.map(lambda _: list(loader.load(sample)), range(16)):
                assert documents == expected

    # --- what it refuses ---

    def test_a_missing_file_is_unreadable(self, tmp_path: Path) -> None:
        self._expect(tmp_path / f"missing{self._suffix()}", "unreadable")

    def test_a_folder_is_unsupported(self, tmp_path: Path) -> None:
        folder = tmp_path / f"folder{self._suffix()}"
        folder.mkdir()
        self._expect(folder, "unsupported")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_or_device_is_unsupported_and_never_waited_for(self, tmp_path: Path) -> None:
        pipe = tmp_path / f"pipe{self._suffix()}"
        os.mkfifo(pipe)
        try:
            self._expect(pipe, "unsupported")
        finally:  # whoever waits for a writer sees one come and go
            os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        self._expect(Path(os.devnull), "unsupported")

    def test_an_empty_file_is_empty(self, tmp_path: Path) -> None:
        path = tmp_path / f"empty{self._suffix()}"
        path.touch()
        self._expect(path, "empty")

    def test_a_file_over_max_bytes_is_too_large(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        size = sample.stat().st_size
        assert list(self.make(max_bytes=size).load(sample)), "a file of exactly max_bytes is read"
        error = self._expect(sample, "too_large", max_bytes=size - 1)
        for number in (size, size - 1):
            assert str(number) in str(error).replace(",", ""), "the message names the size and the limit"

    def test_faulty_files_are_refused_with_their_reason(self, tmp_path: Path) -> None:
        for path, reason in self.write_faulty(tmp_path).items():
            self._expect(path, reason)

    def test_random_damage_gives_documents_or_a_document_error(self, tmp_path: Path) -> None:
        sample = self.write_sample(tmp_path)
        data = sample.read_bytes()
        loader = self.make()
        for seed in range(_MUTATIONS):
            path = tmp_path / f"damaged{sample.suffix}"
            path.write_bytes(_damage(data, random.Random(seed)))  # noqa: S311 - the same damage every time
            outcome = _within(self.seconds_per_file, partial(_load, loader, path))
            if isinstance(outcome, DocumentError):
                assert outcome.reason in REASONS
            elif isinstance(outcome, BaseException):
                raise AssertionError(f"seed {seed}: {outcome!r} is no DocumentError") from outcome
            else:
                for document in outcome:
                    _check_text(document)

    def test_lists_its_settings_so_that_the_host_can_refuse_others(self) -> None:
        parameters = inspect.signature(self.component).parameters
        assert "max_bytes" in parameters
        assert not any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    @pytest.mark.parametrize("value", [0, -1, "many", True, 1.5, None])
    def test_max_bytes_must_be_a_whole_number_above_zero(self, value: Any) -> None:
        with pytest.raises(ConfigError, match="max_bytes"):
            self.make(max_bytes=value)

    def test_its_import_is_cheap(self) -> None:
        code = f"import time, {self.component.__module__}; print(time.process_time())"
        command = [sys.executable, "-c", code]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        done = subprocess.run(command, capture_output=True, check=True, env=environment)  # noqa: S603
        assert float(done.stdout) < _IMPORT_CPU_SECONDS

    # --- helpers ---

    def _suffix(self) -> str:
        return str(sorted(self.component.suffixes)[0])

    def _load(self, path: Path) -> list[Document]:
        return _load(self.make(), path)

    def _expect(self, path: Path, reason: str, **settings: Any) -> DocumentError:
        outcome = _within(self.seconds_per_file, partial(_load, self.make(**settings), path))
        assert isinstance(outcome, DocumentError), f"{path.name} gave {outcome!r}, not a DocumentError"
        assert outcome.reason == reason, f"{path.name} is {outcome.reason} ({outcome}), not {reason}"
        assert outcome.path == str(path)
        return outcome


def _load(loader: Loader, path: Path) -> list[Document]:
    return list(loader.load(path))


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


def _within(seconds: float, work: Callable[[], list[Document]]) -> list[Document] | BaseException:
    """What ``work`` returns or raises; fails the test if that takes longer than ``seconds``."""
    outcome: list[list[Document] | BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the test, which judges it
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert outcome, f"reading took longer than {seconds} s"
    return outcome[0]
