"""XML files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar
from xml.etree.ElementTree import Element

from defusedxml import DTDForbidden, ElementTree  # type: ignore[import-untyped]

from graphbit_core import DEFAULT_MAX_BYTES, Document, DocumentError, check_whole_number, read_regular_file

_MAX_DEPTH = 200


class XmlLoader:
    """Reads the text of an XML file as one document: its elements' text, without tags and attributes.

    Document type declarations are refused: with entities they make small files huge, or read others.
    """

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    suffixes: ClassVar[frozenset[str]] = frozenset({".xml"})

    def __init__(self, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._max_bytes = check_whole_number("max_bytes", max_bytes, 1)

    def load(self, path: Path) -> Iterator[Document]:
        """One paragraph for each element that holds text of its own, parted by empty lines."""
        data = read_regular_file(path, self._max_bytes)
        if not data.strip():
            raise DocumentError(f"{path} holds only white space", path=str(path), reason="empty")
        root = _parse(data, path)
        text = "\n\n".join(_paragraphs(root, path))
        if not text:
            raise DocumentError(f"{path} holds no text", path=str(path), reason="empty")
        yield Document(text, {"source": str(path)})


def _parse(data: bytes, path: Path) -> Element:
    try:
        root: Element = ElementTree.fromstring(data, forbid_dtd=True)
    except DTDForbidden as error:
        raise _malformed(path, "it has a document type declaration (DTD); remove that") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the latter two: its encoding
        raise _malformed(path, str(error)) from error
    return root


def _paragraphs(element: Element, path: Path, depth: int = 1) -> Iterator[str]:
    """Text in order: whole elements where text and elements mix, else each child by itself."""
    if depth > _MAX_DEPTH:
        raise _malformed(path, f"its elements are nested more than {_MAX_DEPTH} deep")
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        yield " ".join("".join(element.itertext()).split())
        return
    for child in element:
        yield from _paragraphs(child, path, depth + 1)


def _malformed(path: Path, why: str) -> DocumentError:
    return DocumentError(f"cannot read {path} as XML: {why}", path=str(path), reason="malformed")
