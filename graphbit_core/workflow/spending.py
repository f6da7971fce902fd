"""What a run has used of what it is capped in."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from graphbit_core.errors import BudgetExceededError
from graphbit_core.workflow.limits import RunCaps


class Spending:
    """Counts against the caps of one run; any thread may call.

    Args:
        caps: What it may use.
        exceeded: Called each time something goes over its cap, in the thread that spent it.
    """

    def __init__(self, caps: RunCaps, exceeded: Callable[[BudgetExceededError], None]) -> None:
        self._caps = caps
        self._exceeded = exceeded
        self._used: Counter[str] = Counter()
        self._lock = threading.Lock()

    def spend(self, cap: str, amount: int) -> None:
        """Counts ``amount`` more of what ``cap`` names.

        Raises:
            BudgetExceededError: That is more than the run may use.
        """
        with self._lock:
            self._used[cap] += amount
            used = self._used[cap]
        limit = getattr(self._caps, cap)
        if limit is None or used <= limit:
            return
        message = f"the run passed its cap of {limit} {cap}; raise it in RunCaps, or do less"
        error = BudgetExceededError(message, cap=cap, limit=limit, used=used)
        self._exceeded(error)
        raise error
