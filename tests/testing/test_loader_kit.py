"""Each rule for loaders fails on a loader that breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from kit_runs import proof

from graphbit_core import DEFAULT_MAX_BYTES, Document, DocumentError, check_whole_number, read_regular_file
from graphbit_core.testing import LoaderConformance


class GoodLoader:
    """Reads ASCII text."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".txt"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.max_bytes = check_whole_number("max_bytes", max_bytes, 1)

    def load(self, path: Path) -> Iterator[Document]:
        """The whole file as one document."""
        data = read_regular_file(path, self.max_bytes)
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError as error:
            raise DocumentError("not ASCII", path=str(path), reason="malformed") from error
        if text.isspace():
            raise DocumentError("blank", path=str(path), reason="empty")
        yield Document(text, {"source": str(path)})


class NoChecks(GoodLoader):
    """Opens whatever it is given."""

    def load(self, path: Path) -> Iterator[Document]:
        yield Document(path.read_text(encoding="ascii"), {"source": str(path)})


class NoSource(GoodLoader):
    """Forgets where a text is from."""

    def load(self, path: Path) -> Iterator[Document]:
        for document in super().load(path):
            yield Document(document.text, {"page": 0})


class Counting(GoodLoader):
    """Keeps state between files."""

    seen = 0

    def load(self, path: Path) -> Iterator[Document]:
        Counting.seen += 1
        for document in super().load(path):
            yield Document(document.text, {**document.metadata, "seen": Counting.seen})


PRIVATE = "\ud83d"


class Silent(GoodLoader):
    """Finds nothing in a good file."""

    def load(self, path: Path) -> Iterator[Document]:
        yield from list(super().load(path))[:0]


class Surrogates(GoodLoader):
    """Gives text that cannot be stored."""

    def load(self, path: Path) -> Iterator[Document]:
        for document in super().load(path):
            yield Document(document.text + PRIVATE, document.metadata)


class KeepsOpen(GoodLoader):
    """Closes a file only when all of it is read."""

    opened: ClassVar[list[Any]] = []

    def load(self, path: Path) -> Iterator[Document]:
        documents = list(super().load(path))
        file = path.open()
        self.opened.append(file)
        yield from documents
        file.close()


class Raises(GoodLoader):
    """Does not say what a damaged file is."""

    def load(self, path: Path) -> Iterator[Document]:
        data = read_regular_file(path, self.max_bytes)
        text = data.decode("ascii")
        yield Document(text, {"source": str(path)})


class Shouts(GoodLoader):
    """Declares a suffix that no file name is compared with."""

    suffixes = frozenset({".TXT"})


class Unlimited(GoodLoader):
    """Has no limit that can be set."""

    def __init__(self) -> None:
        super().__init__()


class Forgiving(GoodLoader):
    """Takes whatever limit it is given."""

    def __init__(self, *, max_bytes: Any = DEFAULT_MAX_BYTES) -> None:
        super().__init__(max_bytes=max_bytes if isinstance(max_bytes, int) and max_bytes > 0 else 1000)


class LoaderKit(LoaderConformance):
    __test__ = False
    seconds_per_file = 2.0

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.txt"
        path.write_text("Some text.\n" * 50)
        return path

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        path = folder / "picture.txt"
        path.write_bytes(b"\x89PNG\xff")
        return {path: "malformed"}


READS = "reads_a_file_whose_suffix_it_declares"
PLACE = "every_document_names_its_source_and_place"
STORED = "every_document_has_text_that_can_be_stored"
SAME = "the_same_file_gives_the_same_documents"
LEAVES = "a_reader_that_leaves_early_leaves_no_file_open"
LIMIT = "a_file_over_max_bytes_is_too_large"
FAULTY = "faulty_files_are_refused_with_their_reason"
DAMAGE = "random_damage_gives_documents_or_a_document_error"
SETTING = "has_the_setting_max_bytes"
WHOLE = "max_bytes_must_be_a_whole_number_above_zero"
SUFFIXES = "declares_suffixes_in_lower_case_with_their_dot"
NEVER_READ = (
    "a_missing_file_is_unreadable",
    "a_folder_is_unsupported",
    "a_pipe_or_device_is_unsupported_and_never_waited_for",
    "an_empty_file_is_empty",
)
COUNTED = (
    "many_threads_at_once_get_the_same",
    "settings_that_went_through_a_file_work_alike",
    "works_inside_a_running_event_loop_and_for_many_tasks_at_once",
)

PROOFS = {
    "good": proof(LoaderKit, GoodLoader),
    "no checks": proof(LoaderKit, NoChecks, *NEVER_READ, LIMIT, FAULTY, DAMAGE),
    "no source": proof(LoaderKit, NoSource, PLACE),
    "counting": proof(LoaderKit, Counting, SAME, *COUNTED),
    "silent": proof(LoaderKit, Silent, READS, only=True),
    "surrogates": proof(LoaderKit, Surrogates, STORED, DAMAGE),
    "keeps files open": proof(LoaderKit, KeepsOpen, LEAVES),
    "raises": proof(LoaderKit, Raises, FAULTY, DAMAGE),
    "another reason": proof(
        LoaderKit, GoodLoader, FAULTY, write_faulty=lambda self, folder: {folder / "none.txt": "empty"}
    ),
    "shouts": proof(LoaderKit, Shouts, SUFFIXES, READS),
    "unlimited": proof(LoaderKit, Unlimited, SETTING, WHOLE, LIMIT, only=True),
    "forgiving": proof(LoaderKit, Forgiving, WHOLE),
}


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    for file in KeepsOpen.opened:
        file.close()


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_of_a_loader_fails_the_rule_about_it(fault: str) -> None:
    PROOFS[fault].check()
