"""``graphbit models``: which models are known, what they cost, and what a name of one means."""

from __future__ import annotations

import argparse
import dataclasses
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.table import print_error, print_table, printable

if TYPE_CHECKING:
    from graphbit_core.llm.models import ModelInfo, ModelRegistry, Prices, Resolved

_FILES = (
    "Models and aliases of your own stand in the YAML files that GRAPHBIT_MODELS names, or [models] files "
    "in graphbit.toml; GRAPHBIT_MODEL_<ALIAS>=provider:model sets one alias."
)
_SEPARATE = ("name", "provider", "prices", "long_prices", "settings", "capabilities", "aliases")


def add(subparsers: Any) -> None:
    """Adds ``models`` with ``list`` and ``show``."""
    parser = subparsers.add_parser("models", help="list known models and their prices", epilog=_FILES)
    parser.set_defaults(run=partial(_help, parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    listing = commands.add_parser(
        "list", help="list known models and aliases; prices are US dollars per million tokens"
    )
    listing.add_argument("--provider", metavar="P", help="only those of this provider")
    listing.add_argument("--capability", metavar="C", help="only those that have it, for example images")
    listing.set_defaults(run=_list)
    show = commands.add_parser("show", help="show what a name means, and where each value comes from")
    show.add_argument("name", metavar="NAME", help="provider:model, an alias, or a model's own name")
    show.set_defaults(run=_show)
    for command in (listing, show):
        command.add_argument("--json", action="store_true", help="print JSON")


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return 2


def _list(args: argparse.Namespace) -> int:
    from graphbit_core.llm.models import default_registry

    registry = default_registry()
    _check(registry, args.provider, args.capability)
    infos = registry.models(args.provider, args.capability)
    if args.json:
        found = {"models": [_as_json(info) for info in infos], "aliases": dict(registry.aliases)}
        print_json({**found, "source": registry.source})
        return 0
    if registry.aliases and args.provider is None and args.capability is None:
        print_table(("ALIAS", "MODEL"), list(registry.aliases.items()))
        print()
    print_table(
        ("MODEL", "CONTEXT", "OUTPUT", "$ IN", "$ OUT", "CAPABILITIES", "RETIRES"),
        [
            (
                *(info.id, info.context_window, info.max_output_tokens),
                *(info.prices.input if info.prices else None, info.prices.output if info.prices else None),
                *(", ".join(sorted(info.capabilities)) or None, info.retires or None),
            )
            for info in infos
        ],
    )
    print(f"\n{len(infos)} models; what no file of yours says is from: {registry.source}")
    return 0


def _check(registry: ModelRegistry, provider: str | None, capability: str | None) -> None:
    from graphbit_core.contracts.provider import CAPABILITIES
    from graphbit_core.errors import ValidationError
    from graphbit_core.nearest import nearest

    known = registry.providers
    if provider is not None and provider not in known:
        near = nearest(provider, known) or f"; known: {', '.join(sorted(known))}"
        raise ValidationError(f"no models of a provider {provider!r} are known{near}", field="provider")
    if capability is not None and capability not in CAPABILITIES:
        near = nearest(capability, CAPABILITIES) or f"; there are {', '.join(sorted(CAPABILITIES))}"
        raise ValidationError(f"there is no capability {capability!r}{near}", field="capability")


def _show(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host
    from graphbit_core.llm.models import default_registry

    registry = default_registry()
    installed = {info.name for info in default_host().list("provider")}
    found = registry.find(args.name, installed)
    provider = found.provider.partition("@")[0]
    if not found.model and provider in installed:
        default = default_host().component("provider", found.provider).default_model
        found = dataclasses.replace(found, model=default, info=registry.info(provider, default))
    shown = {
        "name": args.name,
        "provider": found.provider,
        "model": found.model,
        "stands_for": dict(registry.chain(args.name)),
        "installed": provider in installed,
        "install": None if provider in installed else _command(provider),
        "facts": _as_json(found.info) if found.info else None,
        "settings": {key: value for key, value in dataclasses.asdict(found.settings).items() if value},
        "aliases": sorted(
            name for name in registry.aliases if name != args.name and _means(registry, name, found)
        ),
        "places": dict(registry.places(found.info)) if found.info else {},
        "source": registry.source,
    }
    if args.json:
        print_json(shown)
    else:
        _print(shown, found.info)
    return 0


def _means(registry: ModelRegistry, alias: str, found: Resolved) -> bool:
    other = registry.find(alias, {found.provider})
    return (other.provider, other.model) == (found.provider, found.model)


def _command(provider: str) -> str | None:
    from graphbit_core.host.faults import not_installed

    return not_installed("provider", provider, ()).fix


def _as_json(info: ModelInfo) -> dict[str, Any]:
    facts = dataclasses.asdict(dataclasses.replace(info, capabilities=frozenset()))
    facts["capabilities"] = sorted(info.capabilities)
    del facts["settings"]
    return {key: value for key, value in facts.items() if value not in (None, "", ())}


def _print(shown: dict[str, Any], info: ModelInfo | None) -> None:
    rows = [("stands for", target, place) for target, place in shown["stands_for"].items()]
    rows += [("provider", shown["provider"], ""), ("model", shown["model"] or "the provider's default", "")]
    if info is not None:
        rows += [_row(shown, key, value) for key, value in shown["facts"].items() if key not in _SEPARATE]
        rows += (
            [_row(shown, "capabilities", ", ".join(sorted(info.capabilities)))] if info.capabilities else []
        )
        rows += [_row(shown, "prices", _dollars(info.prices))] if info.prices else []
        if info.long_prices:
            above = f"above {info.long_prices.above:,} input tokens: "
            rows.append(_row(shown, "long_prices", above + _dollars(info.long_prices)))
        rows += [("also called", ", ".join(info.aliases), "")] if info.aliases else []
    rows += [("aliases", ", ".join(shown["aliases"]), "")] if shown["aliases"] else []
    rows += [(f"{key} settings" if isinstance(value, dict) else key, json.dumps(value), "")
             for key, value in shown["settings"].items()]  # fmt: skip
    print_table((shown["name"], "", "FROM"), rows)
    if info is None:
        print("\nNothing is known about this model; say its prices and limits in a file of the registry.")
    elif info.warning:
        print_error(f"\n{info.warning}")
    if shown["installed"]:
        print("\nThe provider is installed.")
    else:
        command = shown["install"]
        print(f"\nThe provider is not installed.{f' To install it: {printable(command)}' if command else ''}")


def _row(shown: dict[str, Any], key: str, value: Any) -> tuple[str, str, str]:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return key.replace("_", " "), text, shown["places"].get(key, "built in")


def _dollars(prices: Prices) -> str:
    """Prices as text, per million tokens."""
    named = {
        "input": prices.input,
        "output": prices.output,
        "cached input": prices.cached_input,
        "cache write": prices.cache_write,
    }
    known = (f"{name} ${price:g}" for name, price in named.items() if price is not None)
    return f"{', '.join(known)} per million tokens"
