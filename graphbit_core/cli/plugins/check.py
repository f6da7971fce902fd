"""``graphbit plugins check``: runs the conformance kit over what is installed."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.plugins.doctor import seconds
from graphbit_core.cli.progress import Bar
from graphbit_core.cli.table import print_table, printable
from graphbit_core.errors import ConfigError

if TYPE_CHECKING:
    from graphbit_core.testing.check.report import Checked, Report, Rule

_ABOUT = """\
Runs the conformance classes of a plugin's tests with pytest, in processes of their own. A component that none
of them covers is tried with the kit's own class for its kind, as far as that needs nothing to be given.
Tests are looked for in the folder tests/ of the project, for an in-house plugin beside its file. Plugins of
pytest are not loaded unless a conftest.py names them, and the project's addopts and filterwarnings do not
count. Exit status: 0 all passed, 1 a rule failed or none was tried, 2 wrong usage."""

_FILE = Path("graphbit-check.json")
_LISTED = 3
"""How many rules that were not tried for one reason are shown."""


def add(commands: Any) -> None:
    """Adds ``check``."""
    parser = commands.add_parser(
        "check", help="run the conformance kit over a plugin and write a report", description=_ABOUT
    )
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="a distribution, a component or component@distribution (default: the project in this folder)",
    )
    parser.add_argument("--tests", metavar="PATH", type=Path, help="a file or folder of tests to use")
    parser.add_argument(
        "--only", metavar="TEXT", default="", help="try only the rules that have this in their name"
    )
    parser.add_argument(
        "--report", metavar="FILE", type=Path, default=_FILE, help=f"where the report goes (default {_FILE})"
    )
    parser.add_argument("--json", action="store_true", help="print the report as well, as JSON")
    limit = "seconds that each import, test file and rule may take (default 120)"
    parser.add_argument("--timeout", type=seconds, default=120.0, metavar="S", help=limit)
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from importlib.util import find_spec

    if find_spec("pytest") is None:
        raise ConfigError("the kit needs pytest. To mend it: pip install 'graphbit-core[testing]'")
    from graphbit_core.host import default_host
    from graphbit_core.testing.check.account import Terms, check
    from graphbit_core.testing.check.targets import find

    folder = Path.cwd()
    targets = find(default_host(), args.name, args.tests, folder)
    with Bar("rules") as bar:
        report = check(targets, Terms(args.timeout, args.only.replace(" ", "_"), folder, bar.update))
    written = report.to_json()
    try:
        args.report.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the report cannot be written: {error}", setting="--report") from error
    if args.json:
        print_json(written)
    else:
        for line in _lines(report):
            print(printable(line))
        print(f"report: {printable(args.report)}")
    return 0 if report.passed else 1


def _lines(report: Report) -> Iterator[str]:
    _print_components(report.components)
    for one in report.components:
        yield from _failures(one)
    for problem in report.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line) if part is not None)
        yield from ("", f"problem {place}" if place else "problem", *_indented(problem.message))
    for one in report.components:
        yield from _exceptions(one)
    for other in report.others:
        yield from (
            "",
            f"{other.name} in {other.file} tests {other.tests}, which is none of these components",
        )
    if report.others:
        yield "  fix: let `component` be the object that the entry point names"
    yield from ("", f"{', '.join(_totals(report))} in {report.seconds:.1f} s")


def _totals(report: Report) -> Iterator[str]:
    for name, count in report.totals.items():
        if count:
            text = name.replace("_", " ")
            yield f"{count} {text.removesuffix('s') if count == 1 else text}"


def _print_components(components: Iterable[Checked]) -> None:
    rows = []
    for one in components:
        outcomes = [rule.outcome for rule in one.rules]
        counts = [outcomes.count(name) or None for name in ("passed", "failed", "accepted", "skipped")]
        made = sorted(
            {tester.name if tester.file else f"{tester.base} of the kit" for tester in one.tested_by}
        )
        rows.append(
            (one.kind, one.name, one.distribution, *counts, len(one.not_tried) or None, ", ".join(made))
        )
    print_table(
        ("KIND", "NAME", "DISTRIBUTION", "PASSED", "FAILED", "ACCEPTED", "SKIPPED", "NOT TRIED", "TESTED BY"),
        rows,
    )


def _failures(one: Checked) -> Iterator[str]:
    for rule in one.failed:
        yield from ("", f"{_title(one)} failed: {_sentence(rule.rule)}", *_indented(rule.message or ""))
        yield from _place(rule)
    if one.loaded and not one.tried:
        yield from ("", f"{_title(one)} failed: none of the kit's rules was tried on it")


def _place(rule: Rule) -> Iterator[str]:
    if rule.where:
        yield f"  at: {rule.where}"
    if rule.rerun:
        yield f"  again: {rule.rerun}"


def _exceptions(one: Checked) -> Iterator[str]:
    """What passed as an exception, and what was not tried."""
    told: dict[str, list[str]] = {}
    for rule in one.rules:
        if rule.outcome == "accepted":
            told.setdefault(f"accepted exception ({rule.message})", []).append(rule.rule)
        elif rule.outcome == "skipped":
            told.setdefault(f"skipped ({rule.message})", []).append(rule.rule)
    for missing in one.not_tried:
        told.setdefault(f"not tried; needs {missing.needs}", []).append(missing.rule)
    for reason, rules in told.items():
        yield from ("", f"{_title(one)}: {reason}")
        yield from (f"  {_sentence(rule)}" for rule in rules[:_LISTED])
        if len(rules) > _LISTED:
            yield f"  and {len(rules) - _LISTED} more rules, which the report lists"


def _title(one: Checked) -> str:
    return f"{one.kind} {one.name!r} of {one.distribution}"


def _sentence(rule: str) -> str:
    return rule.removeprefix("test_").replace("_", " ")


def _indented(message: str) -> list[str]:
    return textwrap.indent(message, "  ").splitlines()
