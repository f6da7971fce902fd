"""Reads classes and their Google style docstrings from source, and writes them as Markdown."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

_SECTION = re.compile(
    r"^(Args|Attributes|Example|Raises|Returns|Threads|Yields):\n((?:[ ]{4}.*\n|\n)+)", re.M
)
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
    """All paragraphs; what is indented is code, and stays as it is."""
    found = []
    for code, lines in itertools.groupby(text.splitlines(), key=lambda line: line.startswith("    ")):
        block = "\n".join(lines)
        if code:
            found.append(f"```text\n{textwrap.dedent(block)}\n```")
        else:
            found += [prose(part) for part in re.split(r"\n\s*\n", block) if part.strip()]
    return found


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
    yield from paragraphs(told.get("Example", "").replace("::", ":"))
    if "Args" in told:
        yield "\n".join(f"- `{name}`: {what}" for name, what in items(told["Args"]).items())
    if "Threads" in told:
        yield f"*Threads:* {prose(told['Threads'])}"
    if "Raises" in told:
        raised = (f"`{name}`: {what.removesuffix('.')}" for name, what in items(told["Raises"]).items())
        yield f"*Making one raises* {'. '.join(raised)}."
    if found := members(node):
        yield "\n".join(found.values())


def members(node: ast.ClassDef) -> dict[str, str]:
    """Public attributes and documented methods by name, as items of a list; not the tests of a test class."""
    _, told = sections(ast.get_docstring(node) or "")
    found = {**dict(_attributes(node, items(told.get("Attributes", "")))), **dict(_methods(node))}
    return {name: item for name, item in found.items() if not name.startswith(("_", "test_"))}


def _attributes(node: ast.ClassDef, told: dict[str, str]) -> Iterator[tuple[str, str]]:
    for index, one in enumerate(node.body):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
            name, after = one.target.id, node.body[index + 1 : index + 2]
            about = told.get(name) or (prose(string_of(after[0])) if after else "")
            kind = ast.unparse(one.annotation).removeprefix("ClassVar[")
            kind = kind.removesuffix("]") if kind != ast.unparse(one.annotation) else kind
            default = f" = {_default(one.value)}" if one.value else ""
            yield name, f"- `{name}: {kind}{default}`" + (f": {about}" if about else "")


def string_of(node: ast.stmt) -> str:
    """A string that stands alone, below what it documents; else nothing."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return str(node.value.value)
    return ""


def _default(value: ast.expr) -> str:
    text = ast.unparse(value)
    made = re.fullmatch(r"field\(default_factory=(\w+)\)", text)
    return {"dict": "{}", "list": "[]"}.get(made[1], text) if made else text


def _methods(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for one in node.body:
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(one):
            yield one.name, function_item(one, bound=True)


def function_item(node: ast.FunctionDef | ast.AsyncFunctionDef, *, bound: bool = False) -> str:
    """A function as an item of a list; of one that is ``bound`` the first parameter is left out."""
    text, told = sections(ast.get_docstring(node) or "")
    lines = [f"- `{_signature(node, bound)}`: {' '.join(paragraphs(text))}"]
    lines += [f"  - `{name}`: {what}" for name, what in items(told.get("Args", "")).items()]
    if "Returns" in told:
        lines.append(f"  - returns: {prose(told['Returns'])}")
    lines += [f"  - raises `{name}`: {what}" for name, what in items(told.get("Raises", "")).items()]
    return "\n".join(lines)


def _signature(function: ast.FunctionDef | ast.AsyncFunctionDef, bound: bool) -> str:
    decorators = {ast.unparse(one) for one in function.decorator_list}
    returned = ast.unparse(function.returns) if function.returns else ""
    if "property" in decorators:
        return f"{function.name}: {returned}"
    taken = ast.unparse(function.args)
    if bound and "staticmethod" not in decorators:
        taken = re.sub(r"^\w+(, )?", "", taken)
    awaited = "async " if isinstance(function, ast.AsyncFunctionDef) else ""
    taken = re.sub(r"(: [^,=()]+)=(?!_)", r"\1 = ", taken)
    taken = re.sub(r"(: [^,=()]+)=_\w+", r"\1 = …", taken)  # a name of the module's own
    return f"{awaited}{function.name}({taken}) -> {returned}"
