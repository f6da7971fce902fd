"""What all loaders share: reading a file safely, bounds on archives, text that can be stored."""

from __future__ import annotations

import os
import socket
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from graphbit_core import (
    ConfigError,
    DocumentError,
    check_whole_number,
    clean_text,
    open_archive,
    read_regular_file,
)


def archive(**entries: bytes) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return buffer.getvalue()


def test_a_file_is_read_whole_up_to_the_limit_itself(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_regular_file(path, 5) == b"12345"
    with pytest.raises(DocumentError, match="5 bytes, more than the limit of 4") as caught:
        read_regular_file(path, 4)
    assert caught.value.facts() == {"path": str(path), "reason": "too_large"}


@pytest.mark.parametrize("name", ["missing", "a\0b", "x" * 300])
def test_what_cannot_be_opened_is_unreadable(tmp_path: Path, name: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_regular_file(tmp_path / name)
    assert caught.value.reason == "unreadable"


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="this system has no sockets in the file system")
def test_a_socket_is_unsupported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        with pytest.raises(DocumentError) as caught:
            read_regular_file(Path("s"))
    assert caught.value.reason == "unsupported"


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts open files under /proc")
def test_a_refused_file_is_not_left_open(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        with pytest.raises(DocumentError):
            read_regular_file(tmp_path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_small_archive_may_be_as_dense_as_it_likes() -> None:
    assert open_archive(archive(a=b"0" * 1_000_000), Path("a.zip")).read("a") == b"0" * 1_000_000


@pytest.mark.parametrize("size", [20_000_000, 101_000_000])
def test_an_archive_that_swells_is_too_large(size: int) -> None:
    with pytest.raises(DocumentError, match=f"{size:,} bytes") as caught:
        open_archive(archive(a=bytes(size)), Path("a.zip"))
    assert caught.value.reason == "too_large"


def test_an_archive_of_very_many_files_is_too_large() -> None:
    with pytest.raises(DocumentError, match="10,001 files"):
        open_archive(archive(**{str(n): b"" for n in range(10_001)}), Path("a.zip"))


def test_what_is_no_archive_is_malformed() -> None:
    with pytest.raises(DocumentError) as caught:
        open_archive(b"PK\x03\x04 and no more", Path("a.zip"))
    assert caught.value.reason == "malformed"


def test_text_is_cleaned_only_of_what_cannot_be_stored() -> None:
    assert clean_text("Größe 😀\u2028") == "Größe 😀\u2028"
    assert clean_text("\ud83d\ude00 \ud83d \0") == "😀 \ufffd \ufffd"


@pytest.mark.parametrize("value", [0, True, 1.0, "1", None])
def test_a_whole_number_below_its_minimum_or_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(ConfigError, match="'n' must be a whole number of at least 1"):
        check_whole_number("n", value, 1)
