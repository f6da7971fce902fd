"""A broken plugin harms only itself."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import time

import pytest

from graphbit_core import ComponentNotFoundError, IncompatiblePluginError, PluginError, PluginLoadError
from graphbit_core.host import Host, HostSettings, loading

HEALTHY = "graphbit-healthy"

BROKEN = {
    "import error": ("import no_such_library_here", ModuleNotFoundError, "'no_such_library_here'"),
    "syntax error": ("def broken(:", SyntaxError, "SyntaxError"),
    "exit": ("raise SystemExit(3)", SystemExit, "SystemExit: 3"),
    "interrupt": ("raise KeyboardInterrupt", KeyboardInterrupt, "KeyboardInterrupt"),
    "cancelled": ("import asyncio; raise asyncio.CancelledError", asyncio.CancelledError, "CancelledError"),
    "missing attribute": ("Reader = 1", AttributeError, "has no attribute 'Loader'"),
    "a number": (
        "Loader = 42",
        type(None),
        "must be a class or a frozen dataclass instance, not 42 of type int",
    ),
    "a function": ("def Loader(): ...", type(None), "not the function Loader"),
    "a module": ("import json as Loader", type(None), "not the module json"),
    "a thawed row": (
        "import dataclasses\n@dataclasses.dataclass\nclass Row:\n    graphbit_api = (1, 0)\nLoader = Row()",
        type(None),
        "not Row()",
    ),
    "no method": ("class Loader:\n    graphbit_api = (1, 0)", type(None), "it has no load"),
    "no API": ("class Loader: ...", type(None), "declares no plugin API version"),
    "newer minor": ("class Loader:\n    graphbit_api = (1, 99)", type(None), "needs plugin API 1.99; this"),
    "newer major": ("class Loader:\n    graphbit_api = (2, 0)", type(None), "needs plugin API 2.0; this"),
    "older major": ("class Loader:\n    graphbit_api = (0, 9)", type(None), "needs plugin API 0.9; this"),
    "API of a wrong form": ("class Loader:\n    graphbit_api = '1.0'", type(None), "graphbit_api = '1.0'"),
}
"""What is wrong → the module, the cause that is chained, and what the message says."""


@pytest.mark.parametrize(("source", "cause", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_component_raises_its_own_error_and_harms_no_other(
    site, make_host, caplog, source, cause, said
):
    site.loader("graphbit-broken", source, name="broken")
    site.loader(HEALTHY)
    host = make_host()
    with pytest.raises((PluginLoadError, IncompatiblePluginError)) as caught:
        host.component("loader", "broken")
    error = caught.value
    assert type(error.__cause__) is cause
    assert said in error.message
    assert (error.distribution, error.version) == ("graphbit-broken", "1.2")
    assert error.entry_point == "graphbit_broken:Loader"
    assert error.fix is not None
    assert error.fix.startswith("pip install --upgrade ")
    for fact in ("graphbit-broken 1.2", "graphbit_broken:Loader", error.fix):
        assert fact in caplog.text
    assert host.component("loader", "pdf").__name__ == "Loader"
    states = {info.name: info.state for info in host.list("loader")}
    assert states == {"broken": "failed", "pdf": "loaded"}


def test_a_broken_component_is_warned_about_once_and_raises_every_time(site, make_host, caplog):
    site.loader("graphbit-broken-once", "raise ImportError('gone')")
    host = make_host()
    causes = []
    for _ in range(3):
        with pytest.raises(PluginLoadError) as caught:
            host.component("loader", "pdf")
        causes.append(caught.value.__cause__)
    assert len(set(map(id, causes))) == 1
    assert len(caplog.records) == 1


def test_a_failed_import_is_told_apart_from_what_is_not_installed(site, make_host):
    site.loader("graphbit-needs", "import no_such_library_here")
    host = make_host()
    with pytest.raises(PluginLoadError, match="its import of 'no_such_library_here' failed"):
        host.component("loader", "pdf")
    with pytest.raises(ComponentNotFoundError, match="is not installed"):
        host.component("loader", "docx")


def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant(make_host, site):
    site.loader("graphbit-known")
    with pytest.raises(ComponentNotFoundError) as caught:
        make_host().component("loader", "pfd")
    assert caught.value.fix is None  # nobody should install what a typing error names
    assert "did you mean 'pdf'" in caught.value.message
    assert "Known: pdf" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "name", "command"),
    [
        ("provider", "acme", "pip install graphbit-acme"),
        ("vector_store", "qdrant", "pip install graphbit-store-qdrant"),
        ("splitter", "by_line", "pip install graphbit-splitter-by-line"),
        ("tool", "x; rm -rf /", None),
    ],
)
def test_the_command_is_guessed_from_the_kind_and_only_for_names_a_package_can_have(kind, name, command):
    with pytest.raises(ComponentNotFoundError) as caught:
        Host.isolated().component(kind, name)
    assert caught.value.fix == command
    assert ("If an add-on offers it" in caught.value.message) == (command is not None)


def test_for_our_own_add_ons_the_command_is_known():
    with pytest.raises(ComponentNotFoundError, match=r"To mend it: pip install graphbit-splitter-text$"):
        Host.isolated().component("splitter", "recursive")


def test_an_error_survives_pickling_with_its_facts(site, make_host):
    site.loader("graphbit-pickled", "1/0")
    with pytest.raises(PluginLoadError) as caught:
        make_host().component("loader", "pdf")
    assert pickle.loads(pickle.dumps(caught.value)).facts() == caught.value.facts()


def test_a_hanging_import_is_named_in_a_warning_and_not_killed(site, make_host, caplog, monkeypatch):
    monkeypatch.setattr(loading, "SLOW_IMPORT_SECONDS", 0.05)
    site.loader(
        "graphbit-slow",
        "import time; time.sleep(0.4)\n" + "class Loader:\n graphbit_api=(1,0)\n def load(self): ...",
    )
    assert make_host().component("loader", "pdf").__name__ == "Loader"
    assert "graphbit-slow 1.2 (graphbit_slow:Loader): its import has not ended after 0.05 s" in caplog.text


def test_an_import_is_slow_after_five_seconds():
    assert loading.SLOW_IMPORT_SECONDS == 5.0


def test_a_quick_import_leaves_no_timer_behind(site, make_host):
    site.loader("graphbit-quick")
    make_host().component("loader", "pdf")
    timers = [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert all(timer.finished.is_set() for timer in timers)


INTERRUPTED = """
import time, pathlib
pathlib.Path({flag!r}).touch()
{body}
class Loader:
    graphbit_api = (1, 0)
    def load(self): ...
