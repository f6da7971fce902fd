"""The process in which ``graphbit plugins check`` runs a package's conformance classes.

What happens is told line by line, as JSON, on what was its standard output; so whoever started it knows
what it was doing when it died or hung.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest

import graphbit_core.testing
from graphbit_core.errors import PluginError
from graphbit_core.host.checks import check
from graphbit_core.host.faults import load_failed
from graphbit_core.host.loading import contained, load, module_name
from graphbit_core.host.records import Origin
from graphbit_core.testing.check.targets import in_house_file

if TYPE_CHECKING:
    from graphbit_core.testing.rules.component import DeclaredConformance

Tell = Callable[..., None]

OPTIONS = (
    *("-p", "no:cacheprovider", "-p", "no:terminal", "--import-mode=importlib"),
    "--continue-on-collection-errors",
    *("-o", "addopts=", "-o", "required_plugins=", "-o", "xfail_strict=true"),
    *("-o", "filterwarnings=", "-W", "error::pytest.PytestUnhandledThreadExceptionWarning"),
    *("-W", "error::pytest.PytestUnraisableExceptionWarning"),
)
"""Of the project's own configuration of pytest only this is put aside; markers and paths are needed."""

_LONGEST = 4000
"""Characters of a message that are kept."""


def main(job: dict[str, Any]) -> None:
    """Does the job and ends the process; threads and exit handlers that were left are of no interest."""
    report = os.dup(1)
    os.dup2(2, 1)
    with os.fdopen(report, "w", encoding="utf-8") as channel:

        def tell(event: str, **facts: Any) -> None:
            channel.write(json.dumps({"event": event, **facts}) + "\n")
            channel.flush()

        tell("ended", status=int(run(job, tell)))
    sys.stderr.flush()
    os._exit(0)


def run(job: dict[str, Any], tell: Tell) -> int:
    """Loads the components and runs the rules for them.

    Args:
        job: ``origins`` (null for one that is to be left out), ``tests`` (files and folders; none: the kit's
            own classes), ``root``, more ``folders`` to import from, ``ignored`` files, ``finished`` rules,
            and ``only``, which a rule must have in its name.
        tell: Is called with each event.

    Returns:
        The exit status of pytest.
    """
    components = [None if facts is None else _loaded(at, Origin(**facts), tell) for at, facts in _each(job)]
    loaded = {at: component for at, component in enumerate(components) if component is not None}
    if not loaded:
        return 0
    for folder in job["folders"]:
        if folder not in sys.path:
            sys.path.append(folder)
    if job["tests"]:
        arguments = [f"--rootdir={job['root']}", *job["tests"]]
    else:
        arguments = ["-c", os.devnull, f"--rootdir={Path(__file__).parent}", _AUTO]
    return pytest.main([*OPTIONS, *arguments], plugins=[_Rules(job, loaded, tell)])


_AUTO_MODULE = "graphbit_core.testing.check.auto"
_AUTO = str(Path(__file__).with_name("auto.py"))


def _each(job: dict[str, Any]) -> Any:
    return enumerate(job["origins"])


def _loaded(at: int, origin: Origin, tell: Tell) -> Any:
    tell("loading", component=at)
    started = time.perf_counter()
    component, problem = None, None
    try:
        if (file := in_house_file(origin)) is not None:
            contained(partial(_by_its_name, file), partial(load_failed, origin))
        component = load(origin)
        check(origin, component)
    except PluginError as error:
        component, problem = None, error.message
    tell("loaded", component=at, seconds=time.perf_counter() - started, problem=problem)
    return component


def _by_its_name(file: Path) -> None:
    """Imports it as its tests do, so that both see the same objects, and a fresh process finds its module."""
    sys.path.insert(0, str(file.parent))
    module = import_module(file.stem)
    if Path(module.__file__ or "").absolute() == file.absolute():
        sys.modules[module_name(file)] = module


