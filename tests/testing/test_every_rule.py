"""Every rule of every conformance class is proven to fail on a component that breaks it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import graphbit_core.testing
from graphbit_core.testing import DeclaredConformance
from graphbit_core.testing.rules.overriding import is_of_kit

Rule = tuple[str, str]


def conformance_classes(base: type = DeclaredConformance) -> Iterator[type]:
    yield base
    derived: type
    for derived in base.__subclasses__():
        if is_of_kit(derived):
            yield from conformance_classes(derived)


def rules() -> set[Rule]:
    """The class that has a rule, and the rule's name."""
    for module in pkgutil.walk_packages(graphbit_core.testing.__path__, f"{graphbit_core.testing.__name__}."):
        importlib.import_module(module.name)
    return {
        (made.__name__, name)
        for made in conformance_classes()
        for name in vars(made)
        if name.startswith("test_")
    }


def proven() -> set[Rule]:
    """The same of what the tests beside this one show to fail."""
    found = set()
    for path in Path(__file__).parent.glob("test_*_kit.py"):
        module = importlib.import_module(f".{path.stem}", __package__)
        for proof in module.PROOFS.values():
            for name in (f"test_{rule}" for rule in proof.rules):
                owner = next(b for b in proof.kit.__mro__ if name in vars(b) and is_of_kit(b))
                found.add((owner.__name__, name))
    return found


def test_every_rule_is_proven_to_fail():
    every = rules()
    assert len(every) > 150
    assert not every - proven()
