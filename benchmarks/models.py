"""The registry of models: reading a file of 200 models and 100 aliases, and resolving names; CPU time."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from measure import median
from table import duration

from graphbit_core import Budget, ModelRegistry, Usage, count_tokens
from graphbit_core.llm.models.builtin import builtin

INSTALLED = {"openai", "anthropic", "vllm"}
MODELS, ALIASES, TURNS = 200, 100, 1000


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "models.yaml"
        path.write_text(big_file(), encoding="utf-8")
        return [*reading(path), *asking(ModelRegistry([path], environ={}))]


def big_file() -> str:
    """A file in which every entry says a dozen things."""
    lines = ["models:"]
    for number in range(MODELS):
        lines += [
            f"  house:model-{number}:",
            "    context_window: 131072",
            "    max_output_tokens: 8192",
            "    prices: {input: 0.5, output: 1.5, cached_input: 0.05, cache_write: 0.6}",
            "    capabilities: [tools, json_output, images]",
            "    tokenizer: o200k_base",
            "    policy: {max_attempts: 5, idle_timeout: 30}",
        ]
    lines.append("aliases:")
    for number in range(ALIASES):
        lines += [
            f"  alias-{number}:",
            f"    model: house:model-{number}",
            "    temperature: 0.2",
            "    max_tokens: 500",
            "    limits: {requests_per_minute: 60, tokens_per_minute: 100000}",
        ]
    lines += ["providers:", "  house: {provider: vllm, base_url: 'http://localhost:8000/v1'}"]
    return "\n".join(lines)


def reading(path: Path) -> list[tuple[str, str]]:
    """What is done once."""

    def built_in() -> None:
        builtin.cache_clear()
        ModelRegistry(environ={})

    file = median(lambda: ModelRegistry([path], environ={}, built_in=False), 9).cpu
    size = f"{MODELS} models and {ALIASES} aliases, {path.stat().st_size // 1024} KiB"
    return [
        ("the built-in models", duration(median(built_in, 9).cpu)),
        (f"a file of {size}", duration(file)),
        ("both", duration(median(lambda: ModelRegistry([path], environ={}), 9).cpu)),
    ]


def asking(registry: ModelRegistry) -> list[tuple[str, str]]:
    """What is done per client or per call."""
    info = registry.info("openai", "gpt-4o")
    assert info is not None
    usage, budget = Usage(1000, 100), Budget(usd=1e6, tokens=10**12)
    text = json.dumps({"question": "How long is a piece of string?"}) * 20
    count_tokens(text, info)
    actions = {
        "resolve an alias": lambda: registry.resolve("alias-7", INSTALLED),
        "resolve provider:model": lambda: registry.resolve("openai:gpt-4o", INSTALLED),
        "cost of a call": lambda: registry.cost(info, usage),
        "reserve and settle": lambda: budget.reserve(2000, 0.01).settle(usage, 0.005),
        f"count the tokens of {len(text):,} characters": lambda: count_tokens(text, info),
    }
    found = []
    for what, action in actions.items():

        def turns(action=action) -> None:
            for _ in range(TURNS):
                action()

        found.append((what, duration(median(turns, 5).cpu / TURNS)))
    return found


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
