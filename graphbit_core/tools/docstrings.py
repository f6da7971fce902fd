"""What a docstring says of a function and of its parameters: Google, NumPy and Sphinx style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_PARAMETERS = {"args", "arguments", "parameters", "params", "attributes"}
_SECTIONS = _PARAMETERS | {
    *("returns", "return", "yields", "yield", "raises", "raise", "warns", "warnings", "warning"),
    *("example", "examples", "note", "notes", "references", "see also", "todo", "keyword args"),
}
_GOOGLE_ENTRY = re.compile(r"(\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:(?:\s+|$)(.*)")
_NUMPY_ENTRY = re.compile(r"(\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?$")
_SPHINX_FIELD = re.compile(r":(\w+)(?:\s+([^:]*))?:\s*(.*)")


@dataclass(slots=True)
class Docs:
    """``text`` is what stands before the first section; ``parameters`` the text of each."""

    text: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def read_docstring(owner: object) -> Docs:
    """The docstring of a function or class, taken apart; what is in no known section stays in the text."""
    docs = Docs()
    lines = (inspect.getdoc(owner) or "").splitlines()
    before: list[str] = []
    head, body = "", before
    sections: list[tuple[str, str, list[str]]] = []
    rest = iter(range(len(lines)))
    for i in rest:
        if sphinx := _SPHINX_FIELD.match(lines[i]):
            body = [sphinx[3]]
            sections.append(("sphinx", f"{sphinx[1]} {sphinx[2] or ''}", body))
        elif style := _header(lines, i):
            head, body = lines[i].strip().rstrip(":").lower(), []
            sections.append((style, head, body))
            if style == "numpy":
                next(rest)
        else:
            body.append(lines[i])
    docs.text = "\n".join(before).strip()
    for style, head, body in sections:
        docs.parameters.update(_entries(style, head, body))
    return docs


def _header(lines: Sequence[str], i: int) -> str | None:
    title = lines[i].strip().lower()
    if lines[i].startswith((" ", "\t")):
        return None
    if title.endswith(":") and title[:-1] in _SECTIONS:
        return "google"
    following = lines[i + 1].strip() if i + 1 < len(lines) else ""
    return "numpy" if title in _SECTIONS and len(following) > 2 and set(following) == {"-"} else None


def _entries(style: str, head: str, body: Sequence[str]) -> Iterator[tuple[str, str]]:
    if style == "sphinx":
        kind, _, rest = head.partition(" ")
        if kind in ("param", "parameter", "arg", "argument") and rest.strip():
            yield rest.split()[-1].lstrip("*"), _joined(body)
        return
    if head not in _PARAMETERS:
        return
    entry = _GOOGLE_ENTRY if style == "google" else _NUMPY_ENTRY
    outer = min((_indent(line) for line in body if line.strip()), default=0)
    names, text = "", [""]
    for line in body:
        found = entry.match(line.strip()) if line.strip() and _indent(line) == outer else None
        if found is None:
            text.append(line)
            continue
        yield from _named(names, text)
        names, text = found[1], [found[2] if style == "google" else ""]
    yield from _named(names, text)


def _named(names: str, text: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name in filter(None, re.split(r"[\s,]+", names)):
        yield name.lstrip("*"), _joined(text)


def _joined(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
