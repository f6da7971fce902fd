"""Rules that hold for components of every kind."""

from __future__ import annotations

import inspect
import logging
import pickle
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest

from graphbit_core.contracts import API_VERSION
from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.host import Host
from graphbit_core.host.arguments import settings_of
from graphbit_core.host.checks import is_template
from graphbit_core.testing.rules.files import through_json, through_toml
from graphbit_core.testing.rules.import_time import import_seconds, imported
from graphbit_core.testing.rules.overriding import giver, is_of_kit, overridden

CANARY = "sk-canary-7f3a9c21d84e"
"""Given as a key by the kit; it must never be seen in anything a component shows."""

_FIRST = "test_no_rule_is_overridden_without_an_xfail_that_says_why"
_RESERVED = re.compile(r"__graphbit_\w+__")


class DeclaredConformance:
    """Rules about what the entry point names, for which no instance is made.

    A subclass gives ``component``. They prove that the host will take it, that its import is quick and does
    nothing beside, and that the rules of the kit are in force.
    """

    kind: ClassVar[str] = ""
    """The kind of component, for example ``loader``."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Members that a subclass has to give before the rules can run; empty: ``component`` alone will do."""
    component: ClassVar[Any]
    """What the entry point names."""
    import_budget: ClassVar[float] = 0.5
    """Most CPU seconds that its import may take, beyond that of this kit."""

    def __init_subclass__(cls) -> None:
        """Raises TypeError for a class that overrides the rule by which all others are in force."""
        super().__init_subclass__()
        if not is_of_kit(giver(cls, _FIRST)):
            raise TypeError(f"{cls.__name__} overrides {_FIRST}; that is the one rule that must stay")

    def test_no_rule_is_overridden_without_an_xfail_that_says_why(self) -> None:
        changed = overridden(type(self))
        assert not changed, (
            f"{type(self).__name__} overrides {', '.join(changed)}; mark a rule that cannot hold with "
            '@pytest.mark.xfail(reason="…") and call super()'
        )

    def test_declares_a_plugin_api_version_that_this_host_accepts(self) -> None:
        declared = getattr(self.component, "graphbit_api", None)
        assert isinstance(declared, tuple), f"write graphbit_api = {API_VERSION}"
        major, minor = declared
        assert (major, minor <= API_VERSION[1]) == (API_VERSION[0], True), f"{declared} is not {API_VERSION}"

    def test_says_in_its_docstring_what_it_is(self) -> None:
        assert (self.component.__doc__ or "").strip(), f"{name_of(self.component)} has no docstring"

    def test_leaves_names_alone_that_are_reserved_for_native_plugins(self) -> None:
        taken = sorted(name for name in dir(self.component) if _RESERVED.fullmatch(name))
        assert not taken, f"{taken}: names like __graphbit_splitter__ are kept for plugins in native code"

    def test_its_import_is_quick(self) -> None:
        module = module_of(self.component)
        seconds = import_seconds(module, self._kit(), self.import_budget)
        assert seconds <= self.import_budget, (
            f"importing {module} takes {seconds:.2f} s; import what is heavy where it is first used"
        )

    def test_its_import_prints_nothing(self) -> None:
        module = module_of(self.component)
        printed = imported(module, self._kit()).printed
        assert not printed, f"importing {module} prints {printed!r:.200}"

    def test_its_import_starts_no_thread_process_or_connection(self) -> None:
        module = module_of(self.component)
        started = imported(module, self._kit()).started
        assert not started, f"importing {module} starts {', '.join(started)}"

    def _kit(self) -> str:
        return next(base.__module__ for base in type(self).__mro__ if base.__module__.startswith(__package__))