class _Rules:
    """What pytest calls: picks the rules for the components and tells what becomes of them."""

    def __init__(self, job: dict[str, Any], loaded: dict[int, Any], tell: Tell) -> None:
        self._job = job
        self._loaded = loaded
        self._tell = tell
        self._reports: list[pytest.TestReport] = []

    def pytest_load_initial_conftests(self) -> None:
        """Lets asserts of the kit's rules say what they compared."""
        names = [f"graphbit_core.testing.{one.name}" for one in iter_modules(graphbit_core.testing.__path__)]
        pytest.register_assert_rewrite(*(name for name in names if name not in sys.modules))

    def pytest_configure(self) -> None:
        """Makes the kit's own classes, where they are to be tried."""
        if not self._job["tests"]:
            from graphbit_core.testing.check.auto import prepare

            kinds = {at: self._job["origins"][at]["kind"] for at in self._loaded}
            prepare({f"TestComponent{at}": (kinds[at], one) for at, one in self._loaded.items()})

    # --- collecting ---

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leaves out files whose collection ended an earlier process."""
        return True if str(collection_path) in self._job["ignored"] else None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Tells which file is collected; pytest itself would end at a SystemExit."""
        if isinstance(collector, pytest.File):
            self._tell("collecting", file=str(collector.path))
        try:
            return (yield)
        except (SystemExit, KeyboardInterrupt) as error:
            problem = _described(error)
            self._tell("problem", file=str(collector.path), line=_line_in(error, collector), message=problem)
            return pytest.CollectReport(collector.nodeid, "failed", problem, [])

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Tells of what cannot be collected."""
        if isinstance(report, pytest.CollectReport):
            error = call.excinfo.value
            error = error.__cause__ or error  # pytest wraps what an import raised
            message = _described(error) if error is not call.excinfo.value else report.longreprtext
            line = _line_in(error, node)
            self._tell("problem", file=str(node.path), line=line, message=_short(message))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keeps the rules of conformance classes over one of the components."""
        from graphbit_core.testing.rules.component import DeclaredConformance

        classes: dict[type[DeclaredConformance], list[pytest.Item]] = {}
        for item in items:
            cls = getattr(item, "cls", None)
            if cls is not None and issubclass(cls, DeclaredConformance):
                classes.setdefault(cls, []).append(item)
        kept: list[pytest.Item] = []
        for cls, rules in classes.items():
            tested = self._tested_by(cls)
            self._tell_class(cls, rules, tested)
            kept += [rule for rule in rules if tested and self._job["only"] in rule.name]
        for rule in kept:
            about = {"rule": rule.name, "of": _name(rule), "cls": _class_of(rule), "file": str(rule.path)}
            self._tell("plan", id=rule.nodeid, **about)
        items[:] = [item for item in kept if item.nodeid not in self._job["finished"]]

    def _tested_by(self, cls: type) -> list[int]:
        component = getattr(cls, "component", None)
        return [at for at, one in self._loaded.items() if one is component]

    def _tell_class(
        self, cls: type[DeclaredConformance], items: Sequence[pytest.Item], tested: Sequence[int]
    ) -> None:
        from graphbit_core.testing.check.auto import kit_class, rules_of
        from graphbit_core.testing.kinds import missing
        from graphbit_core.testing.rules.overriding import is_of_kit

        component = getattr(cls, "component", None)
        base = next(one for one in cls.__mro__ if is_of_kit(one) and one.__module__ != _AUTO_MODULE)
        kinds = {self._job["origins"][at]["kind"] for at in tested}
        wanted: type[Any] = base
        if kinds:
            wanted = kit_class(min(kinds), component, cls if self._job["tests"] else None)
        needs = [] if self._job["tests"] else missing(wanted, component)
        self._tell(
            "class",
            **{"cls": cls.__qualname__, "file": str(items[0].path), "components": list(tested)},
            **{"tests": _shown(component), "base": base.__name__, "wanted": wanted.__name__},
            **{"rules": rules_of(wanted), "has": sorted(set(map(_name, items))), "needs": needs},
        )

    # --- running ---

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Tells which rule is tried now."""
        self._reports = []
        self._tell("trying", id=nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, None, None]:
        """Nobody can press a key here; what raises KeyboardInterrupt is the component."""
        try:
            return (yield)
        except KeyboardInterrupt as error:
            raise AssertionError("it raised KeyboardInterrupt") from error

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keeps what became of the preparation, the rule, and the clearing away."""
        self._reports.append(report)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tells what became of the rule."""
        worst = next((one for one in self._reports if one.failed), None)
        worst = worst or next((one for one in self._reports if one.skipped), None) or self._reports[0]
        seconds = sum(one.duration for one in self._reports)
        outcome, message, where = _outcome(worst)
        self._tell("tried", id=nodeid, outcome=outcome, message=message, where=where, seconds=seconds)


def _name(item: pytest.Item) -> str:
    """The name of a rule without its parameters."""
    return str(getattr(item, "originalname", item.name))


def _class_of(item: Any) -> str:
    return str(item.cls.__qualname__)


def _outcome(report: pytest.TestReport) -> tuple[str, str | None, str | None]:
    if report.skipped and hasattr(report, "wasxfail"):
        return "accepted", report.wasxfail.removeprefix("reason: ") or "no reason is given", None
    if report.skipped and isinstance(report.longrepr, tuple):
        return "skipped", report.longrepr[2].removeprefix("Skipped: "), None
    if report.passed:
        return "passed", None, None
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is None:
        return "failed", _short(report.longreprtext), None
    message = crash.message if report.when == "call" else f"while {report.when}: {crash.message}"
    for _, cause, _ in reversed(getattr(report.longrepr, "chain", ())[:-1]):
        message += f"\nafter {cause.message}" if cause is not None else ""
    return "failed", _short(message), f"{crash.path}:{crash.lineno}"


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _described(error: BaseException) -> str:
    return _short(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)


def _line_in(error: BaseException, node: Any) -> int | None:
    """The last line of the node's file that the error passed through."""
    if isinstance(error, SyntaxError) and error.filename == str(node.path):
        return error.lineno
    line, at = None, error.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename == str(node.path):
            line = at.tb_lineno
        at = at.tb_next
    return line


def _shown(component: Any) -> str:
    name = getattr(component, "__qualname__", None) or getattr(component, "__name__", None)
    if component is None:
        return "nothing: it sets no `component`"
    return (
        f"{component.__module__}.{name}"
        if name and hasattr(component, "__module__")
        else repr(component)[:80]
    )
