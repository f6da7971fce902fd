"""Each rule for plugins of hooks fails on a plugin that breaks it, and on no other."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from kit_runs import ROOT, proof

from graphbit_core import Finding, Registration, Secret, hookimpl
from graphbit_core.cli.main import COMMANDS
from graphbit_core.testing import HooksConformance
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.testing.rules.hooks import BUILT_IN_COMMANDS


@dataclass(frozen=True)
class Options:
    """What the plugin can be told."""

    level: str = "info"
    key: Secret | None = None


class Loader:
    """A component that the plugin adds."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)


class Proxy:
    """Is used as what it wraps."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)


class Command:
    """A command."""

    def __init__(self, name: str = "hello", **about: Any) -> None:
        self._name = name
        self._about = {"description": "Says hello.", **about}

    def add(self, subparsers: Any) -> None:
        subparsers.add_parser(self._name, **self._about).set_defaults(run=lambda _: 0)


class Good:
    """Implements every hook."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)
    graphbit_settings: ClassVar[Any] = Options

    @hookimpl
    def graphbit_register_components(self):
        return [Registration("loader", "added", Loader)]

    @hookimpl
    def graphbit_add_cli_commands(self):
        return [Command()]

    @hookimpl
    def graphbit_wrap_component(self, kind, name):
        return Proxy

    @hookimpl
    def graphbit_workflow_compiled(self, workflow):
        return None

    @hookimpl
    def graphbit_subscribe_events(self):
        return lambda event: None

    @hookimpl
    def graphbit_doctor_checks(self):
        return [lambda: [Finding("ill", "it is ill", "rest")]]


@dataclass(frozen=True)
class FileOptions(Options):
    """As well, where to write to."""

    file: Path = field(kw_only=True)


class WritesAFile(Good):
    """Writes events down."""

    graphbit_settings: ClassVar[Any] = FileOptions

    @hookimpl
    def graphbit_subscribe_events(self, settings):
        settings.file.touch(exist_ok=False)
        return lambda event: settings.file.write_text(event.type)


class TooNew(Good):
    """Is for a host that is not there yet."""

    graphbit_api = (1, 99)


class Misspelled(Good):
    """Has a hook that does not exist."""

    @hookimpl
    def graphbit_add_cli_comands(self):
        return []


