"""``graphbit ask``: questions about one's own files."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json

if TYPE_CHECKING:
    from graphbit_core.rag.ask import Answer

EXIT_NO_ANSWER = 1
EXIT_SKIPPED = 3

_HELP = """Index the documents under PATH and answer a question about them, with the passages it rests on.

The index is kept and only what changed is read again. Files that cannot be read are listed and
skipped. Exit status: 0 answered and all files read, 3 answered but some files skipped, 1 no answer,
2 wrong arguments."""


def add(subparsers: Any) -> None:
    """Adds the command."""
    parser = subparsers.add_parser(
        "ask",
        help="answer a question about documents",
        description=_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="a file or a folder of documents")
    parser.add_argument("question", help="what you want to know")
    parser.add_argument("--model", default="extractive", help="provider:model (default: extractive, offline)")
    parser.add_argument("--embedder", default="hashing", help="embedder[:model] (default: hashing, offline)")
    parser.add_argument("--store", default="qdrant-edge", help="vector store (default: qdrant-edge, on disk)")
    parser.add_argument("--k", type=_positive, default=5, help="passages given to the model (default: 5)")
    parser.add_argument("--index", type=Path, metavar="DIR", help="where indexes are kept, one per PATH")
    parser.add_argument(
        "--max-mb", type=_positive, default=10, help="skip files larger than this (default: 10)"
    )
    parser.add_argument(
        "--isolation",
        choices=["process", "none"],
        help="read every file in a child process, or none (default: PDF, DOCX and XLSX files)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Runs the command."""
    from graphbit_core.cli.progress import Bar
    from graphbit_core.host import default_host
    from graphbit_core.llm.client import LlmClient
    from graphbit_core.llm.embeddings.client import EmbeddingClient
    from graphbit_core.rag.ask import ask, index_directory
    from graphbit_core.rag.index import Index, check_root

    # Whatever is wrong with the arguments is said before anything is read.
    check_root(arguments.path)
    host = default_host()
    llm = LlmClient(arguments.model, host=host)
    embedder = EmbeddingClient(arguments.embedder, host=host)
    directory = index_directory(arguments.path, arguments.index)
    streamed = not arguments.json
    with (
        Index(
            directory,
            embedder,
            host,
            store=arguments.store,
            max_bytes=arguments.max_mb * 1024 * 1024,
            isolation=arguments.isolation,
        ) as index,
        Bar("indexing") as bar,
    ):

        def on_text(text: str) -> None:
            bar.close()
            print(text, end="", flush=True)

        answer = ask(
            index,
            arguments.path,
            arguments.question,
            llm=llm,
            k=arguments.k,
            host=host,
            progress=bar.update,
            on_text=on_text if streamed else None,
        )
    if arguments.json:
        print_json(as_json(answer))
    else:
        _print(answer, index.directory)
    if not answer.found:
        return EXIT_NO_ANSWER
    return EXIT_SKIPPED if answer.report.skipped else 0


def as_json(answer: Answer) -> dict[str, Any]:
    """What ``--json`` prints: there ``[n]`` in the answer is the n-th citation, counted from 1."""
    from graphbit_core.rag.ask import CITATION

    usage = answer.usage
    place_of = {citation.number: place for place, citation in enumerate(answer.citations, 1)}
    text = CITATION.sub(lambda m: f"[{place_of.get(int(m[1]), m[1])}]", answer.text)
    return {
        "answer": text if answer.found else None,
        "citations": [
            {"source": c.source, "page": c.page, "start": c.start, "end": c.end, "text": c.text}
            for c in answer.citations
        ],
        "indexed": answer.report.indexed,
        "unchanged": answer.report.unchanged,
        "skipped": [{"path": s.path, "reason": s.reason} for s in answer.report.skipped],
        "usage": {**asdict(usage), "total_tokens": usage.total_tokens},
    }


def _print(answer: Answer, directory: Path) -> None:
    if not answer.asked:
        print("There is nothing to answer from: no file was indexed.", end="")
    print("\n")
    for citation in answer.citations:
        print(f"  [{citation.number}] {place(citation.source, citation.page, citation.start, citation.end)}")
    report = answer.report
    print(f"\n{report.indexed} files indexed, {report.unchanged} unchanged, index in {directory}", flush=True)
    for skipped in report.skipped:
        print(f"skipped ({skipped.reason}): {skipped.detail}", file=sys.stderr)


def place(source: str, page: int | None, start: int, end: int) -> str:
    """Where a passage is, for people."""
    path = Path(source)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    where = f"page {page}, " if page is not None else ""
    return f"{shown}, {where}characters {start}-{end}"
