"""Rules about what a node type says of itself."""

from __future__ import annotations

from graphbit_core.contracts.node_type import Delay, PassOn
from graphbit_core.host.arguments import RESERVED, settings_of
from graphbit_core.testing.rules.component import ComponentConformance


class NodeDescriptionConformance(ComponentConformance):
    """Rules about what a node type says of itself. They need ``component`` alone, and run no workflow."""

    kind = "node_type"

    def test_no_setting_has_a_name_that_means_something_else_in_every_node(self) -> None:
        names, _, _ = settings_of(self.component)
        taken = sorted(set(names) & set(RESERVED["node_type"]))
        assert not taken, f"{taken} would never reach it: every node has options of that name; rename them"

    def test_has_a_body_or_is_a_kernel_operation(self) -> None:
        instance = self.make()
        assert isinstance(instance.inline, bool), f"`inline` is True or False, not {instance.inline!r}"
        assert callable(instance.run), "run(context) is its body, and there is none"
        operation = instance.operation()
        assert operation is None or isinstance(operation, Delay | PassOn)
        if operation is not None:
            assert instance.container() is None, "a kernel operation runs no workflow"

    def test_names_its_placeholders_without_braces_and_always_the_same(self) -> None:
        instance = self.make()
        for first in (True, False):
            names = list(instance.placeholders(first=first))
            again = list(instance.placeholders(first=first))
            assert names == again, f"placeholders() gave {names}, then {again}"
            assert all(name and not set("{}") & set(name) for name in names), (
                f"placeholders() gives {names}; write names without braces"
            )
