"""A host with the core's node types, apart from what is installed."""

from __future__ import annotations

import pytest

from graphbit_core.host import Host
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.lifecycle import LifecycleNode
from graphbit_core.nodes.loop import LoopNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.subworkflow import SubworkflowNode
from graphbit_core.nodes.transform import TransformNode

NODE_TYPES = {
    "agent": AgentNode,
    "condition": ConditionNode,
    "delay": DelayNode,
    "lifecycle": LifecycleNode,
    "loop": LoopNode,
    "map": MapNode,
    "subworkflow": SubworkflowNode,
    "transform": TransformNode,
}


@pytest.fixture
def host():
    return Host.isolated({("node_type", name): component for name, component in NODE_TYPES.items()})
