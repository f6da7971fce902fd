"""The fixture that gives a test a host of its own."""

from __future__ import annotations

from typing import Any

import pytest

from graphbit_core import ComponentNotFoundError, PluginError
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.testing import graphbit_host

__all__ = ["graphbit_host"]

seen: list[Any] = []


def test_the_host_has_what_the_test_adds_and_nothing_else(graphbit_host):
    assert graphbit_host.list() == []
    graphbit_host.add("node_type", "delay", DelayNode)
    assert graphbit_host.component("node_type", "delay") is DelayNode
    with pytest.raises(ComponentNotFoundError):
        graphbit_host.component("node_type", "transform")
    seen.append(graphbit_host)


def test_the_host_of_the_test_before_is_closed(graphbit_host):
    (before,) = seen
    assert before is not graphbit_host
    with pytest.raises(PluginError, match="closed"):
        before.component("node_type", "delay")
