"""What a run has used of what it is capped in."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable

from graphbit_core.errors import BudgetExceededError
from graphbit_core.llm.budget import unknown_price
from graphbit_core.workflow.limits import RunCaps

_DIGITS = 9
"""Of a sum of dollars, those that are not noise."""


class Spending:
    """Counts against the caps of one run; any thread may call.

    Args:
        caps: What it may use.
        exceeded: Called each time something goes over its cap, in the thread that spent it.
    """

    def __init__(self, caps: RunCaps, exceeded: Callable[[BudgetExceededError], None]) -> None:
        self._caps = caps
        self._exceeded = exceeded
        self._used: defaultdict[str, float] = defaultdict(int)
        self._lock = threading.Lock()

    def spend(self, cap: str, amount: float | None, of: str = "") -> None:
        """Counts ``amount`` more of what ``cap`` names; see NodeContext.spend.

        Raises:
            BudgetExceededError: That is more than the run may use.
            ConfigError: It is not known how much it was, and there is a cap on it.
        """
        limit = getattr(self._caps, cap)
        if amount is None:
            if limit is not None:
                raise unknown_price(of)
            return
        with self._lock:
            self._used[cap] += amount
            used = round(self._used[cap], _DIGITS)
        if limit is None or used <= limit:
            return
        message = f"the run passed its cap of {limit} {cap}; raise it in RunCaps, or do less"
        error = BudgetExceededError(message, cap=cap, limit=limit, used=used)
        self._exceeded(error)
        raise error
