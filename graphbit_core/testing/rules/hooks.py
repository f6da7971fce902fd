"""Rules for plugins of hooks."""

from __future__ import annotations

import argparse
import copy
import inspect
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.errors import Finding
from graphbit_core.host import Host, HostSettings
from graphbit_core.host.arguments import settings_of
from graphbit_core.nearest import nearest
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing.rules import hook_calls
from graphbit_core.testing.rules.component import CANARY, DeclaredConformance, assert_keeps_secrets
from graphbit_core.testing.rules.hook_calls import HOOKS, NAME
from graphbit_core.testing.rules.stand_ins import events, parts
from graphbit_core.types.subscriptions import subscription

BUILT_IN_COMMANDS = ("ask", "run", "models", "plugins")


class HooksConformance(DeclaredConformance):
    """Rules for what an entry point in ``graphbit.plugins`` names: a module, or an object, that has hooks.

    A subclass gives ``component``. The rules prove that it registers and can be removed without a trace, that
    no hook of it is misspelled or forgotten, that each hook returns what was promised, and that what it
    returns does no harm: middleware keeps what it wraps usable, subscribers are quick and never raise.
    """

    kind = "plugin"
    settings: ClassVar[dict[str, Any]] = {}
    """Settings of the plugin, as ``[plugins.settings]`` has them; where it has ``graphbit_settings``."""
    wraps: ClassVar[Sequence[tuple[str, str]]] = ()
    """Kind and name of components that its middleware is for; empty: it looks at neither."""
    event_seconds: ClassVar[float] = 0.005
    """Longest that its subscriber may take for one event: it keeps the run waiting."""

    _of_this_test: Mapping[str, Any] = {}

    def settings_in(self, folder: Path) -> dict[str, Any]:
        """Settings that name files of its own, over ``settings``; ``folder`` is empty at first."""
        return {}

    def secret_settings(self) -> dict[str, Any]:
        """Settings that carry ``CANARY`` where the plugin takes a secret; none by default."""
        return {}

    @pytest.fixture(autouse=True)
    def _files(self, tmp_path: Path) -> None:
        self._of_this_test = self.settings_in(tmp_path)

    @contextmanager
    def registered(self, **settings: Any) -> Iterator[Host]:
        """A strict host that has the plugin, with ``settings`` over the class's own, and nothing else."""
        host = self._host(self._given(settings))
        try:
            host.register(self.component, NAME)
            yield host
        finally:
            host.close()

    # --- what it is ------------------------------------------------------------------------------

    def test_registers_with_a_host_that_is_strict(self) -> None:
        with self.registered() as host:
            assert not host.list("plugin") or all(info.error is None for info in host.list())

    def test_has_only_hooks_that_exist(self) -> None:
        found = hook_calls.implemented(self.component)
        assert found, "it has no hook; mark its functions with @hookimpl"
        wrong = sorted(f"there is no hook {name}{nearest(name, HOOKS)}" for name in found - HOOKS)
        assert not wrong, "; ".join(wrong)

    def test_forgets_no_mark_on_a_function_that_is_named_like_a_hook(self) -> None:
        bare = hook_calls.unmarked(self.component)
        assert not bare, f"{', '.join(bare)}: never called without @hookimpl"

    def test_registering_leaves_nothing_behind_when_it_is_removed(self) -> None:
        host = self._host(self._given())
        offered, before = host.list(), hook_calls.process()
        host.register(self.component, NAME)
        hook_calls.call_all(host)
        host.unregister(NAME)
        assert host.list() == offered, "components that it registered are still there"
        assert hook_calls.call_all(host) == [], "its hooks are still called"
        after = hook_calls.process()
        changed = [what for what in before if before[what] != after[what]]
        assert not changed, f"it has changed {', '.join(changed)} of the process"

    # --- its settings ----------------------------------------------------------------------------

    def test_its_settings_are_a_class_that_names_each_of_them_with_its_type(self) -> None:
        schema = getattr(self.component, "graphbit_settings", None)
        given = self._given()
        assert schema is not None or not given, "it has no graphbit_settings to make of `settings`"
        if schema is None:
            return
        known, _, open_ended = settings_of(schema)
        assert not open_ended, "it takes **settings, so a misspelled one is never noticed"
        hints = inspect.signature(schema).parameters
        bare = [name for name in known if hints[name].annotation is inspect.Parameter.empty]
        assert not bare, f"{bare} have no type"
        schema(**given)

    def test_shows_no_secret_in_repr_pickle_log_or_error(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        secret = self.secret_settings()
        schema = getattr(self.component, "graphbit_settings", None)
        if schema is not None:
            assert_keeps_secrets(schema(**self._given(secret)))
        with self.registered(**secret) as host:
            shown = repr([hook_calls.call_all(host), *self._findings(host)])
        assert CANARY not in shown, "what its hooks give shows the secret"
        assert CANARY not in caplog.text, "the log shows the secret"

    # --- what its hooks give ---------------------------------------------------------------------

    def test_the_components_that_it_registers_can_be_had(self) -> None:
        with self.registered() as host:
            for info in host.list():
                assert host.component(info.kind, info.name) is not None

    def test_its_middleware_keeps_all_that_others_use(self) -> None:
        asked = self.wraps or [(kind, NAME) for kind in ENTRY_POINT_GROUPS]
        with self.registered() as host:
            for kind, name in asked:
                bare, wrapped = hook_calls.wrapped(host, kind, name)
                missing = sorted(part for part in parts(bare) if not hasattr(wrapped, part))
                assert not missing, f"what it makes of a {kind} lacks {', '.join(missing)}"
                if self.wraps:
                    assert type(wrapped) is not type(bare), f"it does not wrap {kind} {name!r}"

    def test_its_commands_have_help_and_do_something(self) -> None:
        parser = argparse.ArgumentParser(prog="graphbit")
        subparsers = parser.add_subparsers()
        with self.registered() as host:
            for command in host.call("graphbit_add_cli_commands"):
                command.add(subparsers)
        for name, made in subparsers.choices.items():
            assert name not in BUILT_IN_COMMANDS, f"there is a command {name!r} already"
            assert callable(made.get_default("run")), f"{name}: set_defaults(run=…) names what it does"
            assert hook_calls.help_of(parser, name).strip(), f"graphbit {name} --help says nothing"
            assert (made.description or "").strip(), f"{name} has no description; add_parser takes one"

    def test_its_subscriber_takes_every_event_quickly_and_never_raises(self) -> None:
        with self.registered() as host:
            for subscriber in host.call("graphbit_subscribe_events"):
                take, wanted = subscription(subscriber)
                for event in (one for one in events() if wanted(one.type)):
                    took = hook_calls.seconds(take, event)
                    assert took <= self.event_seconds, f"{event.type} takes it {took * 1000:.1f} ms"

    def test_its_doctor_checks_give_findings_that_say_what_to_do(self) -> None:
        with self.registered() as host:
            for finding in self._findings(host):
                assert isinstance(finding, Finding), f"a check gives {finding!r:.80}, which is no Finding"
                for part in ("code", "message", "fix"):
                    assert getattr(finding, part).strip(), f"{finding!r} has no {part}"

    def test_takes_a_compiled_workflow_and_changes_nothing_of_it(self) -> None:
        with self.registered() as host:
            host.add("node_type", "transform", TransformNode)
            workflow = hook_calls.sample_workflow()
            before = copy.deepcopy(workflow.to_dict())
            workflow.compile(host)
            assert workflow.to_dict() == before, "it has changed the workflow"

    def _given(self, over: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return {**self.settings, **self._of_this_test, **(over or {})}

    def _host(self, settings: dict[str, Any]) -> Host:
        told: dict[str, Any] = {"settings": {(self.kind, NAME): settings}} if settings else {}
        return Host(HostSettings(strict=True, **told), scan=False)

    def _findings(self, host: Host) -> list[Any]:
        return [found for check in host.call("graphbit_doctor_checks") for found in check()]
