"""``graphbit plugins show``: what a component is, what it does and what it takes."""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.table import printable

if TYPE_CHECKING:
    from graphbit_core.cli.plugins.describe import Described
    from graphbit_core.host import ComponentInfo, Host


def add(commands: Any) -> None:
    """Adds ``show``."""
    parser = commands.add_parser(
        "show", help="import the components of one name and show what they do and take"
    )
    parser.add_argument("name", metavar="NAME", help="the component's name, or name@distribution")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
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
        print_json([{**fields, **dataclasses.asdict(about)} for fields, about in shown])
    else:
        _print_shown(shown)
    return 0


def _described(host: Host, info: ComponentInfo) -> Described:
    from graphbit_core.cli.plugins.describe import Described, describe

    return Described() if info.state == "denied" else describe(host, info)


def _print_shown(shown: list[tuple[dict[str, Any], Described]]) -> None:
    from graphbit_core.cli.plugins.describe import Described, lines

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
