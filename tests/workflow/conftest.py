"""A host with the core's node types and a scripted provider, apart from what is installed."""

from __future__ import annotations

import pytest

from graphbit_core.host import Host
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.transform import TransformNode

NODE_TYPES = {"agent": AgentNode, "condition": ConditionNode, "delay": DelayNode, "transform": TransformNode}


@pytest.fixture
def host():
    return Host.isolated({("node_type", name): component for name, component in NODE_TYPES.items()})
