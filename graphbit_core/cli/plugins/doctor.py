"""``graphbit plugins doctor``: imports each plugin in a process of its own and says what mends it."""

from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

from graphbit_core.cli.table import print_table, printable


def add(commands: Any) -> None:
    """Adds ``doctor``."""
    parser = commands.add_parser(
        "doctor",
        help="import each plugin in a process of its own and say what mends the broken ones",
        description="Exit status: 0 all is well, 1 something is wrong.",
    )
    parser.add_argument(
        "--timeout", type=seconds, default=10.0, metavar="S", help="seconds each import may take (default 10)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def seconds(text: str) -> float:
    """Reads a time limit; argparse names this function where the text is no number."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _run(args: argparse.Namespace) -> int:
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
