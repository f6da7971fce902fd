"""The main job, without a key and without a network: index real documents, then ask about them.

The documents are the Python language reference, which every Python has: text files, one PDF, one DOCX.
"""

from __future__ import annotations

import sys
import textwrap
import time
from pathlib import Path

from demo_corpus import write_corpus

from graphbit_core.cli.ask import place
from graphbit_core.cli.progress import Bar
from graphbit_core.cli.run import run_table
from graphbit_core.host import default_host
from graphbit_core.llm.embeddings.client import EmbeddingClient
from graphbit_core.rag.ask import Answer, ask
from graphbit_core.rag.index import Index

QUESTIONS = (
    "What does the break statement do?",
    "How can a class customise attribute access?",
    "When is the else clause of a try statement executed?",
    "What does the global statement do?",
    "How do I pad a string with zeros?",
    "Who won the football world cup in 2014?",
)
"""Answers stand in text files, in the PDF and in the DOCX; the last question has none, and the answer should
say so."""


def main() -> int:
    """Writes the documents, asks every question, prints what came of it."""
    home = Path("demo")
    write_corpus(home / "documents")
    started = time.monotonic()
    with Index(home / "index", EmbeddingClient("hashing"), default_host()) as index:
        for number, question in enumerate(QUESTIONS):
            with Bar("indexing") as bar:
                answer = ask(index, home / "documents", question, progress=bar.update)
            if number == 0:
                _print_report(answer, index)
            _print_answer(answer)
    print(f"\nThe last run, step by step:\n{textwrap.indent(run_table(answer.nodes), '  ')}")
    print(f"\nThe index is in {index.directory}; all in all {time.monotonic() - started:.1f} s.")
    return 0


def _print_report(answer: Answer, index: Index) -> None:
    report = answer.report
    if report.indexed:
        print(f"Indexed {report.indexed} files as {report.chunks} chunks; {report.unchanged} were unchanged.")
    else:
        print(f"Nothing to index: all {report.unchanged} files are unchanged.")
    for skipped in report.skipped:
        print(f"  skipped ({skipped.reason}): {skipped.detail}")
    print(f"\nThe run, step by step:\n{textwrap.indent(run_table(answer.nodes), '  ')}")


def _print_answer(answer: Answer) -> None:
    print(f"\nQ: {answer.question}")
    print(textwrap.fill(answer.text, 100, initial_indent="A: ", subsequent_indent="   "))
    for citation in answer.citations:
        where = place(citation.source, citation.page, citation.start, citation.end)
        quote = textwrap.shorten(citation.text, 160, placeholder=" …")
        print(f"   [{citation.number}] {where}\n       {quote}")


if __name__ == "__main__":
    sys.exit(main())
