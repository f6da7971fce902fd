"""Writes the tables of ``docs/providers.md`` from the providers that are installed.

    .venv/bin/python scripts/provider_table.py

A test fails where the page is not what this writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import workspace

from graphbit_core import ChatRequest, ComponentInfo, GraphBitError, ValidationError, default_host
from graphbit_core.contracts.provider import CAPABILITIES
from graphbit_core.host.faults import OUR_PACKAGES
from graphbit_core.testing.rules.http.requests import ASKED, CHOICES, PARTS, SAID, TOOLS

PAGE = workspace.ROOT / "docs" / "providers.md"
_ORDER = ("stream", "tools", "json_output", "images", "audio", "files", "reasoning", "seed", "stop", "embed")
_KEY, _URL = "any-key-1234", "https://models.example"
_SETTINGS: tuple[dict[str, str], ...] = (
    {},
    {"api_key": _KEY},
    {"api_key": _KEY, "base_url": _URL},
    {"api_key": _KEY, "endpoint": _URL},
)
"""Ways to make a provider; the first that works is used."""
_WORDS = {
    "image by address": "images by address",
    "file by id": "files by id",
    "instruction": "system messages",
    "late instruction": "system messages inside the conversation",
    "own field": "`extra`",
    "none": '`tool_choice="none"`',
    "required": '`tool_choice="required"`',
    "one": "`tool_choice` by name",
    "another": "`tool_choice` by name",
    "one at a time": "`parallel_tool_calls=False`",
}
_MARKED = re.compile(r"(<!-- (\w+): [^>]*-->\n).*?(<!-- end -->)", re.S)


def providers() -> list[tuple[list[str], Any]]:
    """Our providers that are installed, each with all of its names."""
    found: dict[int, tuple[list[str], Any]] = {}
    for info in default_host().list("provider"):
        if _is_ours(info):
            component = default_host().component("provider", info.name)
            found.setdefault(id(component), ([], component))[0].append(info.name)
    return sorted(found.values(), key=lambda row: row[0])


def _is_ours(info: ComponentInfo) -> bool:
    return OUR_PACKAGES.get(f"provider {info.name}") == info.distribution


def capabilities() -> str:
    """The table of what each provider declares; the conformance kit proves that it is so."""
    unknown = CAPABILITIES - set(_ORDER)
    if unknown:
        raise SystemExit(f"give {sorted(unknown)} a column in {__file__}")
    lines = [f"| provider | default model | {' | '.join(name.replace('_', ' ') for name in _ORDER)} |"]
    lines.append("|---|---|" + ":-:|" * len(_ORDER))
    for names, component in providers():
        marks = " | ".join("✓" if name in component.capabilities else " " for name in _ORDER)
        lines.append(f"| {_listed(names)} | `{component.default_model}` | {marks} |")
    return "\n".join(lines)


def refusals() -> str:
    """The table of what is refused beside capabilities that are not declared; alike providers share a row."""
    rows: dict[str, list[str]] = {}
    for names, component in providers():
        codec = made(names[0], component).chat(component.default_model)
        if hasattr(codec, "encode"):
            what = ", ".join(dict.fromkeys(_refused(codec, component.capabilities)))
            rows.setdefault(what or "nothing", []).extend(names)
    lines = ["| refused | by |", "|---|---|"]
    return "\n".join([*lines, *(f"| {what} | {_listed(names)} |" for what, names in sorted(rows.items()))])


def made(name: str, component: Any) -> Any:
    """A provider with made-up settings."""
    for settings in _SETTINGS:
        try:
            return component(**settings)
        except (GraphBitError, TypeError):
            continue
    raise SystemExit(f"provider {name} needs settings that {__file__} does not know; add them to _SETTINGS")


def _refused(codec: Any, declared: frozenset[str]) -> Iterator[str]:
    plain = ChatRequest((ASKED,))
    asked = {name: request for name, (request, _) in PARTS.items()}
    if "images" not in declared:
        del asked["image by address"]
    if "files" not in declared:
        del asked["file by id"]
    asked |= {name: replace(plain, **said) for name, said in SAID.items()}
    if "tools" in declared:
        asked |= {name: replace(plain, tools=TOOLS, **said) for name, said in CHOICES.items()}
    for name, request in asked.items():
        try:
            codec.encode(request, stream=False)
        except ValidationError:
            yield _WORDS.get(name, f"`{name}`")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def page(text: str) -> str:
    """The page with its tables as they should be."""
    tables = {"capabilities": capabilities, "refusals": refusals}
    return _MARKED.sub(lambda found: f"{found[1]}\n{tables[found[2]]()}\n\n{found[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
