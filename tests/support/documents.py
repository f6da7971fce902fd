"""Reads the code blocks of a Markdown document.

What a writer has to know:

- ``python`` blocks of one document are run in order and share their names.
- ``bash``, ``sh`` and ``console`` blocks are run or checked line by line (see ``run_document.py``);
  of a ``console`` block only the lines that begin with ``$``. The others, if there are any, are what the
  commands print; ``…`` stands for any text, on a line of its own for any lines.
- A block of any other language whose first line is a comment with a file name (``# workflow.yaml``) is
  written to that file, for what comes after it. So is a ``python`` block (``# my_plugin.py``), which is
  then imported or run by later ones. In a ``text`` or ``markdown`` block that first line is left out.
- Everything happens in one empty folder, but for ``docs/``, which holds copies of our own documents.
- A page in ``docs/tutorials`` has an environment of its own, with graphbit-core, pytest and what builds
  packages, and an empty folder without ``docs/``. What it installs is really installed, and ``cd`` enters a
  folder.
- ``<!-- not run: reason -->`` above a block leaves it out; every such block is counted and printed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import workspace

SHELL = {"bash", "sh", "shell", "console"}
PLAIN = {"text", "txt", "markdown", "md", "csv"}

_FENCE = re.compile(r"^([ \t]*)```([\w+-]*)[^\n]*\n(.*?)^\1```[ \t]*$", re.M | re.S)
_FILE = re.compile(r"#\s+([\w./-]+\.\w+)\s*$")
_NOT_RUN = re.compile(r"<!--\s*not run:\s*(.+?)\s*-->\s*\Z")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        action: ``python``, ``shell``, ``file``, ``not run``, or ``show`` for what is only to be read.
        line: Line of the document on which its first line stands.
        target: File name of a ``file``; reason of a ``not run``; what a ``shell`` prints, if that is shown.
    """

    action: str
    line: int
    text: str
    target: str = ""


def blocks(document: Path) -> list[Block]:
    """All blocks of a document, in order."""
    text = document.read_text(encoding="utf-8")
    return [_block(match, text) for match in _FENCE.finditer(text)]


def prose(document: Path) -> str:
    """The text of a document without its blocks."""
    return _FENCE.sub("", document.read_text(encoding="utf-8"))


def rows(page: str, first: str) -> list[list[str]]:
    """The cells of the table of a page in ``docs`` whose heading begins with ``first``, row by row."""
    text = (workspace.ROOT / "docs" / page).read_text(encoding="utf-8")
    found = re.search(rf"^\| {first} \|.*\n\|[-:|]+\n((?:\|.*\n)+)", text, re.M)
    assert found, f"{page} has a table that begins with {first!r}"
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in found[1].splitlines()]


def _block(match: re.Match[str], text: str) -> Block:
    indent, language, body = match.groups()
    body = "".join(line.removeprefix(indent) for line in body.splitlines(keepends=True))
    line = text.count("\n", 0, match.start()) + 2
    if reason := _NOT_RUN.search(text[: match.start()]):
        return Block("not run", line, body, reason.group(1))
    first, _, rest = body.partition("\n")
    if language not in SHELL and (name := _FILE.match(first)):
        return Block("file", line, rest if language in PLAIN else body, name.group(1))
    if language in SHELL:
        return Block("shell", line, *(_session(body) if language == "console" else (body,)))
    return Block("python" if language in {"python", "py"} else "show", line, body)


def _session(body: str) -> tuple[str, str]:
    """What a reader would type of a terminal session, with lines continued by a backslash, and the rest."""
    typed, printed, goes_on = [], [], False
    for line in body.splitlines(keepends=True):
        if goes_on or line.startswith("$ "):
            typed.append(line if goes_on else line[2:])
            goes_on = line.endswith("\\\n")
        else:
            printed.append(line)
    return "".join(typed), "".join(printed)
