"""Writes the built-in models of the registry from the price table in a wheel of LiteLLM.

    pip download litellm --no-deps -d DIR && .venv/bin/python scripts/models.py DIR/litellm-*.whl

Only facts are taken: names, limits, prices, days, and what a model can do. What the table does not say stands
in ``scripts/models_by_hand.py``. Read the difference before you commit it: the table is wrong at times.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import models_by_hand as by_hand
from workspace import ROOT

TABLE = "litellm/model_prices_and_context_window_backup.json"
TARGET = ROOT / "graphbit_core" / "llm" / "models" / "data.json"
APIS = {"chat": "chat", "responses": "responses", "embedding": "embed"}
CAPABILITIES = {
    "supports_function_calling": "tools",
    "supports_response_schema": "json_output",
    "supports_vision": "images",
    "supports_audio_input": "audio",
    "supports_pdf_input": "files",
    "supports_reasoning": "reasoning",
}
PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}
DATED = re.compile(r"^(.+)-(\d{4}-\d\d-\d\d|20\d{6})$")
Fields = dict[str, Any]


def main() -> None:
    """Read the table, and write what it says about the providers of this repository."""
    [wheel] = map(Path, sys.argv[1:])
    table = json.loads(zipfile.ZipFile(wheel).read(TABLE))
    models = {}
    for provider, theirs in by_hand.PROVIDERS.items():
        found = dict(rows(provider, theirs, table))
        for name, facts in by_hand.MODELS.get(provider, {}).items():
            found[name] = {**found.get(name, {}), **facts}
        models[provider] = with_successors(provider, joined(found))
    version = wheel.name.split("-")[1]
    data = {
        "source": f"price table of litellm {version} and SDKs of the makers, read {date.today():%Y-%m-%d}",
        "makers": by_hand.MAKERS,
        "synonyms": by_hand.SYNONYMS,
        "local": by_hand.LOCAL,
    }
    lines = [f'"{key}": {json.dumps(value)}' for key, value in data.items()]
    each = [f'"{provider}": {{\n{listed(found)}\n}}' for provider, found in models.items()]
    lines.append('"models": {\n' + ",\n".join(each) + "\n}")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{sum(map(len, models.values()))} models in {TARGET}")


def listed(models: Mapping[str, Fields]) -> str:
    """One model a line, so that differences can be read."""
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in sorted(models.items()))


def rows(provider: str, theirs: list[str], table: Mapping[str, Fields]) -> Iterator[tuple[str, Fields]]:
    """The models of a provider that are worth knowing."""
    for full, row in table.items():
        if row.get("litellm_provider") not in theirs or row.get("mode") not in APIS:
            continue
        name = re.sub(rf"^({'|'.join(theirs)})/", "", full)
        wanted = re.search(by_hand.ONLY.get(provider, ""), name)
        if not wanted or re.search(by_hand.NOT.get(provider, "^$"), name):
            continue
        if (row.get("max_input_tokens") or 0) < by_hand.LEAST_CONTEXT.get(provider, 0):
            continue
        if row.get("deprecation_date", "9999") >= by_hand.SINCE:
            yield name, fields(name, row)


def fields(name: str, row: Fields) -> Fields:
    """A row of the table in our words."""
    found: Fields = {"api": APIS[row["mode"]]} if row["mode"] != "chat" else {}
    found["context_window"] = row.get("max_input_tokens")
    if row["mode"] != "embedding":
        found["max_output_tokens"] = row.get("max_output_tokens")
    found["prices"] = prices(row, "")
    [*above] = sorted(
        {int(k) for key in row if (k := "".join(re.findall(r"^input_.*_above_(\d+)k_tokens$", key)))}
    )
    if above and found["prices"]:
        found["long_prices"] = {**prices(row, f"_above_{above[0]}k_tokens"), "above": above[0] * 1000}
    can = {ours for theirs, ours in CAPABILITIES.items() if row.get(theirs)}
    found["capabilities"] = sorted(can | ({"embed"} if row["mode"] == "embedding" else set()))
    found["sampling"] = False if row.get("supports_sampling_params") is False else None
    found["tokenizer"] = next((one for pattern, one in by_hand.TOKENIZERS if re.search(pattern, name)), None)
    found["dimensions"] = row.get("output_vector_size")
    found["released"] = released(name)
    found["retires"] = row.get("deprecation_date")
    return {key: value for key, value in found.items() if value not in (None, {}, [])}


def prices(row: Fields, suffix: str) -> Fields:
    """Dollars per million tokens; nothing where the table says that all is free, which means "not known"."""
    found = {
        ours: round(row[key] * 1e6, 6) for ours, theirs in PRICES.items() if (key := theirs + suffix) in row
    }
    return found if any(found.values()) else {}


def released(name: str) -> str | None:
    """The day in a dated name."""
    dated = DATED.match(name)
    if dated is None:
        return None
    digits = dated[2].replace("-", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


def joined(models: Mapping[str, Fields]) -> dict[str, Fields]:
    """A dated name becomes an alias of the plain one where both have the same facts."""
    found = {name: dict(row) for name, row in models.items()}
    for name, row in models.items():
        dated = DATED.match(name)
        plain = found.get(dated[1]) if dated else None
        if plain is None or any(plain.get(key) != row.get(key) for key in {*plain, *row} - by_hand.OWN_FACTS):
            continue
        plain["aliases"] = sorted([*plain.get("aliases", []), name])
        for key, choose in (("released", min), ("retires", max)):
            if days := [day for day in (plain.get(key), row.get(key)) if day]:
                plain[key] = choose(days)
        del found[name]
    return found


def with_successors(provider: str, models: dict[str, Fields]) -> dict[str, Fields]:
    """Names what to use instead of a model that goes."""
    for name, row in models.items():
        for pattern, successor in by_hand.SUCCESSORS.get(provider, ()):
            if row.get("retires") and re.search(pattern, name):
                if successor != name and successor in models:
                    row["successor"] = f"{provider}:{successor}"
                break
    return models


if __name__ == "__main__":
    main()
