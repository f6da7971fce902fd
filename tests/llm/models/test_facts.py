"""Built-in facts, and what calls cost."""

from __future__ import annotations

import re
from datetime import date

import pytest
import workspace

from graphbit_core.contracts.provider import CAPABILITIES
from graphbit_core.errors import ValidationError
from graphbit_core.kernel.calls import BlockingCall, CallSpec, engine
from graphbit_core.llm.models import ModelInfo, ModelRegistry, Prices
from graphbit_core.llm.models.fields import LIMITS, MODEL, POLICY, PRICES, PROTECT
from graphbit_core.types.http import HttpRequest
from graphbit_core.types.messages import Usage


@pytest.fixture(scope="module")
def known():
    return ModelRegistry(environ={})


def test_every_built_in_model_has_sound_facts(known):
    infos = known.models()
    assert len(infos) > 400
    for info in infos:
        assert info.capabilities <= CAPABILITIES, info.id
        for day in (info.released, info.retires):
            assert not day or date.fromisoformat(day), info.id
        for prices in filter(None, (info.prices, info.long_prices)):
            assert all(0 <= price < 1000 for price in (prices.input, prices.output) if price is not None)
        if info.successor:
            assert known.resolve(info.successor).info is not None, info.id
        assert re.fullmatch(r"[a-z0-9-]+", info.provider)


def test_every_field_of_the_data_is_one_that_a_file_may_have(known):
    from graphbit_core.llm.models.builtin import builtin

    for models in builtin().models.values():
        for name, fields in models.items():
            for key, value in fields.items():
                assert not MODEL[key](value), name
            assert not fields.get("prices", {}).keys() - PRICES


def test_a_model_that_goes_says_when_and_what_to_use_instead(known):
    info = known.info("openai", "gpt-4o-mini")
    assert info.warning == "openai:gpt-4o-mini is served until 2027-01-14; use openai:gpt-6-luna instead"
    assert known.info("openai", "gpt-6.1-sol").warning == ""


def test_models_are_found_by_provider_and_capability(known):
    assert {info.provider for info in known.models("gemini")} == {"google"}
    names = [info.name for info in known.models("openai", "embed")]
    assert "text-embedding-3-small" in names
    assert "gpt-4o" not in names


def test_cost_counts_cached_and_written_tokens_at_their_own_prices():
    prices = Prices(input=2, output=10, cached_input=0.5, cache_write=4)
    usage = Usage(1_000_000, 100_000, cached_tokens=300_000, cache_write_tokens=200_000)
    assert prices.cost(usage) == pytest.approx(0.5 * 2 + 0.3 * 0.5 + 0.2 * 4 + 0.1 * 10)
    assert Prices(input=2, output=10).cost(usage) == pytest.approx(1.0 * 2 + 0.1 * 10)


def test_cost_is_unknown_where_a_needed_price_is():
    assert Prices(input=2).cost(Usage(10, 1)) is None
    assert Prices(input=2).cost(Usage(1_000_000, 0)) == 2
    assert ModelInfo("m", "p").cost(Usage(1, 1)) is None


def test_long_inputs_have_their_own_prices(known):
    info = known.info("openai", "gpt-6.1-sol")
    assert info.long_prices.above == 272_000
    assert info.cost(Usage(272_000, 0)) == pytest.approx(0.272 * info.prices.input)
    assert info.cost(Usage(272_001, 0)) == pytest.approx(0.272001 * info.long_prices.input)


def test_what_the_api_says_it_cost_goes_first(known):
    assert known.cost("openai:gpt-4o", Usage(1, 1, cost=0.5)) == 0.5
    assert known.cost("nobody:nothing", Usage(1, 1, cost=0.5)) == 0.5
    assert known.cost("nobody:nothing", Usage(1, 1)) is None
    assert known.cost("gpt-4o", Usage(1_000_000, 0)) == 2.5


def test_a_model_of_this_machine_costs_nothing(known):
    assert known.cost("ollama:whatever", Usage(1000, 1000)) == 0


KERNEL_TABLES = [
    ("policy", "policy", "POLICY_KEYS", POLICY),
    ("limits", "settings", "LIMIT_KEYS", LIMITS),
    ("protect", "settings", "PROTECTION_KEYS", PROTECT),
]


@pytest.mark.parametrize(("name", "file", "table", "known"), KERNEL_TABLES)
def test_files_may_say_every_bound_that_the_kernel_knows_and_no_other(name, file, table, known):
    source = workspace.ROOT / "native" / "kernel" / "src" / "http" / f"{file}.rs"
    listed = source.read_text(encoding="utf-8").partition(f"pub const {table}")[2].partition("];")[0]
    assert set(known) == set(re.findall(r'"(\w+)"', listed)), name


def rows_of(name):
    """Key, unit, default and range of the table of bounds in docs/models.md that begins with ``name``."""
    text = (workspace.ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    table = text.partition(f"| `{name}` | unit |")[2].partition("\n\n")[0]
    return [[cell.strip(" `") for cell in line.split("|")[1:5]] for line in table.splitlines()[2:]]


@pytest.mark.parametrize(("name", "file", "table", "known"), KERNEL_TABLES)
def test_the_documents_tell_every_bound_with_its_default_and_range(name, file, table, known):
    rows = rows_of(name)
    assert [key for key, *_ in rows] == list(dict.fromkeys(key for key, *_ in rows))
    assert {key for key, *_ in rows} == set(known)
    set_by = {"policy": _call_with, "limits": engine().limit, "protect": engine().protect}[name]
    for key, _, default, allowed in rows:
        for value in map(float, re.findall(r"[\d.]+", default)):
            assert known[key](int(value) if value.is_integer() else value) == ""
            set_by("documented", {key: value})
        for wrong in {"above 0": [0], "0 or 1": [2], "0 to 1": [-0.1, 1.1], "above 0, at most 1": [0, 1.1],
                      "1 or more": [0, 1.5], "0 or more": [-1, 0.5]}[allowed]:  # fmt: skip
            assert known[key](wrong)
            with pytest.raises(ValidationError, match=key):
                set_by("documented", {key: wrong})


def _call_with(resource, policy):
    """Begins a call with this policy, and ends it."""
    call = BlockingCall(CallSpec(resource, HttpRequest("GET", "http://127.0.0.1:9/"), policy=policy))
    call.close()


@pytest.mark.parametrize("limits", [{"adaptive": True}, {"queue_target": 1.5}, {"max_concurrency": 5}])
def test_the_kernel_takes_limits_as_files_say_them(limits):
    for key, value in limits.items():
        assert not LIMITS[key](value)
    engine().limit("registry-test", limits)
