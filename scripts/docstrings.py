"""Reads classes and their Google style docstrings from source, and writes them as Markdown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

_SECTION = re.compile(r"^(Args|Attributes|Raises|Returns|Threads|Yields):\n((?:[ ]{4}.*\n|\n)+)", re.M)
_ITEM = re.compile(r"^(\w+): (.*(?:\n[ ]{4}.*)*)", re.M)


def classes(path: Path) -> list[ast.ClassDef]:
    """The public classes of a module, in order."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return [node for node in body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]


def sections(text: str) -> tuple[str, dict[str, str]]:
    """A docstring without its sections, and the sections by name."""
    text = inspect.cleandoc(text) + "\n"
    found = {match[1]: inspect.cleandoc("\n" + match[2]) for match in _SECTION.finditer(text)}
    return _SECTION.sub("", text).strip(), found


def items(section: str) -> dict[str, str]:
    """Name → what a section says of it, for sections that are lists."""
    return {match[1]: prose(match[2]) for match in _ITEM.finditer(section)}


def prose(text: str) -> str:
    """A paragraph on one line, with Markdown's back quotes."""
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split()))


def paragraphs(text: str) -> list[str]:
    """All paragraphs."""
    return [prose(part) for part in re.split(r"\n\s*\n", text) if part.strip()]


def names(node: ast.AST) -> set[str]:
    """Every name that annotations within ``node`` hold."""
    found = set()
    for one in ast.walk(node):
        for annotation in (getattr(one, "annotation", None), getattr(one, "returns", None)):
            if annotation is not None:
                found |= {name.id for name in ast.walk(annotation) if isinstance(name, ast.Name)}
    return found


def class_page(node: ast.ClassDef, level: int) -> Iterator[str]:
    """A class with all its members, as Markdown paragraphs."""
    text, told = sections(ast.get_docstring(node) or "")
    yield f"{'#' * level} `{node.name}`"
    bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id != "Protocol"]
    if bases:
        yield f"All of {' and '.join(f'`{base}`' for base in bases)}, and:"
    yield from paragraphs(text)
    if "Threads" in told:
        yield f"*Threads:* {prose(told['Threads'])}"
    if "Raises" in told:
        raised = (f"`{name}`: {what.removesuffix('.')}" for name, what in items(told["Raises"]).items())
        yield f"*Making one raises* {'. '.join(raised)}."
    members = [*_attributes(node, items(told.get("Attributes", ""))), *_methods(node)]
    if members:
        yield "\n".join(members)


def _attributes(node: ast.ClassDef, told: dict[str, str]) -> Iterator[str]:
    for index, one in enumerate(node.body):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            name, after = one.target.id, node.body[index + 1 : index + 2]
            about = told.get(name) or (prose(_text(after[0])) if after else "")
            kind = ast.unparse(one.annotation).removeprefix("ClassVar[")
            kind = kind.removesuffix("]") if kind != ast.unparse(one.annotation) else kind
            default = f" = {_default(one.value)}" if one.value else ""
            yield f"- `{name}: {kind}{default}`" + (f": {about}" if about else "")


def _text(node: ast.stmt) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def _default(value: ast.expr) -> str:
    text = ast.unparse(value)
    made = re.fullmatch(r"field\(default_factory=(\w+)\)", text)
    return {"dict": "{}", "list": "[]"}.get(made[1], text) if made else text


def _methods(node: ast.ClassDef) -> Iterator[str]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name[0] != "_":
            text, told = sections(ast.get_docstring(one) or "")
            lines = paragraphs(text)
            yield f"- `{_signature(one)}`: {' '.join(lines)}"
            yield from (f"  - `{name}`: {what}" for name, what in items(told.get("Args", "")).items())
            if "Returns" in told:
                yield f"  - returns: {prose(told['Returns'])}"
            for name, what in items(told.get("Raises", "")).items():
                yield f"  - raises `{name}`: {what}"


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    decorators = {ast.unparse(one) for one in function.decorator_list}
    returned = ast.unparse(function.returns) if function.returns else ""
    if "property" in decorators:
        return f"{function.name}: {returned}"
    if "staticmethod" not in decorators:
        function.args.args = function.args.args[1:]
    awaited = "async " if isinstance(function, ast.AsyncFunctionDef) else ""
    taken = re.sub(r"(: [^,=()]+)=", r"\1 = ", ast.unparse(function.args))
    return f"{awaited}{function.name}({taken}) -> {returned}"
