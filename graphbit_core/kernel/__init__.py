"""The kernel as the rest of the package sees it; the only place that imports ``_native``."""

from typing import TYPE_CHECKING

from graphbit_core._native import (
    VERSION,
    Egress,
    Engine,
    Mailbox,
    Pattern,
    Plan,
    Run,
    Schema,
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
    from graphbit_core._native import (
        Disposition as Disposition,
        NodeRules as NodeRules,
        PlanEdge as PlanEdge,
        PlanNode as PlanNode,
        PlanScope as PlanScope,
        RunEvent as RunEvent,
        Settlement as Settlement,
        Taken as Taken,
    )

__all__ = [
    "VERSION",
    "Egress",
    "Engine",
    "Mailbox",
    "Pattern",
    "Plan",
    "Run",
    "Schema",
    "check_graph",
    "configure_runtime",
    "runtime_info",
    "sentences",
    "split_characters",
    "split_recursive",
    "take_log",
    "words",
]