class ComponentConformance(DeclaredConformance):
    """Base of the conformance classes of all kinds.

    A subclass gives ``component`` and, where they differ from the defaults, the members below. The rules
    prove that secrets stay secret, that settings survive a file, and that the host can refuse wrong ones.
    """

    settings: ClassVar[dict[str, Any]] = {}
    """Keywords to make it with."""
    components: ClassVar[Mapping[tuple[str, str], Any]] = {}
    """Other components it uses, by kind and name; the host that it may ask for has them."""
    in_files: ClassVar[bool] = True
    """Whether ``settings`` can stand in a file; False if they hold an object or a lambda."""

    def make(self, **settings: Any) -> Any:
        """A fresh instance, with ``settings`` over the class's own, and with a host if it asks for one."""
        given = {**self.settings, **settings}
        if _asks_for_host(self.component):
            given.setdefault("host", self.host())
        if is_ready(self.component):
            return self.host().create(self.kind, "under_test", **given)
        return self.component(**given)

    def host(self, component: Any = None) -> Host:
        """An isolated host with ``components`` and, as ``under_test``, the component or the one given."""
        own = {(self.kind, "under_test"): self.component if component is None else component}
        return Host.isolated({**own, **self.components} if self.kind else self.components)

    @contextmanager
    def made(self, **settings: Any) -> Iterator[Any]:
        """An instance as ``make`` gives it, closed at the end if it can be closed."""
        instance = self.make(**settings)
        try:
            yield instance
        finally:
            if callable(close := getattr(instance, "close", None)):
                close()

    def secret_settings(self) -> dict[str, Any]:
        """Settings that carry ``CANARY`` where the component takes a secret; none by default."""
        return {}

    def use(self, instance: Any, folder: Path) -> Any:
        """Makes the simplest use of an instance, and returns what came of it, for ``==`` to compare.

        Each kind has its own; a component that can only be used in another way overrides it. It is called
        from many threads at once. ``folder`` is empty, and the caller's to write to.
        """
        return None

    def test_shows_no_secret_in_repr_pickle_log_or_error(
        self, caplog: pytest.LogCaptureFixture, tmp_path: Path
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with self.made(**self.secret_settings()) as instance:
            assert_keeps_secrets(instance)
            try:
                self.use(instance, tmp_path)
            except GraphBitError as error:
                shown = "".join(traceback.format_exception(error)) + repr(vars(error))
                assert CANARY not in shown, "an error shows the secret"
            assert_keeps_secrets(instance)
        assert CANARY not in caplog.text, "the log shows the secret"

    def test_lists_its_settings_so_that_the_host_can_refuse_others(self) -> None:
        known, open_ended = self.known_settings()
        assert not open_ended, "it takes **settings; name each keyword, or a misspelled one is never noticed"
        for wrong, meant in [(f"{name}s", name) for name in known if name != "host"] or [("nonsense", "")]:
            if wrong in known:
                continue
            with pytest.raises(ValidationError) as caught:
                self.host().create(self.kind, "under_test", **{**self.settings, wrong: 1})
            assert caught.value.field == wrong, f"{wrong} is refused as {caught.value.field}"
            assert meant in str(caught.value), f"{wrong} is refused without naming {meant}: {caught.value}"

    def test_settings_that_went_through_a_file_work_alike(self, tmp_path: Path) -> None:
        if not self.in_files:
            return
        with self.made() as instance:
            expected = self.use(instance, _folder(tmp_path, "code"))
        for name, through in (("json", through_json), ("toml", through_toml)):
            with self.made(**through(self.settings)) as instance:
                given = self.use(instance, _folder(tmp_path, name))
            assert given == expected, f"settings that went through {name} work otherwise"

    def known_settings(self) -> tuple[list[str], bool]:
        """Names of its settings, and whether it takes any other as well."""
        if is_template(self.component):
            return settings_of(cast(Any, type(self.component)))[0], False
        if is_ready(self.component):
            return [], False
        known, _, open_ended = settings_of(self.component)
        return known, open_ended


def module_of(component: Any) -> str:
    """The name of the module that has the component, or that is the component: hooks may be a module."""
    return str(component.__name__ if inspect.ismodule(component) else component.__module__)


def name_of(component: Any) -> str:
    """What a component is called in messages."""
    return str(getattr(component, "__name__", type(component).__name__))


def is_ready(component: Any) -> bool:
    """Whether nothing is called to make it: it is a row of data, a tool, or a module of hooks."""
    is_tool = not isinstance(component, type) and hasattr(component, "spec") and hasattr(component, "call")
    return is_tool or not callable(component)


def _asks_for_host(component: Any) -> bool:
    try:
        parameter = inspect.signature(component).parameters.get("host")
    except (TypeError, ValueError):
        return False
    return parameter is not None and parameter.kind is parameter.KEYWORD_ONLY


def _folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made


def assert_keeps_secrets(instance: Any) -> None:
    """Neither what it shows nor its pickle, if it can be pickled, holds ``CANARY``."""
    for shown in (repr(instance), str(instance), f"{instance}"):
        assert CANARY not in shown, "it shows the secret"
    try:
        pickled = pickle.dumps(instance)
    except (TypeError, AttributeError, pickle.PicklingError):
        return
    assert CANARY.encode() not in pickled, "its pickle holds the secret"
