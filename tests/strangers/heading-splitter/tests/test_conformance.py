"""What ``graphbit plugins check`` and pytest try the splitter by."""

from __future__ import annotations

import pytest
from heading_splitter import HeadingSplitter

from graphbit_core import ConfigError
from graphbit_core.testing import SplitterConformance

TEXT = "# Tea\nBoil water.\n\n## Green\nLess hot.\n```sh\n# no heading\n```\n# Coffee\nGrind beans.\n"


class TestHeadingSplitter(SplitterConformance):
    """The rules that all splitters keep."""

    component = HeadingSplitter


@pytest.mark.parametrize(
    ("depth", "first"), [(6, ["# Tea", "## Green", "# Coffee"]), (1, ["# Tea", "# Coffee"])]
)
def test_each_heading_begins_a_chunk(depth: int, first: list[str]) -> None:
    chunks = HeadingSplitter(depth=depth).split(TEXT)
    assert [chunk.text.splitlines()[0] for chunk in chunks] == first


def test_a_depth_that_no_heading_has_is_refused() -> None:
    with pytest.raises(ConfigError, match="depth"):
        HeadingSplitter(depth=7)
