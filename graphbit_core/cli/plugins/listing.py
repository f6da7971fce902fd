"""``graphbit plugins list``: what is installed; none of it is imported."""

from __future__ import annotations

import argparse
from typing import Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.table import print_table


def add(commands: Any) -> None:
    """Adds ``list``."""
    parser = commands.add_parser("list", help="list what is installed; imports none of it")
    parser.add_argument("--kind", help="only this kind, for example loader")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from graphbit_core.host import default_host

    infos = default_host().list(args.kind)
    if args.json:
        print_json([asdict(info) for info in infos])
        return 0
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE"),
        [(info.kind, info.name, info.distribution, info.version, info.state) for info in infos],
    )
    return 0
