"""The kernel as the rest of the package sees it; the only place that imports ``_native``."""

from typing import TYPE_CHECKING

from graphbit_core._native import (
    VERSION,
    Engine,
    Mailbox,
    Pattern,
    Plan,
    Run,
    check_graph,
    configure_runtime,
    runtime_info,
    sentences,
    split_characters,
    split_recursive,
    take_log,
    words,
)

if TYPE_CHECKING:
    from graphbit_core._native import PlanEdge as PlanEdge, PlanNode as PlanNode

__all__ = [
    "VERSION",
    "Engine",
    "Mailbox",
    "Pattern",
    "Plan",
    "Run",
    "check_graph",
    "configure_runtime",
    "runtime_info",
    "sentences",
    "split_characters",
    "split_recursive",
    "take_log",
    "words",
]
