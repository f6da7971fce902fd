"""Runs the conformance classes of plugins and reports: ``graphbit plugins check``.

Each distribution has a process of its own. When a component or a rule ends that process or
hangs, this is told as the failure that it is, and another process goes on with the rest.
"""

from __future__ import annotations

import dataclasses
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphbit_core.host.records import ComponentInfo
from graphbit_core.testing.check.process import EndedEarlyError, Event, events
from graphbit_core.testing.check.report import (
    LOADS,
    Checked,
    NotTried,
    Other,
    Outcome,
    Problem,
    Report,
    Rule,
    Tester,
)
from graphbit_core.testing.check.targets import Target, rerun

ENDINGS = 3
"""After so many processes of one distribution were ended or died, the rest of its rules is not tried."""

_INTERNAL_ERROR, _USAGE_ERROR = 3, 4
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Terms:
    """How to check.

    Attributes:
        limit: Seconds that each import, each collection of a file and each rule may take.
        only: Only rules with this in their name; empty: all.
        folder: Where the commands that the report gives are to be used.
        progress: Is told how many rules of how many have been tried, and of what.
    """

    limit: float
    only: str
    folder: Path
    progress: Progress


def check(targets: Sequence[Target], terms: Terms) -> Report:
    """Checks the targets, one after the other."""
    report = Report(datetime.now(UTC).isoformat(timespec="seconds"))
    began = time.monotonic()
    for target in targets:
        _Check(target, terms, report).run()
    report.seconds = round(time.monotonic() - began, 3)
    return report


@dataclass(slots=True)
class _Planned:
    """A rule that is to be tried."""

    event: Event
    components: list[int]


