"""The conformance classes for loaders and splitters catch what they are there to catch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core import (
    DEFAULT_MAX_BYTES,
    Chunk,
    Document,
    DocumentError,
    check_whole_number,
    read_regular_file,
)
from graphbit_core.testing import LoaderConformance, SplitterConformance


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


class LoaderKit(LoaderConformance):
    __test__ = False
    component = GoodLoader
    seconds_per_file = 2.0

    def write_sample(self, folder: Path) -> Path:
        path = folder / "sample.txt"
        path.write_text("Some text.\n" * 50)
        return path


def failures(kit: Any, folder: Path) -> set[str]:
    """The rules without parameters that the kit's component breaks."""
    broken = set()
    for name in dir(kit):
        check: Callable[..., None] = getattr(kit, name)
        arguments = getattr(getattr(check, "__code__", None), "co_varnames", ())[1 : _count(check)]
        if not name.startswith("test_") or set(arguments) - {"tmp_path"}:
            continue
        own = folder / name
        own.mkdir()
        try:
            check(**({"tmp_path": own} if arguments else {}))
        except (AssertionError, DocumentError, UnicodeDecodeError, KeyError, ValueError):
            broken.add(name.removeprefix("test_"))
    return broken


def _count(check: Callable[..., None]) -> int:
    return check.__code__.co_argcount if hasattr(check, "__code__") else 0


LOADERS = [
    (GoodLoader, set()),
    (
        NoChecks,
        {
            "a_file_over_max_bytes_is_too_large",
            "a_folder_is_unsupported",
            "a_missing_file_is_unreadable",
            "a_pipe_or_device_is_unsupported_and_never_waited_for",
            "an_empty_file_is_empty",
            "random_damage_gives_documents_or_a_document_error",
        },
    ),
    (NoSource, {"every_document_names_its_source_and_place"}),
    (
        Counting,
        {
            "many_threads_at_once_get_the_same",
            "settings_that_went_through_a_file_work_alike",
            "the_same_file_gives_the_same_documents",
            "works_inside_a_running_event_loop_and_for_many_tasks_at_once",
        },
    ),
]


@pytest.mark.parametrize(("loader", "broken"), LOADERS)
def test_each_fault_of_a_loader_fails_the_rule_about_it(
    loader: Any, broken: set[str], tmp_path: Path
) -> None:
    kit = type("Kit", (LoaderKit,), {"component": loader})()
    assert failures(kit, tmp_path) == broken


class Windows:
    """Cuts every ``chunk_size`` characters."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    shift: ClassVar[int] = 0
    longer: ClassVar[int] = 0

    def __init__(self, *, chunk_size: int = 100, chunk_overlap: int = 10) -> None:
        self.size, self.step = chunk_size + self.longer, chunk_size - chunk_overlap

    def split(self, text: str) -> list[Chunk]:
        """Windows over the text."""
        starts = range(0, max(1, len(text) - self.size + self.step), self.step) if text else ()
        pieces = [(text[start : start + self.size], start + self.shift) for start in starts]
        return [Chunk(piece, start, start + len(piece)) for piece, start in pieces if piece.strip()]


class Shifted(Windows):
    """Says that each chunk is one character further on."""

    shift = 1


class Longer(Windows):
    """Takes one character more than it may."""

    longer = 1


@pytest.mark.parametrize(("splitter", "passes"), [(Windows, True), (Shifted, False), (Longer, False)])
def test_each_fault_of_a_splitter_fails_the_rules_about_chunks(
    splitter: Any, passes: bool, tmp_path: Path
) -> None:
    kit = type("Kit", (SplitterConformance,), {"component": splitter})()
    assert ("any_text_is_split_by_the_same_rules" not in failures(kit, tmp_path)) == passes
