"""``graphbit plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.table import print_table, printable

if TYPE_CHECKING:
    from graphbit_core.cli.component_settings import Described
    from graphbit_core.host import ComponentInfo, Host

_TRUST = (
    "GRAPHBIT_PLUGINS names the distributions that may be imported (unset: all; empty: none), "
    "GRAPHBIT_PLUGINS_DENY those that may not. This is not a sandbox: a plugin that is allowed can do "
    "whatever your user can."
)


def add(subparsers: Any) -> None:
    """Adds ``plugins`` with ``list``, ``show`` and ``doctor``."""
    parser = subparsers.add_parser("plugins", help="list and examine the installed plugins", epilog=_TRUST)
    parser.set_defaults(run=partial(_help, parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    listing = commands.add_parser("list", help="list what is installed; imports none of it")
    listing.add_argument("--kind", help="only this kind, for example loader")
    listing.set_defaults(run=_list)
    show = commands.add_parser(
        "show", help="import the components of one name and show what they do and take"
    )
    show.add_argument("name", metavar="NAME", help="the component's name, or name@distribution")
    show.set_defaults(run=_show)
    doctor = commands.add_parser(
        "doctor",
        help="import each plugin in a process of its own and say what mends the broken ones",
        description="Exit status: 0 all is well, 1 something is wrong.",
    )
    doctor.add_argument(
        "--timeout", type=seconds, default=10.0, metavar="S", help="seconds each import may take (default 10)"
    )
    doctor.set_defaults(run=_doctor)
    for command in (listing, show, doctor):
        command.add_argument("--json", action="store_true", help="print JSON")


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return 2


def seconds(text: str) -> float:
    """Reads a time limit; argparse names this function where the text is no number."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _list(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host

    infos = default_host().list(args.kind)
    if args.json:
        print(json.dumps([dataclasses.asdict(info) for info in infos], indent=2))
        return 0
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE"),
        [(info.kind, info.name, info.distribution, info.version, info.state) for info in infos],
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host, metadata
    from graphbit_core.host.faults import not_known
    from graphbit_core.host.records import normalized

    host = default_host()
    name, _, distribution = args.name.partition("@")
    infos = host.list()
    chosen = [
        info
        for info in infos
        if info.name == name and normalized(distribution) in ("", normalized(info.distribution))
    ]
    if not chosen:
        raise not_known(args.name, [info.name for info in infos])
    by_name = {installed.name: installed for installed in host.installed().distributions}
    shown = []
    for info in chosen:
        fields = dataclasses.asdict(info)
        if (installed := by_name.get(info.distribution)) is not None:
            fields["summary"] = metadata.summary(installed)
            fields["location"] = installed.location
            fields["requires"] = list(installed.handle.requires or ())
        shown.append((fields, _described(host, info)))
    if args.json:
        print(json.dumps([{**fields, **dataclasses.asdict(about)} for fields, about in shown], indent=2))
    else:
        _print_shown(shown)
    return 0


def _described(host: Host, info: ComponentInfo) -> Described:
    from graphbit_core.cli.component_settings import Described, describe
    from graphbit_core.host.records import PLUGIN

    if info.kind == PLUGIN or info.state == "denied":
        return Described()
    return describe(host, info.kind, f"{info.name}@{info.distribution}")


def _print_shown(shown: list[tuple[dict[str, Any], Described]]) -> None:
    from graphbit_core.cli.component_settings import Described, lines

    for index, (fields, described) in enumerate(shown):
        if index:
            print()
        width = max(map(len, fields)) + 2
        for key, value in fields.items():
            text = ", ".join(value) if isinstance(value, list) else value
            if text:
                print(f"{key.replace('_', ' '):{width}}{printable(text)}")
        if described != Described():
            print()
            for line in lines(described):
                print(printable(line))


def _doctor(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host
    from graphbit_core.host.doctor import Doctor

    diagnosis = Doctor(default_host(), limit=args.timeout).examine()
    if args.json:
        print(json.dumps(dataclasses.asdict(diagnosis), indent=2))
        return 1 if diagnosis.faults else 0
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "VERSION", "API", "IMPORT MS", "RESULT"),
        [
            (
                *(item.info.kind, item.info.name, item.info.distribution, item.info.version),
                *(item.api, item.import_ms, "fault" if item.faults else "ok"),
            )
            for item in diagnosis.components
        ],
    )
    for fault in diagnosis.faults:
        about = " ".join(filter(None, (fault.distribution, fault.version)))
        print(f"\n{printable(about)}: {printable(fault.message)}\n  fix: {printable(fault.fix)}")
    count = len(diagnosis.faults)
    print(f"\n{len(diagnosis.components)} examined, {count} {'fault' if count == 1 else 'faults'}")
    return 1 if diagnosis.faults else 0