@dataclass(slots=True)
class _Check:
    """The check of one target: what its processes told so far."""

    target: Target
    terms: Terms
    report: Report
    checked: list[Checked] = field(default_factory=list)
    classes: dict[tuple[str, str], Event] = field(default_factory=dict)
    planned: dict[str, _Planned] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    left_out: set[int] = field(default_factory=set)
    ignored: list[str] = field(default_factory=list)
    now: Event = field(default_factory=dict)
    """What the process said last."""

    def run(self) -> None:
        self.checked = [_checked(info) for info in self.target.infos]
        self.report.components += self.checked
        for at, info in enumerate(self.target.infos):
            if info.state == "denied":
                self._add(at, Rule(LOADS, "failed", 0.0, message=info.error))
                self.left_out.add(at)
        if self.target.tests:
            self._until_done(list(map(str, self.target.tests)))
        self.left_out |= {at for at, one in enumerate(self.checked) if one.tested_by}
        if len(self.left_out) < len(self.checked):
            self._until_done([])
        for at in range(len(self.checked)):
            self._note_not_tried(at)

    def _until_done(self, tests: list[str]) -> None:
        for _ in range(ENDINGS):
            problem = self._process(tests)
            if problem is None:
                break
            if not self._blame(problem):
                name = self.target.infos[0].distribution
                self.report.problems.append(Problem(f"the process of {name}, between its rules: {problem}"))
                break
        for at, rule in self._left():
            self.checked[at].not_tried.append(NotTried(rule, "what ended the process before it to be mended"))
        self.finished |= self.planned.keys()

    def _left(self) -> Iterator[tuple[int, str]]:
        for id_, planned in self.planned.items():
            if id_ not in self.finished:
                yield from ((at, planned.event["rule"]) for at in planned.components)

    def _note_not_tried(self, at: int) -> None:
        """Notes the rules of its kind that none of its classes has, and what lets them be tried."""
        checked = self.checked[at]
        mine = [event for event in self.classes.values() if at in event["components"]]
        had = {rule for event in mine for rule in event["has"]}
        needs = {rule: _needs(event) for event in mine for rule in event["rules"] if rule not in had}
        checked.not_tried += [NotTried(rule, needed) for rule, needed in needs.items()]

    # --- one process

    def _process(self, tests: list[str]) -> str | None:
        """Runs one; what is wrong if it did not come to its end."""
        self.now = {}
        try:
            with closing(events(self._job(tests), self.target.root, self.terms.limit)) as told:
                for event in told:
                    if event["event"] == "ended":
                        return self._ended(event["status"], event["said"])
                    self.now = event
                    self._on(event)
        except EndedEarlyError as error:
            return str(error)
        return None

    def _ended(self, status: int, said: str) -> str | None:
        if status in (_INTERNAL_ERROR, _USAGE_ERROR):
            self.report.problems.append(Problem(f"pytest could not go on:\n{said}"))
        elif any(self._left()):
            return "it ended the run of pytest"
        return None

    def _job(self, tests: list[str]) -> dict[str, Any]:
        infos = enumerate(self.target.infos)
        folders = {str(path if path.is_dir() else path.parent) for path in map(Path, tests)}
        return {
            "origins": [
                None if at in self.left_out else dataclasses.asdict(info.origin) for at, info in infos
            ],
            "tests": tests,
            "root": str(self.target.root),
            "folders": [*sorted(folders), str(self.target.root)] if tests else [],
            "ignored": self.ignored,
            "only": self.terms.only,
            "finished": sorted(self.finished),
        }

    # --- what it tells

    def _on(self, event: Event) -> None:
        match event["event"]:
            case "loaded" if not self.checked[event["component"]].loaded:
                self._loaded(event["component"], event["problem"], event["seconds"])
            case "class":
                self._class(event)
            case "plan":
                components = self.classes[event["file"], event["cls"]]["components"]
                self.planned.setdefault(event["id"], _Planned(event, components))
            case "problem":
                self.report.problems.append(Problem(event["message"], event["file"], event["line"]))
                self.ignored.append(event["file"])
            case "tried":
                self._tried(event["id"], event["outcome"], event["seconds"], event["message"], event["where"])

    def _loaded(self, at: int, problem: str | None, seconds: float) -> None:
        self._add(at, Rule(LOADS, "failed" if problem else "passed", round(seconds, 3), message=problem))
        if problem:
            self.left_out.add(at)

    def _class(self, event: Event) -> None:
        key = (event["file"], event["cls"])
        if key in self.classes:
            return
        self.classes[key] = event
        own = _own(event["file"])
        if not event["components"] and self.target.whole:
            self.report.others.append(Other(event["cls"], event["file"], event["tests"]))
        for at in event["components"]:
            checked = self.checked[at]
            checked.conformance = checked.conformance or event["wanted"]
            checked.tested_by.append(Tester(event["cls"], own, event["base"]))

    def _tried(
        self, id_: str, outcome: Outcome, seconds: float, message: str | None, where: str | None
    ) -> None:
        planned = self.planned[id_]
        event = planned.event
        self.finished.add(id_)
        for at in planned.components:
            again = self._rerun(at, event)
            rule = Rule(event["rule"], outcome, round(seconds, 3), event["cls"], message, where, again)
            self._add(at, rule)
        self.terms.progress(len(self.finished), len(self.planned), self.target.infos[0].distribution)

    def _rerun(self, at: int, event: Event) -> str:
        if _own(event["file"]):
            return rerun(event["file"], event["id"], self.terms.folder)
        info = self.target.infos[at]
        return (
            f"graphbit plugins check {shlex.quote(f'{info.name}@{info.distribution}')} --only {event['of']}"
        )

    def _add(self, at: int, rule: Rule) -> None:
        self.checked[at].rules.append(rule)

    def _blame(self, problem: str) -> bool:
        """Writes the end of a process to the account of what it was doing; whether that is known."""
        match self.now.get("event"):
            case "loading":
                self._loaded(self.now["component"], f"its import: {problem}", self.terms.limit)
            case "collecting":
                self._on({"event": "problem", "file": self.now["file"], "line": None, "message": problem})
            case "trying" if self.now["id"] not in self.finished:
                self._tried(self.now["id"], "failed", 0.0, problem, None)
            case _:
                return False
        return True


def _checked(info: ComponentInfo) -> Checked:
    return Checked(info.kind, info.name, info.distribution, info.version, info.entry_point, info.source)


def _needs(event: Event) -> str:
    wanted = event["wanted"]
    if event["needs"]:
        members = ", ".join(f"`{name}`" for name in event["needs"])
        return f"a subclass of {wanted} in its tests that gives {members}"
    if event["base"] == wanted:
        return f"{event['cls']} not to take it out; to mark it with xfail and a reason instead"
    return f"{event['cls']} to be a {wanted}; it is a {event['base']}"


def _own(file: str) -> str | None:
    """The file of a class, if its author wrote it."""
    return None if Path(file) == Path(__file__).with_name("auto.py") else file
