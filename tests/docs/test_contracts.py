"""The reference of contracts is what the contracts say, and they say what an author has to know."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import import_module

import contract_reference
import docstrings
import pytest

import graphbit_core
from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.contracts.provider import CAPABILITIES
from graphbit_core.contracts.vector_store import STORE_CAPABILITIES

TEXT = contract_reference.PAGE.read_text(encoding="utf-8")


def section(kind: str) -> str:
    """What the page says of a kind."""
    found = re.search(rf"^## {kind}\n(.*?)(?=^## |\Z)", TEXT, re.M | re.S)
    assert found, f"the page has no section {kind}"
    return found[1]


def test_the_page_is_what_the_contracts_say():
    assert TEXT.count("<!-- end -->") == 1
    assert contract_reference.page(TEXT) == TEXT, "run .venv/bin/python scripts/contract_reference.py"


@pytest.mark.parametrize("kind", ENTRY_POINT_GROUPS)
def test_every_kind_tells_its_group_its_members_and_its_threads(kind: str):
    module = import_module(f"graphbit_core.contracts.{kind}")
    contract = getattr(module, contract_reference.contract_class(kind))
    told = section(kind)
    assert f"`{ENTRY_POINT_GROUPS[kind]}`" in told
    members = {name for name in {*vars(contract), *contract.__annotations__} if name[0] != "_"}
    assert len(members) > 1
    assert all(re.search(rf"^- `{name}[(:]", told, re.M) for name in members), members
    assert "Threads:\n" in (inspect.getdoc(contract) or "")


def test_every_capability_is_told():
    for kind, declared in (("provider", CAPABILITIES), ("vector_store", STORE_CAPABILITIES)):
        (line,) = re.findall(r"^- Capabilities: (.*)$", section(kind), re.M)
        assert declared <= set(re.findall(r"`(\w+)`", line))


def test_every_class_on_the_page_can_be_imported_from_the_package():
    classes = re.findall(r"^### `(\w+)`\n\n[^`]", TEXT, re.M)
    assert len(classes) > 40
    assert [name for name in classes if not hasattr(graphbit_core, name)] == []


def test_every_member_has_a_sentence_that_says_more_than_its_type():
    for path in contract_reference.CONTRACTS.glob("*.py"):
        for node in docstrings.classes(path):
            for one in node.body:
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name[0] != "_":
                    assert ast.get_docstring(one), f"{path.name}: {node.name}.{one.name}"


SOURCE = '''
class Kettle(Pot, Protocol):
    """Boils ``water``.

    It is
    quick.

    Threads:
        One at a
        time.

    Raises:
        ConfigError: It is
            empty.
        ValidationError: Never.
    """

    litres: ClassVar[float] = 1.5
    """How much it holds."""
    lid: Lid | None = field(default_factory=dict)

    def boil(self, seconds: float = 60, *, loud: bool = False) -> Water:
        """Hot water.

        Args:
            seconds: Above 0.
        """

    @property
    def full(self) -> bool:
        """Whether it is."""
'''
PAGE = """\
### `Kettle`

All of `Pot`, and:

Boils `water`.

It is quick.

*Threads:* One at a time.

*Making one raises* `ConfigError`: It is empty. `ValidationError`: Never.

- `litres: float = 1.5`: How much it holds.
- `lid: Lid | None = {}`
- `boil(seconds: float = 60, *, loud: bool = False) -> Water`: Hot water.
  - `seconds`: Above 0.
- `full: bool`: Whether it is."""


def test_a_class_becomes_a_section():
    (node,) = ast.parse(SOURCE).body
    assert isinstance(node, ast.ClassDef)
    assert "\n\n".join(docstrings.class_page(node, 3)) == PAGE
    assert docstrings.names(node) == {"ClassVar", "float", "Lid", "bool", "Water"}
