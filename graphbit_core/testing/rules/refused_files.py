"""Rules for what loaders refuse to read, whatever their format."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import ConfigError, DocumentError
from graphbit_core.testing.rules.in_process import InProcessConformance
from graphbit_core.types.documents import Document


class RefusedFilesConformance(InProcessConformance):
    """Rules about files that no loader reads: ``component`` alone is needed.

    They prove that what is missing, a folder, a pipe or empty is a DocumentError with the reason for it, and
    that the limit ``max_bytes`` is checked.
    """

    kind = "loader"
    seconds_per_file: ClassVar[float] = 10.0
    """Longest that reading one small file may take, however broken it is."""

    def test_declares_suffixes_in_lower_case_with_their_dot(self) -> None:
        assert self.component.suffixes, "it declares no suffix, so no file is ever its own"
        for suffix in self.component.suffixes:
            assert suffix.startswith("."), f"{suffix!r} lacks its dot"
            assert suffix == suffix.lower(), f"{suffix!r} is not lower case"

    def test_a_missing_file_is_unreadable(self, tmp_path: Path) -> None:
        self.expect(tmp_path / f"missing{self.suffix()}", "unreadable")

    def test_a_folder_is_unsupported(self, tmp_path: Path) -> None:
        folder = tmp_path / f"folder{self.suffix()}"
        folder.mkdir()
        self.expect(folder, "unsupported")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
    def test_a_pipe_or_device_is_unsupported_and_never_waited_for(self, tmp_path: Path) -> None:
        pipe = tmp_path / f"pipe{self.suffix()}"
        os.mkfifo(pipe)
        try:
            self.expect(pipe, "unsupported")
        finally:  # whoever waits for a writer sees one come and go
            os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))
        self.expect(Path(os.devnull), "unsupported")

    def test_an_empty_file_is_empty(self, tmp_path: Path) -> None:
        path = tmp_path / f"empty{self.suffix()}"
        path.touch()
        self.expect(path, "empty")

    def test_has_the_setting_max_bytes(self) -> None:
        assert "max_bytes" in self.known_settings()[0], "give its __init__ a keyword max_bytes"

    @pytest.mark.parametrize("value", [0, -1, "many", True, 1.5, None])
    def test_max_bytes_must_be_a_whole_number_above_zero(self, value: Any) -> None:
        with pytest.raises(ConfigError, match="max_bytes"):
            self.make(max_bytes=value)

    def suffix(self) -> str:
        """A suffix that the loader declares."""
        return str(sorted(self.component.suffixes)[0])

    def expect(self, path: Path, reason: str, **settings: Any) -> DocumentError:
        """The error that ``path`` must be refused with."""
        outcome = within(self.seconds_per_file, partial(read, self.make(**settings), path))
        assert isinstance(outcome, DocumentError), f"{path.name} gave {outcome!r}, not a DocumentError"
        assert outcome.reason == reason, f"{path.name} is {outcome.reason} ({outcome}), not {reason}"
        assert outcome.path == str(path), f"the error names the path {outcome.path!r}, not {str(path)!r}"
        return outcome


def read(loader: Any, path: Path) -> list[Document]:
    """All documents of a file."""
    return list(loader.load(path))


def within(seconds: float, work: Callable[[], list[Document]]) -> list[Document] | BaseException:
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