class Empty:
    """Has no hook at all."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)


class Unmarked(Good):
    """Forgets a mark."""

    def graphbit_subscribe_events(self):
        return lambda event: None


class RegistersNonsense(Good):
    """Registers what cannot be used."""

    @hookimpl
    def graphbit_register_components(self):
        return [Registration("loader", "added", 42)]


class LeavesAVariable(Good):
    """Changes the process."""

    @hookimpl
    def graphbit_subscribe_events(self):
        os.environ["GRAPHBIT_KIT_WAS_HERE"] = "1"
        return lambda event: None


class TakesAnySetting(Good):
    """Does not say what it can be told."""

    graphbit_settings = dict


class BareSettings(Good):
    """Does not say of what type its settings are."""

    class graphbit_settings:  # noqa: N801 - the contract's name
        def __init__(self, level="info", key=None):
            self.level = level


class ShowsItsKey(Good):
    """Has settings that show their key."""

    @dataclass(frozen=True)
    class graphbit_settings:  # noqa: N801 - the contract's name
        key: Secret | None = None

        def __repr__(self) -> str:
            return f"{self.key and self.key.reveal()}"


class TooNewComponent(Loader):
    """Is for a host that is not there yet."""

    graphbit_api = (1, 99)


class RegistersTooNew(Good):
    """Registers a component for a later host."""

    @hookimpl
    def graphbit_register_components(self):
        return [Registration("loader", "added", TooNewComponent)]


class Boxes(Good):
    """Makes of everything what nobody can use."""

    @hookimpl
    def graphbit_wrap_component(self, kind, name):
        return lambda wrapped: {"wrapped": wrapped}


class WrapsNothing(Good):
    """Gives back what it was given."""

    @hookimpl
    def graphbit_wrap_component(self, kind, name):
        return lambda wrapped: wrapped


class ShadowsRun(Good):
    """Adds a command that is there."""

    @hookimpl
    def graphbit_add_cli_commands(self):
        return [Command("run")]


class NoHelp(Good):
    """Adds a command that does not say what it does."""

    @hookimpl
    def graphbit_add_cli_commands(self):
        return [Command(description="")]


class SlowSubscriber(Good):
    """Keeps the run waiting."""

    @hookimpl
    def graphbit_subscribe_events(self):
        return lambda event: time.sleep(0.02 if event.type == "llm.delta" else 0)


class StumblesOverNews(Good):
    """Takes it that there are no other events."""

    @hookimpl
    def graphbit_subscribe_events(self):
        return lambda event: {"run": 1, "node": 2}.get(event.type.split(".")[0]) or event.data["id"]


class SlowWhereItListens(Good):
    """Keeps the run waiting with all that it wants."""

    @hookimpl
    def graphbit_subscribe_events(self):
        return lambda event: time.sleep(0.02), ["node.*"]


class KnowsNodesOnly(Good):
    """Would stumble over what it does not ask for."""

    @hookimpl
    def graphbit_subscribe_events(self):
        return lambda event: {"node": 1}[event.type.split(".")[0]], ["node.*"]


class WantsWhatIsNot(Good):
    """Has misspelled what it wants."""

    @hookimpl
    def graphbit_subscribe_events(self):
        return print, ["node.suceeded"]


class NoFindings(Good):
    """Finds texts."""

    @hookimpl
    def graphbit_doctor_checks(self):
        return [lambda: ["it is ill"]]


class NoFix(Good):
    """Says what is wrong and not what to do."""

    @hookimpl
    def graphbit_doctor_checks(self):
        return [lambda: [Finding("ill", "it is ill", "")]]


class ChangesWorkflows(Good):
    """Changes what it sees."""

    @hookimpl
    def graphbit_workflow_compiled(self, workflow):
        workflow.name = "mine"


class Kit(HooksConformance):
    __test__ = False

    def secret_settings(self):
        return {"key": Secret(CANARY)}


def documented() -> dict[str, Any]:
    """The middleware that the page about hooks shows, and what it is for."""
    blocks = (ROOT / "docs" / "plugin-hooks.md").read_text("utf-8").split("```python\n")
    shown = next(block.partition("```")[0] for block in blocks if "class Timing" in block)
    made: dict[str, Any] = {"hookimpl": hookimpl}
    exec(shown.partition("\ntiming = ")[0], made)
    about = {"graphbit_api": (1, 0), "__doc__": "Times calls.", "__module__": __name__}
    return {
        "component": type("Documented", (made["Timing"],), about)(),
        "wraps": [(kind, "any") for kind in made["FIRST"]],
        "secret_settings": HooksConformance.secret_settings,
    }


SETTINGS = "its_settings_are_a_class_that_names_each_of_them_with_its_type"
MIDDLEWARE = "its_middleware_keeps_all_that_others_use"
COMMANDS_RULE = "its_commands_have_help_and_do_something"
EVENTS = "its_subscriber_takes_every_event_quickly_and_never_raises"
DOCTOR = "its_doctor_checks_give_findings_that_say_what_to_do"

PROOFS = {
    "good": proof(Kit, Good()),
    "good for a few": proof(Kit, Good(), wraps=[("loader", "pdf")]),
    "as documented": proof(Kit, **documented()),
    "writes a file": proof(Kit, WritesAFile(), settings_in=lambda self, folder: {"file": str(folder / "a")}),
    "misspelled": proof(Kit, Misspelled(), "has_only_hooks_that_exist", only=True),
    "no hooks": proof(Kit, Empty(), "has_only_hooks_that_exist", secret_settings=lambda self: {}),
    "unmarked": proof(Kit, Unmarked(), "forgets_no_mark_on_a_function_that_is_named_like_a_hook"),
    "registers nonsense": proof(Kit, RegistersNonsense(), "registers_with_a_host_that_is_strict", only=True),
    "leaves a variable": proof(
        Kit, LeavesAVariable(), "registering_leaves_nothing_behind_when_it_is_removed"
    ),
    "takes any setting": proof(Kit, TakesAnySetting(), SETTINGS, only=True),
    "settings without a type": proof(Kit, BareSettings(), SETTINGS, only=True),
    "shows its key": proof(Kit, ShowsItsKey(), "shows_no_secret_in_repr_pickle_log_or_error"),
    "registers what is too new": proof(
        Kit, RegistersTooNew(), "the_components_that_it_registers_can_be_had", only=True
    ),
    "boxes": proof(Kit, Boxes(), MIDDLEWARE, only=True),
    "wraps nothing": proof(Kit, WrapsNothing(), MIDDLEWARE, wraps=[("loader", "pdf")]),
    "shadows a command": proof(Kit, ShadowsRun(), COMMANDS_RULE),
    "no help": proof(Kit, NoHelp(), COMMANDS_RULE),
    "slow subscriber": proof(Kit, SlowSubscriber(), EVENTS),
    "stumbles over news": proof(Kit, StumblesOverNews(), EVENTS),
    "knows nodes only": proof(Kit, KnowsNodesOnly()),
    "slow where it listens": proof(Kit, SlowWhereItListens(), EVENTS),
    "wants what is not": proof(Kit, WantsWhatIsNot(), EVENTS, only=True),
    "no findings": proof(Kit, NoFindings(), DOCTOR),
    "no fix": proof(Kit, NoFix(), DOCTOR),
    "changes workflows": proof(
        Kit, ChangesWorkflows(), "takes_a_compiled_workflow_and_changes_nothing_of_it"
    ),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_breaks_the_rule_about_it_and_no_other(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRAPHBIT_KIT_WAS_HERE", raising=False)
    PROOFS[fault].check()
    os.environ.pop("GRAPHBIT_KIT_WAS_HERE", None)


def test_the_kit_knows_the_built_in_commands() -> None:
    assert set(BUILT_IN_COMMANDS) == {module.__name__.rpartition(".")[2] for module in COMMANDS}
