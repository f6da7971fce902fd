"""Passages to sentences, each with the headings that it stands under.

Reference texts say what a sentence is about in the line above it: a section's title, or a term with its
description indented below. Without that line "Called when it is about to be destroyed." answers nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_RULE = re.compile(r"[=*~^#\-+_]{3,}")
_BULLET = re.compile(r"(?:[*•–-]|\d{1,2}[.)])\s+")
_MARKDOWN_TITLE = re.compile(r"#{1,6}\s+(?P<title>.+)")
_END = re.compile(r"""(?<=[.!?])["'”’)\]]*\s+(?=["'“‘(\[*`]*[^\W\d_a-z]|\*{1,2}\w)""")
_NO_END = re.compile(r"(?:\b(?:e\.g|i\.e|cf|etc|vs|Dr|Mr|Mrs|Ms|St|No|Fig|Sec|approx)|\b[A-Z])\.$")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a passage.

    Attributes:
        text: The sentence, its white space collapsed.
        headings: Titles and terms above it, outermost first.
        passage: Index of its passage.
        position: Its place in the passage, from 0.
        opens: Whether it is the first of its paragraph.
    """

    text: str
    headings: tuple[str, ...]
    passage: int
    position: int
    opens: bool


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    indent: int
    headings: tuple[str, ...]


def sentences_of(text: str, passage: int) -> list[Sentence]:
    """The sentences of one passage, in order; titles, rules, tables and code are not among them."""
    found: list[Sentence] = []
    for block in _blocks(text):
        for i, sentence in enumerate(_cut(block.text)):
            found.append(Sentence(sentence, block.headings, passage, len(found), i == 0))
    return found


def _blocks(text: str) -> Iterator[_Block]:
    """Paragraphs of prose. What is no prose heads what stands below and further right."""
    above: list[tuple[int, str]] = []
    title = ""
    for lines in _paragraphs(text):
        if len(lines) > 1 and _RULE.fullmatch(lines[1].strip()):
            title, above, lines = lines[0].strip(), [], lines[2:]
        elif (marked := _MARKDOWN_TITLE.fullmatch(lines[0].strip())) and len(lines) == 1:
            title, above, lines = marked["title"], [], []
        if not lines:
            continue
        indent = len(lines[0]) - len(lines[0].lstrip())
        above = [(depth, head) for depth, head in above if depth < indent]
        joined = _joined(lines)
        if _is_prose(joined):
            yield _Block(
                joined, indent, tuple(head for head in (title, *(head for _, head in above)) if head)
            )
        if not _is_prose(joined) or joined.endswith(":"):
            above.append((indent, joined))


def _joined(lines: list[str]) -> str:
    """One line, without a bullet, and with words whole that a hyphen had cut at a line's end."""
    text = ""
    for line in lines:
        text += line.strip() if re.search(r"\w-$", text) else f" {line.strip()}"
    text = text.strip()
    bullet = _BULLET.match(text)
    return text[bullet.end() :] if bullet else text


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Lines between empty lines; a bullet, or another indentation than the line above, starts anew."""
    lines: list[str] = []
    for line in [*text.expandtabs(4).splitlines(), ""]:
        if lines and (not line.strip() or _starts_anew(lines, line)):
            yield lines
            lines = []
        if line.strip():
            lines.append(line.rstrip())


def _starts_anew(lines: list[str], line: str) -> bool:
    if _BULLET.match(line.strip()) and not _RULE.fullmatch(line.strip()):
        return True
    above, here = (len(item) - len(item.lstrip()) for item in (lines[-1], line))
    hangs = _BULLET.match(lines[0].strip()) and here > len(lines[0]) - len(lines[0].lstrip())
    return abs(above - here) > 1 and not hangs


def _is_prose(text: str) -> bool:
    """Ends like a sentence, or is one that was cut off: mostly words, of which most are lower case."""
    words = re.findall(r"[^\W\d_]+", text)
    letters = sum(map(len, words))
    if len(words) < 4 or letters < 0.6 * len(re.sub(r"\s", "", text)) or "::=" in text or ">>>" in text:
        return False
    return bool(re.search(r"""[.!?:;]["'”’)\]]*$""", text)) or len(words) > 8


def _cut(text: str) -> Iterator[str]:
    """Sentences of a paragraph. A full stop ends one before white space and a capital, not in "e.g. X"."""
    collapsed = " ".join(text.split())
    start = 0
    for end in _END.finditer(collapsed):
        if not _NO_END.search(collapsed, start, end.start()):
            yield collapsed[start : end.start()] + end.group().rstrip()
            start = end.end()
    if start < len(collapsed):
        yield collapsed[start:]
