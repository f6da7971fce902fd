from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from graphbit_loader_text import CsvLoader, JsonLoader, TextLoader

from graphbit_core.testing import LoaderConformance


def write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    paths = [folder / name for name in files]
    for path in paths:
        path.write_bytes(files[path.name])
    return paths


class TestTextLoader(LoaderConformance):
    component = TextLoader

    def write_sample(self, folder: Path) -> Path:
        return write(folder, {"sample.md": "# Größe\n\nEin Absatz mit 😀 und Text.\n".encode() * 20})[0]

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        faulty = {"blank.txt": b" \n\t\r\n ", "picture.txt": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\xff"}
        return dict(zip(write(folder, faulty), ("empty", "malformed"), strict=True))


class TestCsvLoader(LoaderConformance):
    component = CsvLoader

    def write_sample(self, folder: Path) -> Path:
        rows = "".join(f'{n},"Müller, Anna",{n * 3}\n' for n in range(50))
        return write(folder, {"sample.csv": ("id,name,price\n" + rows).encode()})[0]

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        faulty = {"blank.csv": b"\n \n", "header.csv": b"a,b\n,\n", "quote.csv": b'a,b\n"' + b"x" * 200_000}
        return dict(zip(write(folder, faulty), ("empty", "empty", "malformed"), strict=True))


class TestJsonLoader(LoaderConformance):
    component = JsonLoader

    def write_sample(self, folder: Path) -> Path:
        value = [{"id": n, "name": "Müller", "tags": ["a", None, 1.5, {"b": True}]} for n in range(30)]
        return write(folder, {"sample.json": json.dumps(value).encode()})[0]

    def write_faulty(self, folder: Path) -> Mapping[Path, str]:
        faulty = {
            "blank.json": b"  ",
            "nothing.json": b"{}",
            "cut.json": b'{"a": ',
            "deep.json": b"[" * 200_000,
            "line.jsonl": b'{"a": 1}\n{"a"\n',
        }
        reasons = ("empty", "empty", "malformed", "malformed", "malformed")
        return dict(zip(write(folder, faulty), reasons, strict=True))


class TestJsonLines(TestJsonLoader):
    def write_sample(self, folder: Path) -> Path:
        lines = "\n".join(json.dumps({"id": n, "text": "Grüße"}) for n in range(30))
        return write(folder, {"sample.jsonl": lines.encode()})[0]
