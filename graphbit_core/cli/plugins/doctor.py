"""``graphbit plugins doctor``: imports each plugin in a process of its own and says what mends it."""

from __future__ import annotations

import argparse
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.table import print_table, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphbit_core.host.doctor.examination import Diagnosis, Examined, Fault
    from graphbit_core.workflow.workflow import Workflow

_ABOUT = """Import each plugin in a process of its own, and say what mends the broken ones.

Hooks are called once, with harmless arguments. A fault is what does not work. A warning is what works and
costs something: a slow import, printing at import, a thread that an import starts.

Exit status: 0 there is no fault, 1 there are some."""


def add(commands: Any) -> None:
    """Adds ``doctor``."""
    parser = commands.add_parser(
        "doctor",
        help="import each plugin in a process of its own and say what mends the broken ones",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--timeout", type=seconds, default=10.0, metavar="S", help="seconds each import may take (default 10)"
    )
    parser.add_argument(
        "--budget",
        type=seconds,
        default=1.0,
        metavar="S",
        help="seconds after which an import is slow (default 1)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_run)


def seconds(text: str) -> float:
    """Reads a time limit; argparse names this function where the text is no number."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def sample() -> Workflow:
    """The workflow that hooks are shown, made in the process in which they are tried."""
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow

    workflow = Workflow("graphbit plugins doctor")
    workflow.add_node(Node.delay("wait", seconds=0))
    return workflow


def _run(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host
    from graphbit_core.host.doctor.examination import Doctor

    start = time.monotonic()
    doctor = Doctor(
        default_host(), limit=args.timeout, budget=args.budget, sample=f"{__name__}:{sample.__name__}"
    )
    diagnosis = doctor.examine()
    if args.json:
        print_json(dataclasses.asdict(diagnosis))
    else:
        _print(diagnosis, time.monotonic() - start)
    return 1 if diagnosis.faults else 0


def _print(diagnosis: Diagnosis, taken: float) -> None:
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "VERSION", "API", "IMPORT MS", "RESULT"),
        [
            (
                *(item.info.kind, item.info.name, item.info.distribution, item.info.version),
                *(item.api, item.import_ms, _result(item)),
            )
            for item in diagnosis.components
        ],
    )
    _print_each("fault", diagnosis.faults)
    _print_each("warning", diagnosis.warnings)
    count = f"{_counted(diagnosis.faults, 'fault')}, {_counted(diagnosis.warnings, 'warning')}"
    print(f"\n{len(diagnosis.components)} examined in {taken:.1f} s: {count}")


def _result(item: Examined) -> str:
    return "fault" if item.faults else "warning" if item.warnings else "ok"


def _print_each(what: str, found: Sequence[Fault]) -> None:
    for one in found:
        about = " ".join(filter(None, (one.distribution, one.version)))
        print(f"\n{what}: {printable(about)}: {printable(one.message)}\n  fix: {printable(one.fix)}")


def _counted(found: Sequence[Fault], what: str) -> str:
    return f"{len(found)} {what}{'' if len(found) == 1 else 's'}"
