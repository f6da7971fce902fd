"""Budgets hold, whoever calls at the same time."""

from __future__ import annotations

import asyncio
import pickle
import threading

import pytest

from graphbit_core import BudgetExceededError, ConfigError, Message, ValidationError
from graphbit_core.llm.budget import Budget, Spent
from graphbit_core.llm.models import ModelInfo, Prices
from graphbit_core.llm.tokens import estimate
from graphbit_core.types.messages import ChatRequest, Usage


def test_a_call_that_does_not_fit_is_refused_with_the_facts():
    budget = Budget(tokens=100)
    budget.reserve(60, 0.0)
    with pytest.raises(BudgetExceededError, match="may use 50 tokens, and 60 of the budget's 100") as caught:
        budget.reserve(50, 0.0)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.cap, error.limit, error.used, error.asked) == ("tokens", 100, 60, 50)
    assert budget.reserve(40, 0.0)


def test_what_a_call_really_used_counts_once_it_is_over():
    budget = Budget(tokens=100, usd=1.0, calls=5)
    reservation = budget.reserve(90, 0.9)
    assert budget.remaining == Spent(10, pytest.approx(0.1), 4)
    reservation.settle(Usage(5, 5), 0.25)
    assert budget.used == Spent(10, 0.25, 1)
    assert budget.remaining == Spent(90, 0.75, 4)


def test_what_the_api_does_not_say_counts_as_reserved():
    budget = Budget(tokens=100, usd=1.0)
    budget.reserve(30, 0.5).settle(Usage(), None)
    assert budget.used == Spent(30, 0.5, 1)


def test_a_call_that_failed_gives_back_what_it_had_reserved():
    budget = Budget(calls=1)
    with pytest.raises(OSError, match="broken"), budget.reserve(5, None):
        raise OSError("broken")
    assert budget.used == Spent()
    with budget.reserve(5, None) as reservation:
        reservation.settle(Usage(1, 1), None)
    assert budget.used == Spent(2, 0, 1)


def test_a_reservation_ends_once():
    budget = Budget(tokens=10)
    reservation = budget.reserve(10, None)
    reservation.settle(Usage(3, 3), None)
    reservation.settle(Usage(3, 3), None)
    reservation.release()
    assert budget.used.tokens == 6
    assert budget.remaining.tokens == 4


def test_a_call_that_used_more_than_it_reserved_is_counted_and_the_next_is_refused():
    budget = Budget(tokens=10)
    budget.reserve(5, None).settle(Usage(20, 0), None)
    assert budget.remaining.tokens == -10
    with pytest.raises(BudgetExceededError):
        budget.reserve(1, None)


def test_without_a_price_a_budget_in_dollars_refuses_and_says_what_to_do():
    with pytest.raises(ConfigError, match=r"the price of x:y is not known.*models\.x:y\.prices: \{input: …"):
        Budget(usd=1.0).reserve(5, None, "x:y")
    assert Budget(tokens=10).reserve(5, None, "x:y")


def test_a_hundred_cents_are_a_dollar():
    budget = Budget(usd=1.0)
    for _ in range(100):
        budget.reserve(1, 0.01).settle(Usage(1, 0), 0.01)
    with pytest.raises(BudgetExceededError, match=r"1 of the budget's 1 are used"):
        budget.reserve(1, 0.000_000_001)
    assert budget.used.usd == 1.0


def test_threads_together_never_exceed_a_budget():
    budget = Budget(tokens=1000, usd=0.5, calls=70)
    granted, worst = [], []
    start = threading.Barrier(8)

    def call(number):
        start.wait()
        for turn in range(50):
            try:
                reservation = budget.reserve(20, 0.005)
            except BudgetExceededError:
                continue
            left = budget.remaining
            worst.append(min(left.tokens, left.usd, left.calls))
            if (number + turn) % 3:
                reservation.settle(Usage(10, 10), 0.005)
                granted.append(1)
            else:
                reservation.release()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(worst) >= 0
    assert len(granted) == 50
    assert budget.used == Spent(1000, 0.25, 50)


def test_tasks_together_never_exceed_a_budget():
    budget = Budget(calls=10)

    async def call():
        try:
            with budget.reserve(1, None) as reservation:
                await asyncio.sleep(0)
                reservation.settle(Usage(1, 0), None)
        except BudgetExceededError:
            return False
        return True

    async def all_of():
        return await asyncio.gather(*(call() for _ in range(25)))

    assert sum(asyncio.run(all_of())) == 10


@pytest.mark.parametrize("bounds", [{}, {"tokens": 0}, {"tokens": 1.5}, {"usd": -1}, {"calls": True}])
def test_a_budget_says_what_its_bounds_may_be(bounds):
    with pytest.raises(ValidationError, match="budget"):
        Budget(**bounds)


def test_the_most_that_a_call_may_use_is_its_input_and_all_that_it_may_write():
    model = ModelInfo("m", "p", max_output_tokens=1000, prices=Prices(input=1, output=10))
    tokens, usd = estimate(ChatRequest([Message("user", "x" * 350)], max_tokens=50), model)
    assert tokens == 130 + 8 + 50
    assert usd == pytest.approx((138 * 1 + 50 * 10) / 1e6)
    assert estimate(ChatRequest([Message("user", "x" * 350)]), model)[0] == 1138
    assert estimate(ChatRequest([Message("user", "x")]), ModelInfo("m", "p"))[1] is None
