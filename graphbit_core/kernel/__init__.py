"""The kernel as the rest of the package sees it; the only place that imports ``_native``."""

from graphbit_core._native import Engine as Engine, Mailbox as Mailbox
