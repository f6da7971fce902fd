"""The page on hooks has those that the manager knows, with their arguments, and an example of each."""

from __future__ import annotations

import re

import pluggy
import pytest
import workspace
from documents import rows

from graphbit_core.host import hooks

TEXT = (workspace.ROOT / "docs" / "plugin-hooks.md").read_text(encoding="utf-8")


def specs() -> dict[str, list[str]]:
    """Name → arguments, as the live manager has them."""
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    return {name: list(caller.spec.argnames) for name, caller in vars(manager.hook).items() if name[0] != "_"}


def test_the_page_has_every_hook_with_its_arguments_and_no_other():
    headings = re.findall(r"^### `(\w+)\((.*?)\)`$", TEXT, re.M)
    assert len(headings) > 5
    assert {name: arguments.split(", ") for name, arguments in headings} == specs()


def test_the_table_lists_every_hook_with_what_becomes_of_its_result():
    returned = {}
    for linked, _, result in rows("plugin-hooks.md", "hook"):
        returned[linked.partition("`]")[0].removeprefix("[`")] = result
    assert returned.keys() == specs().keys()
    assert {name for name, result in returned.items() if result == "nothing"} == hooks.NOTHING
    functions = {name for name, result in returned.items() if "or None" in result}
    assert functions == specs().keys() - hooks.MANY - hooks.NOTHING


@pytest.mark.parametrize("hook", specs())
def test_every_hook_has_an_example(hook: str):
    assert re.search(rf"@hookimpl\n\s*def {hook}\(", TEXT)
