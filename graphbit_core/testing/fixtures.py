"""Fixtures of pytest. A test module imports those it uses from ``graphbit_core.testing``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from graphbit_core.host import Host


@pytest.fixture
def graphbit_host() -> Iterator[Host]:
    """A host of the test's own: it has no components and no hooks but those that the test adds with ``add``
    and ``register``, reads no configuration and no environment, and is closed when the test ends.
    """
    host = Host.isolated()
    yield host
    host.close()
