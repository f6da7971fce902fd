"""Writes the reference in ``docs/plugin-contracts.md`` from the contracts in ``graphbit_core/contracts``.

    .venv/bin/python scripts/contract_reference.py

A test fails where the page is not what this writes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import docstrings
import workspace

from graphbit_core.contracts import API_VERSION, ENTRY_POINT_GROUPS
from graphbit_core.host.checks import contract_of
from graphbit_core.testing.kinds import CONFORMANCE

PAGE = workspace.ROOT / "docs" / "plugin-contracts.md"
CONTRACTS = workspace.ROOT / "graphbit_core" / "contracts"
_CORE = CONTRACTS.parent
_DATA = [
    *sorted((_CORE / "types").glob("*.py")),
    _CORE / "errors" / "base.py",
    _CORE / "host" / "resources.py",
]
_MARKED = re.compile(r"(<!-- contracts: [^>]*-->\n).*(<!-- end -->)", re.S)
_CAPABILITIES = {"provider": "CAPABILITIES", "vector_store": "STORE_CAPABILITIES"}
_NAMES = {
    "tool": "what `@tool` makes of a function, or any object with `spec` and `call`",
    "provider": "a class, or a frozen dataclass instance (a *row*) that makes one when it is called",
}
_CLASS = "a class, or a frozen dataclass instance (a *row*) whose fields are the settings"


def page(text: str) -> str:
    """The page with its reference as it should be."""
    body = "\n\n".join([*_overview(), *_kinds(), *_data()])
    return _MARKED.sub(lambda found: f"{found[1]}\n{body}\n\n{found[2]}", text)


def contract_class(kind: str) -> str:
    """The name of a kind's contract."""
    return contract_of(kind).__name__


def conformance(kind: str) -> list[str]:
    """The classes of the kit for a kind."""
    return [name for (its, _), name in CONFORMANCE.items() if its == kind]


def _overview() -> Iterator[str]:
    rows = [
        f"| [`{kind}`](#{kind}) | `{group}` | {_listed(conformance(kind)) or 'none yet'} |"
        for kind, group in ENTRY_POINT_GROUPS.items()
    ]
    yield f"`graphbit_core.API_VERSION`, the version of these contracts, is `{API_VERSION}`."
    yield "\n".join(["| kind | entry point group | conformance class |", "|---|---|---|", *rows])


def _kinds() -> Iterator[str]:
    for kind, group in ENTRY_POINT_GROUPS.items():
        path = CONTRACTS / f"{kind}.py"
        module = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        yield f"## {kind}"
        yield from docstrings.paragraphs(module)
        facts = [f"- Entry point group: `{group}`", f"- An entry point names {_NAMES.get(kind, _CLASS)}."]
        if kind in _CAPABILITIES:
            facts.append(f"- Capabilities: {_about(path, _CAPABILITIES[kind])}")
        facts.append(f"- Tested with: {_listed(conformance(kind)) or 'no conformance class yet'}")
        yield "\n".join(facts)
        found = docstrings.classes(path)
        for one in sorted(found, key=lambda node: node.name != contract_class(kind)):
            yield from docstrings.class_page(one, 3)


def _about(path: Path, constant: str) -> str:
    """What stands below a constant of a module."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    at = next(i for i, one in enumerate(body) if isinstance(one, ast.Assign) and _name(one) == constant)
    return docstrings.prose(docstrings.string_of(body[at + 1]))


def _name(node: ast.Assign) -> str:
    return ast.unparse(node.targets[0])


def _data() -> Iterator[str]:
    """Classes and aliases that the contracts' signatures name, and those that these name in turn."""
    yield "## Data"
    yield "What contracts are given and give. Instances do not change; `graphbit_core` has every class."
    known = {name: node for path in _DATA for name, node in _definitions(path)}
    wanted = set().union(*(docstrings.names(ast.parse(path.read_text())) for path in CONTRACTS.glob("*.py")))
    todo = sorted(wanted & known.keys())
    done: dict[str, ast.stmt] = {}
    while todo:
        name = todo.pop()
        done[name] = known[name]
        todo += sorted((_named_by(known[name]) & known.keys()) - done.keys())
    for _, node in sorted(done.items()):
        if isinstance(node, ast.ClassDef):
            yield from docstrings.class_page(node, 3)
        elif isinstance(node, ast.Assign):
            yield f"### `{_name(node)}`"
            yield f"`{ast.unparse(node.value)}`"


def _definitions(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            yield node.name, node
        elif isinstance(node, ast.Assign):
            yield _name(node), node


def _named_by(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return {one.id for one in ast.walk(node.value) if isinstance(one, ast.Name)}
    return docstrings.names(node)


def _listed(found: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in found)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
