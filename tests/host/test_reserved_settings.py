"""A setting that has the name of an option of every node would never reach its node type."""

from __future__ import annotations

import pytest

from graphbit_core import Host, NodeType, PluginLoadError


@pytest.mark.parametrize("name", ["retry", "timeout", "name", "id", "type", "ports"])
def test_a_node_type_with_such_a_setting_is_refused_where_it_is_added(name):
    namespace = {}
    exec(f"def __init__(self, *, {name}=None): pass", namespace)
    taken = type("Taken", (NodeType,), {"__init__": namespace["__init__"], "run": lambda self, context: None})
    with pytest.raises(PluginLoadError, match=f"'{name}'.*call it something else"):
        Host.isolated({("node_type", "taken"): taken})


def test_components_of_other_kinds_may_use_these_names():
    class Loader:
        """Loads nothing."""

        suffixes = frozenset({".x"})

        def __init__(self, *, timeout=1.0):
            self.timeout = timeout

        def load(self, path):
            yield from ()

    assert Host.isolated({("loader", "x"): Loader}).create("loader", "x", timeout=2.0).timeout == 2.0
