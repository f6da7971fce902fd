"""How much a model is asked to think, and how many tokens that leaves for the answer."""

from __future__ import annotations

from typing import Any

from graphbit_anthropic.options import Options
from graphbit_core import ChatRequest, ValidationError


def write_reasoning(request: ChatRequest, model: str, options: Options) -> dict[str, Any]:
    """``max_tokens`` and, where an effort is asked for, ``thinking`` and ``output_config``."""
    effort = request.reasoning_effort
    limit = {"max_tokens": options.max_tokens if request.max_tokens is None else request.max_tokens}
    if effort is None:
        return limit
    if effort == "none":
        return {**limit, "thinking": {"type": "disabled"}}
    _check_sampling(request)
    display = {"display": options.thinking_display} if options.thinking_display else {}
    if not options.thinks_by_budget(model):
        return {**limit, "thinking": {"type": "adaptive", **display}, "output_config": {"effort": effort}}
    budget = _budget(effort, model, options)
    thinking = {"type": "enabled", "budget_tokens": budget, **display}
    return {"max_tokens": _room(request, budget, options), "thinking": thinking}


def _budget(effort: str, model: str, options: Options) -> int:
    if effort not in options.budgets:
        raise ValidationError(
            f"reasoning_effort is {effort!r}; {model} thinks by budget, and there are budgets for "
            f"{', '.join(options.budgets)}: use one of these or none, or set the provider's budgets",
            field="reasoning_effort",
        )
    return options.budgets[effort]


def _room(request: ChatRequest, budget: int, options: Options) -> int:
    """Thinking counts towards the limit, so a limit that was not asked for comes on top of the budget."""
    if request.max_tokens is None:
        return budget + options.max_tokens
    if request.max_tokens <= budget:
        raise ValidationError(
            f"max_tokens is {request.max_tokens}, and reasoning_effort {request.reasoning_effort!r} alone "
            f"may take {budget}; raise max_tokens, ask for less effort, or set the provider's budgets",
            field="max_tokens",
        )
    return request.max_tokens


def _check_sampling(request: ChatRequest) -> None:
    if request.temperature not in (None, 1):
        raise ValidationError(
            "Anthropic's models think at temperature 1 only; leave out temperature or reasoning_effort",
            field="temperature",
        )
    if request.top_p is not None and not 0.95 <= request.top_p <= 1:
        raise ValidationError(
            f"top_p is {request.top_p}; with reasoning_effort it must be 0.95 to 1", field="top_p"
        )
