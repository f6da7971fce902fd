"""The kernel as the rest of the package sees it; the only place that imports ``_native``."""

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
