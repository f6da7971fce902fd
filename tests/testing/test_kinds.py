"""Which conformance class is for which kind, and which rules need nothing but the component."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

import graphbit_core.testing
from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.join import JoinNode
from graphbit_core.testing import (
    ComponentConformance,
    HttpProviderConformance,
    LoaderConformance,
    SplitterConformance,
    ToolConformance,
    VectorStoreConformance,
)
from graphbit_core.testing.kinds import CONFORMANCE, alone, conformance_of, flavour_of, missing
from graphbit_core.testing.rules.component import DeclaredConformance


class Made:
    """Has settings that must be given."""

    def __init__(self, *, dimensions: int, table: str) -> None:
        """Nothing."""


class Store:
    """Is given what the kit gives."""

    def __init__(self, *, dimensions: int) -> None:
        """Nothing."""


class Behind:
    """Has an address."""

    def __init__(self, *, api_key: str = "", base_url: str = "") -> None:
        """Nothing."""


def test_every_class_is_public_and_of_its_kind():
    for kind, flavour in CONFORMANCE:
        found = conformance_of(kind, flavour)
        assert found.kind == kind
        assert found is getattr(graphbit_core.testing, found.__name__)
    assert {kind for kind, _ in CONFORMANCE} <= {*ENTRY_POINT_GROUPS, "plugin"}


def test_a_kind_without_a_class_of_its_own_has_the_rules_of_all():
    found = conformance_of("reranker")
    assert issubclass(found, ComponentConformance)
    assert found.kind == "reranker"


def test_a_kind_with_two_flavours_wants_one_named():
    with pytest.raises(ValueError, match="'http' or 'local'"):
        conformance_of("provider")


@pytest.mark.parametrize(
    ("kind", "component", "flavour"),
    [("provider", Behind, "http"), ("embedder", Store, "local"), ("loader", Behind, None)],
)
def test_what_has_an_address_is_behind_http(kind, component, flavour):
    assert flavour_of(kind, component) == flavour


@pytest.mark.parametrize(
    ("conformance", "component", "lacking"),
    [
        (SplitterConformance, Behind, []),
        (LoaderConformance, Behind, ["write_sample"]),
        (VectorStoreConformance, Store, []),
        (VectorStoreConformance, Made, ["settings"]),
        (ToolConformance, Behind, ["arguments"]),
    ],
)
def test_what_has_to_be_given_is_named(conformance, component, lacking):
    assert missing(conformance, component) == lacking


@pytest.mark.parametrize(
    ("conformance", "component", "base"),
    [
        (SplitterConformance, Behind, "SplitterConformance"),
        (LoaderConformance, Behind, "RefusedFilesConformance"),
        (ToolConformance, Behind, "ToolDescriptionConformance"),
        (HttpProviderConformance, Behind, "ResourceConformance"),
        (VectorStoreConformance, Made, "DeclaredConformance"),
        (conformance_of("node_type"), JoinNode, "NodeDescriptionConformance"),
        (conformance_of("node_type"), DelayNode, "DeclaredConformance"),
    ],
)
def test_alone_is_the_nearest_class_that_needs_the_component_only(conformance, component, base):
    assert alone(conformance, component).__name__ == base


def test_members_that_a_subclass_gives_are_missing_no_more():
    class Given(LoaderConformance):
        component: ClassVar[Any] = Behind

        def write_sample(self, folder):
            return folder

    assert missing(Given, Behind) == []
    assert alone(Given, Behind) is Given


def test_the_rules_of_all_need_nothing():
    assert missing(DeclaredConformance, Made) == []