"""


@pytest.mark.parametrize(
    "body",
    ["time.sleep(20)", "try: time.sleep(20)\nexcept BaseException: pass"],
    ids=["not caught", "caught by the plugin"],
)
def test_a_real_interrupt_during_an_import_still_interrupts(site, tmp_path, body):
    flag = tmp_path / "importing"
    site.loader("graphbit-interrupted", INTERRUPTED.format(flag=str(flag), body=body))
    code = "import sys; sys.path.insert(0, sys.argv[1])\nfrom graphbit_core.host import Host\n"
    code += "try: Host(path=sys.argv[1:]).component('loader', 'pdf')\nexcept KeyboardInterrupt: sys.exit(42)"
    child = subprocess.Popen([sys.executable, "-c", code, str(site.path)], start_new_session=True)
    try:
        deadline = time.monotonic() + 20
        while not flag.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(timeout=15) == 42
    finally:
        child.kill()
        child.wait()


def test_a_signal_handler_that_exits_still_exits_during_an_import(site, make_host):
    site.loader("graphbit-terminated", "import signal; signal.raise_signal(signal.SIGTERM)")

    def terminate(*_: object) -> None:
        raise SystemExit(7)

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises(SystemExit, match="7"):
            make_host().component("loader", "pdf")
        assert signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_a_handler_that_the_plugin_sets_at_import_stays(site, make_host):
    previous = signal.getsignal(signal.SIGINT)
    source = "import signal\ndef mine(*a): ...\nsignal.signal(signal.SIGINT, mine)\n"
    site.loader("graphbit-sets-handler", source + "class Loader:\n graphbit_api=(1,0)\n def load(self): ...")
    try:
        make_host().component("loader", "pdf")
        assert signal.getsignal(signal.SIGINT).__name__ == "mine"
    finally:
        signal.signal(signal.SIGINT, previous)


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit(3)"])
def test_an_import_on_another_thread_is_contained_too(site, make_host, error):
    site.loader("graphbit-threaded", f"raise {error}")
    host = make_host()
    seen: list[BaseException] = []

    def ask() -> None:
        try:
            host.component("loader", "pdf")
        except PluginLoadError as caught:
            seen.append(caught)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    assert [type(caught.__cause__).__name__ for caught in seen] == [error.partition("(")[0]]


BAD_HOOKS = {
    "import": ("raise ImportError('hooks are gone')", "hooks are gone"),
    "exit": ("raise SystemExit(1)", "SystemExit"),
    "unknown hook": (
        "from graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n"
        "@hookimpl\ndef graphbit_add_cli_command(): ...",
        "did you mean 'graphbit_add_cli_commands'",
    ),
    "wrong argument": (
        "from graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n"
        "@hookimpl\ndef graphbit_wrap_component(kind, colour): ...",
        "colour",
    ),
    "wrapper": (
        "from graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n"
        "@hookimpl(wrapper=True)\ndef graphbit_wrap_component(kind):\n    yield",
        "hook wrapper",
    ),
    "registration raises": (
        "from graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n"
        "@hookimpl\ndef graphbit_register_components(): raise OSError('disk')",
        "disk",
    ),
    "newer API": ("graphbit_api = (1, 99)", "needs plugin API 1.99"),
    "no API": ("", "declares no plugin API version"),
}


@pytest.mark.parametrize(("source", "said"), BAD_HOOKS.values(), ids=BAD_HOOKS)
def test_a_broken_module_of_hooks_is_named_once_and_everything_else_works(
    site, make_host, caplog, source, said
):
    site.hooks("graphbit-bad-hooks", source)
    site.loader(HEALTHY)
    host = make_host()
    assert host.component("loader", "pdf").__name__ == "Loader"
    assert host.call("graphbit_subscribe_events") == []
    assert len(caplog.records) == 1
    for fact in ("graphbit-bad-hooks 1.2", "graphbit_bad_hooks", said, "pip install --upgrade"):
        assert fact in caplog.text
    assert [info.state for info in host.list("plugin")] == ["failed"]


@pytest.mark.parametrize(("source", "said"), BAD_HOOKS.values(), ids=BAD_HOOKS)
def test_strict_raises_at_once(site, make_host, source, said):
    site.hooks("graphbit-strict-hooks", source)
    site.loader(HEALTHY)
    host = make_host(strict=True)
    for _ in range(2):
        with pytest.raises(PluginError, match=said):
            host.component("loader", "pdf")


def test_strict_is_switched_on_by_the_environment(tmp_path):
    assert HostSettings.load(tmp_path, {"GRAPHBIT_PLUGINS_STRICT": "1"}).strict
    assert not HostSettings.load(tmp_path, {"GRAPHBIT_PLUGINS_STRICT": "0"}).strict
    assert not HostSettings.load(tmp_path, {}).strict


def test_warnings_go_to_the_logger_that_operators_configure(site, make_host, caplog):
    site.loader("graphbit-logged", "raise ImportError")
    with pytest.raises(PluginLoadError):
        make_host().component("loader", "pdf")
    assert [(record.name, record.levelno) for record in caplog.records] == [
        ("graphbit.plugins", logging.WARNING)
    ]
