"""How fast texts are cut: 4 MB of the Python language reference, one thread."""

from __future__ import annotations

from pydoc_data.topics import topics

from measure import median

from graphbit_core import default_host

SETTINGS = {
    "character": {"chunk_size": 1000, "chunk_overlap": 200},
    "recursive": {"chunk_size": 1000, "chunk_overlap": 200},
    "sentence": {"chunk_size": 1000, "chunk_overlap": 200},
    "token": {"chunk_size": 256, "chunk_overlap": 32},
}


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    text = "\n\n".join(topics.values())
    text *= 4_000_000 // len(text) + 1
    accented = text.replace("e", "é")
    rows = []
    for name, settings in SETTINGS.items():
        splitter = default_host().create("splitter", name, **settings)
        for title, sample in (("ASCII", text), ("non-ASCII", accented)):
            seconds = median(lambda splitter=splitter, sample=sample: splitter.split(sample), 3).wall
            rows.append((f"{name}, {title}", f"{len(sample.encode()) / 1e6 / seconds:.1f} MB/s"))
    return rows


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
