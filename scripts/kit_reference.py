"""Writes the reference in ``docs/plugin-testing.md`` from the conformance kit.

    .venv/bin/python scripts/kit_reference.py

A test fails where the page is not what this writes.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import docstrings
import workspace

from graphbit_core import testing
from graphbit_core.testing.kinds import CONFORMANCE
from graphbit_core.testing.rules.overriding import is_of_kit, rules

PAGE = workspace.ROOT / "docs" / "plugin-testing.md"
_MARKED = re.compile(r"(<!-- (\w+): [^>]*-->\n).*?(<!-- end -->)", re.S)
COMMON = testing.ComponentConformance
"""What it has is told once, and not again with each kind."""


def page(text: str) -> str:
    """The page with its references as they should be."""
    written = {"conformance": _conformance, "parts": _parts}

    def marked(found: re.Match[str]) -> str:
        body = "\n\n".join(written[found[2]]())
        return f"{found[1]}\n{body}\n\n{found[3]}"

    return _MARKED.sub(marked, text)


def parts() -> list[str]:
    """What the kit has beside the conformance classes."""
    return [name for name in testing.__all__ if not name.endswith("Conformance")]


def _conformance() -> Iterator[str]:
    yield "### Every kind"
    yield from _class(COMMON, told=())
    for (kind, _), name in CONFORMANCE.items():
        yield f"### `{name}`"
        yield f"Kind: `{kind}`."
        yield from _class(getattr(testing, name), told=COMMON.__mro__)


def _class(conformance: Any, told: tuple[type, ...]) -> Iterator[str]:
    bases = [base for base in conformance.__mro__ if is_of_kit(base) and base not in told]
    yield from docstrings.paragraphs(docstrings.sections(inspect.getdoc(conformance) or "")[0])
    if conformance.needs:
        yield f"Must give: {', '.join(f'`{name}`' for name in ('component', *conformance.needs))}."
    members: dict[str, str] = {}
    for base in bases:
        members = {**_members(base), **members}
    if members:
        yield "\n".join(item for _, item in sorted(members.items()))
    known = set(rules(COMMON)) if conformance is not COMMON else set()
    own = [name.removeprefix("test_").replace("_", " ") for name in rules(conformance) if name not in known]
    yield f"Its {len(own)} rules:"
    yield "\n".join(f"- {rule}" for rule in own)


def _members(base: type) -> dict[str, str]:
    found = docstrings.members(_node(base))
    return {name: item for name, item in found.items() if name not in ("kind", "needs")}


def _parts() -> Iterator[str]:
    for name in parts():
        value = getattr(testing, name)
        node = _node(inspect.unwrap(getattr(value, "_fixture_function", value)))
        if isinstance(node, ast.ClassDef):
            yield from docstrings.class_page(node, 3)
        else:
            yield f"### `{name}`"
            yield docstrings.function_item(node)


def _node(definition: Any) -> Any:
    """A class or function as source."""
    return ast.parse(textwrap.dedent(inspect.getsource(definition))).body[0]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
