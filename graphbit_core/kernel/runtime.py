"""The kernel's thread pool: sized before its first use, looked at any time."""

from __future__ import annotations

from graphbit_core import kernel


def configure_runtime(
    worker_threads: int | None = None,
    max_blocking_threads: int | None = None,
    thread_stack_size_mb: float | None = None,
) -> None:
    """Sizes the threads that do network I/O. None leaves a value as it is.

    Args:
        worker_threads: Threads of the scheduler, at least 1; default half the cores, at most 8.
        max_blocking_threads: Most threads for blocking work such as name lookup, at least 1; default four
            times the cores.
        thread_stack_size_mb: Stack of each thread in MiB, at least 1/16; default 1.

    Raises:
        ConfigError: The threads run already; call this before the first model call.
        ValidationError: A value is too small.
    """
    now = kernel.runtime_info()
    stack = now["stack_bytes"] if thread_stack_size_mb is None else thread_stack_size_mb * 1024 * 1024
    kernel.configure_runtime(
        int(now["worker_threads"] if worker_threads is None else worker_threads),
        int(now["blocking_threads"] if max_blocking_threads is None else max_blocking_threads),
        int(stack),
    )


def runtime_info() -> dict[str, int | bool | float]:
    """``running``, ``worker_threads``, ``blocking_threads``, ``stack_bytes``, ``uptime_seconds``."""
    return kernel.runtime_info()
