"""Each rule that holds for components of every kind fails on one that breaks it, and on no other."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any, ClassVar

import pytest
from kit_runs import outcome, proof

from graphbit_core import ConfigError, Secret
from graphbit_core.testing.rules.component import CANARY
from graphbit_core.testing.rules.in_process import InProcessConformance


class Good:
    """Counts with a weight."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, weight: Any = 1, key: Secret | None = None) -> None:
        self._weight = weight[0] if isinstance(weight, list | tuple) else weight
        self._key = key

    def count(self, text: str) -> Any:
        return len(text) * self._weight


class Undocumented(Good):
    pass


class Old(Good):
    """Is for a host of long ago."""

    graphbit_api = (0, 9)


class TooNew(Good):
    """Is for a host that is not there yet."""

    graphbit_api = (1, 99)


class TakesReservedNames(Good):
    """Has what native plugins will have."""

    __graphbit_tokenizer__ = None


class Shows(Good):
    """Shows its key."""

    def __repr__(self) -> str:
        return f"Shows({self._key and self._key.reveal()})"


class Formats(Good):
    """Shows its key where it is formatted."""

    def __format__(self, spec: str) -> str:
        return f"{self._key and self._key.reveal()}"


class Pickles(Good):
    """Pickles its key."""

    def __reduce__(self) -> Any:
        return str, (self._key and self._key.reveal(),)


class Logs(Good):
    """Logs its key."""

    def count(self, text: str) -> Any:
        logging.getLogger("kit").debug("with %s", self._key and self._key.reveal())
        return super().count(text)


class Raises(Good):
    """Tells its key in an error."""

    def count(self, text: str) -> Any:
        if self._key:
            raise ConfigError(f"{self._key.reveal()} was refused")
        return super().count(text)


class TakesAnything(Good):
    """Takes whatever it is given."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(weight=settings.get("weight", 1), key=settings.get("key"))


class OnlyTuples(Good):
    """Takes what no file can hold."""

    def __init__(self, *, weight: Any = (1,), key: Secret | None = None) -> None:
        super().__init__(weight=weight if isinstance(weight, tuple) else 0, key=key)


class Shares(Good):
    """Keeps the text where other threads reach it."""

    turn = threading.Event()

    def count(self, text: str) -> Any:
        self._text = f"{self.__dict__.get('_text', '')}{text}"
        self.turn.wait(0.002)
        text, self._text = self._text, ""
        return super().count(text)


class HasALoopOfItsOwn(Good):
    """Takes it that no event loop runs."""

    def count(self, text: str) -> Any:
        work = asyncio.sleep(0, super().count(text))
        try:
            return asyncio.run(work)
        finally:
            work.close()


class Kit(InProcessConformance):
    __test__ = False
    kind = "tokenizer"
    component = Good
    settings = {"weight": 2}

    def secret_settings(self):
        return {"key": Secret(CANARY)}

    def use(self, instance, folder):
        return instance.count("some text")


class Overrides(Kit):
    def test_its_import_is_quick(self) -> None:
        """Always."""


class Disables(Kit):
    test_its_import_is_quick: Any = None


class Excuses(Kit):
    @pytest.mark.xfail(reason="")
    def test_its_import_is_quick(self) -> None:
        raise AssertionError


class Explains(Kit):
    @pytest.mark.xfail(reason="the library it wraps takes a second to import")
    def test_its_import_is_quick(self) -> None:
        raise AssertionError


def imported_from(module: str) -> type:
    return type("Imported", (Good,), {"__doc__": "Is somewhere else.", "__module__": module})


OVERRIDE = "no_rule_is_overridden_without_an_xfail_that_says_why"
VERSION = "declares_a_plugin_api_version_that_this_host_accepts"
SECRETS = "shows_no_secret_in_repr_pickle_log_or_error"
FILES = "settings_that_went_through_a_file_work_alike"
THREADS = "many_threads_at_once_get_the_same"
TASKS = "works_inside_a_running_event_loop_and_for_many_tasks_at_once"

PROOFS = {
    "good": proof(Kit, Good),
    "a rule is overridden": proof(Overrides, Good, OVERRIDE),
    "a rule is switched off": proof(Disables, Good, OVERRIDE),
    "an override without a reason": proof(Excuses, Good, OVERRIDE),
    "an override with a reason": proof(Explains, Good),
    "undocumented": proof(Kit, Undocumented, "says_in_its_docstring_what_it_is"),
    "old": proof(Kit, Old, VERSION, only=True),
    "too new": proof(Kit, TooNew, VERSION, only=True),
    "takes reserved names": proof(
        Kit, TakesReservedNames, "leaves_names_alone_that_are_reserved_for_native_plugins"
    ),
    "slow import": proof(Kit, imported_from("import_slow"), "its_import_is_quick"),
    "prints at import": proof(Kit, imported_from("import_prints"), "its_import_prints_nothing"),
    "starts a thread at import": proof(
        Kit, imported_from("import_starts"), "its_import_starts_no_thread_process_or_connection"
    ),
    "shows its key": proof(Kit, Shows, SECRETS),
    "formats its key": proof(Kit, Formats, SECRETS),
    "pickles its key": proof(Kit, Pickles, SECRETS),
    "logs its key": proof(Kit, Logs, SECRETS),
    "raises its key": proof(Kit, Raises, SECRETS),
    "takes anything": proof(Kit, TakesAnything, "lists_its_settings_so_that_the_host_can_refuse_others"),
    "only tuples": proof(Kit, OnlyTuples, FILES, settings={"weight": (2,)}),
    "shares": proof(Kit, Shares, THREADS, TASKS),
    "has a loop of its own": proof(Kit, HasALoopOfItsOwn, TASKS),
}


@pytest.mark.parametrize("fault", PROOFS)
def test_a_fault_breaks_the_rule_about_it_and_no_other(fault: str) -> None:
    PROOFS[fault].check()


@pytest.mark.parametrize("mark", [lambda rule: rule, pytest.mark.xfail(reason="we know better")])
def test_the_rule_about_overriding_is_never_overridden(mark):
    with pytest.raises(TypeError, match=f"Sly overrides test_{OVERRIDE}"):
        type("Sly", (Kit,), {f"test_{OVERRIDE}": mark(lambda self: None)})


class AsksForAHost:
    """Counts with the tokenizer of that name."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, tokenizer: str = "good", host: Any) -> None:
        self._tokenizer = host.create("tokenizer", tokenizer)

    def count(self, text: str) -> Any:
        return self._tokenizer.count(text)


def test_a_component_that_asks_for_its_host_is_given_one_with_what_it_uses() -> None:
    about = {"component": AsksForAHost, "settings": {}, "components": {("tokenizer", "good"): Good}}
    ran, failed = outcome(type("TestKit", (Kit,), {"__test__": True, "secret_settings": dict, **about}))
    assert len(ran) == 12
    assert failed == set()
