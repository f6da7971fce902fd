"""Rules that hold for components of every kind."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION

CANARY = "sk-canary-7f3a9c21d84e"
"""Given as a key by the kit; it must never be seen in anything a component shows."""


class ComponentConformance:
    """Base of all conformance classes. A subclass sets ``component`` and, where needed, ``settings``."""

    component: ClassVar[Any]
    """What the entry point names."""
    settings: ClassVar[dict[str, Any]] = {}
    """Keywords to make it with."""

    def make(self, **settings: Any) -> Any:
        """A fresh instance, with ``settings`` over the class's own."""
        return self.component(**{**self.settings, **settings})

    def test_declares_a_plugin_api_version_that_this_host_accepts(self) -> None:
        major, minor = self.component.graphbit_api
        assert major == API_VERSION[0]
        assert minor <= API_VERSION[1]

    def test_says_in_its_docstring_what_it_is(self) -> None:
        assert (self.component.__doc__ or "").strip(), f"{self.component.__name__} has no docstring"

    def test_shows_no_secret_in_repr_or_pickle(self) -> None:
        assert_keeps_secrets(self.make(**self.secret_settings()))

    def secret_settings(self) -> dict[str, Any]:
        """Settings that carry ``CANARY`` where the component takes a secret; none by default."""
        return {}


def assert_keeps_secrets(instance: Any) -> None:
    """Neither its repr nor its pickle, if it can be pickled, holds ``CANARY``."""
    assert CANARY not in repr(instance)
    assert CANARY not in str(instance)
    try:
        pickled = pickle.dumps(instance)
    except (TypeError, AttributeError, pickle.PicklingError):
        return
    assert CANARY.encode() not in pickled
