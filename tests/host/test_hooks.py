"""Hooks: what they are, how they fail, and that removing a plugin undoes everything."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphbit_core import ComponentNotFoundError, Finding, PluginError
from graphbit_core.host import Host, Registration, hookimpl, hooks


class Shout:
    """A component."""


class Wrapped:
    """What stands for one."""

    def __init__(self, tag, kind, name, instance):
        self.tag, self.kind, self.name, self.instance = tag, kind, name, instance


class All:
    """Implements every hook."""

    def __init__(self, tag: str = "all") -> None:
        self.tag = tag
        self.seen: list[object] = []

    @hookimpl
    def graphbit_register_components(self):
        yield Registration("loader", self.tag, Shout)

    @hookimpl
    def graphbit_add_cli_commands(self):
        return [f"command of {self.tag}"]

    @hookimpl
    def graphbit_wrap_component(self, kind, name):
        return lambda instance: Wrapped(self.tag, kind, name, instance)

    @hookimpl
    def graphbit_workflow_compiled(self, workflow):
        self.seen.append(workflow)
        return "ignored"

    @hookimpl
    def graphbit_subscribe_events(self):
        return self.seen.append

    @hookimpl
    def graphbit_doctor_checks(self):
        return [lambda: [Finding("x", "is ill", "rest")]]


HOOKS = [name for name in vars(All) if name.startswith("graphbit_")]


def test_the_hooks_are_those_of_the_contract_each_with_a_docstring():
    names = {name for name in vars(hooks) if name.startswith("graphbit_")}
    assert names == set(HOOKS)
    assert all(getattr(hooks, name).__doc__ for name in names)


def test_each_hook_gives_back_what_its_implementations_return():
    plugin = All()
    host = Host.isolated(plugins=[plugin])
    assert host.component("loader", "all") is Shout
    assert host.call("graphbit_add_cli_commands") == ["command of all"]
    assert host.call("graphbit_workflow_compiled", workflow="w") == []
    assert plugin.seen == ["w"]
    host.call("graphbit_subscribe_events")[0]("event")
    assert plugin.seen == ["w", "event"]
    assert host.call("graphbit_doctor_checks")[0]()[0].message == "is ill"


def test_middleware_wraps_each_instance_the_last_registered_outermost():
    host = Host.isolated(plugins=[All("inner"), All("outer")])
    outer = host.create("loader", "inner")
    assert (outer.tag, outer.kind, outer.name) == ("outer", "loader", "inner")
    assert (outer.instance.tag, type(outer.instance.instance)) == ("inner", Shout)


def test_middleware_is_asked_for_once_per_component_and_not_per_instance():
    class Counting:
        asked = 0

        @hookimpl
        def graphbit_wrap_component(self, name):
            self.asked += 1

    plugin = Counting()
    host = Host.isolated({("loader", "x"): Shout}, plugins=[plugin])
    for _ in range(3):
        host.create("loader", "x")
    assert plugin.asked == 1


@pytest.mark.parametrize("hook", HOOKS[1:])
def test_an_implementation_that_raises_loses_only_its_own_result_and_is_named(hook, caplog):
    def broken(self):
        raise SystemExit(1)

    ill = type("Ill", (), {hook: hookimpl(broken)})()
    arguments = {
        "graphbit_wrap_component": {"kind": "loader", "name": "all"},
        "graphbit_workflow_compiled": {"workflow": "w"},
    }.get(hook, {})
    healthy = All()
    host = Host.isolated(plugins=[healthy, ill])
    results = host.call(hook, **arguments)
    assert len(results) == (0 if hook in hooks.NOTHING else 1)
    assert healthy.seen == (["w"] if hook in hooks.NOTHING else [])
    assert f"its {hook} failed and is left out (SystemExit: 1)" in caplog.text
    assert "Ill-" in caplog.text


def test_an_iterable_that_breaks_off_while_it_is_read_loses_only_its_own_result(caplog):
    class Ill:
        @hookimpl
        def graphbit_add_cli_commands(self):
            yield "half"
            raise OSError("no more")

    host = Host.isolated(plugins=[All(), Ill()])
    assert host.call("graphbit_add_cli_commands") == ["command of all"]
    assert "no more" in caplog.text


def test_a_result_that_is_not_a_function_is_left_out(caplog):
    class Ill:
        @hookimpl
        def graphbit_subscribe_events(self):
            return 42

    assert Host.isolated(plugins=[Ill()]).call("graphbit_subscribe_events") == []
    assert "must return a function or None, not 42" in caplog.text


def test_middleware_that_raises_leaves_the_instance_as_it_was_with_a_warning(caplog):
    class Ill:
        @hookimpl
        def graphbit_wrap_component(self):
            return lambda instance: 1 / 0

    host = Host.isolated({("loader", "x"): Shout}, plugins=[Ill()])
    assert isinstance(host.create("loader", "x"), Shout)
    assert "ZeroDivisionError" in caplog.text


def registering(*registrations: object) -> dict[str, object]:
    def hook(self: object) -> tuple[object, ...]:
        return registrations

    return {"graphbit_register_components": hookimpl(hook)}


def raising(self: object) -> Iterator[Registration]:
    yield Registration("loader", "first", Shout)
    raise OSError("no more")


class Newer:
    graphbit_api = (1, 99)


def of_settings(settings: object) -> dict[str, object]:
    return {"graphbit_settings": settings}


FIRST = Registration("loader", "first", Shout)
FAULTS: dict[str, dict[str, object]] = {
    "an unknown hook": {"graphbit_add_commands": hookimpl(lambda self: [])},
    "an unknown argument": {"graphbit_subscribe_events": hookimpl(lambda self, evnt: None)},
    "a hook wrapper": {"graphbit_subscribe_events": hookimpl(wrapper=True)(lambda self: (yield))},
    "registering raises": {"graphbit_register_components": hookimpl(lambda self: 1 / 0)},
    "registering breaks off": {"graphbit_register_components": hookimpl(raising)},
    "registering exits": {"graphbit_register_components": hookimpl(lambda self: sys.exit(1))},
    "registering gives no iterable": {"graphbit_register_components": hookimpl(lambda self: 42)},
    "not a registration": registering(FIRST, ("loader", "second", Shout)),
    "an unknown kind": registering(FIRST, Registration("lodger", "second", Shout)),
    "the wrong type": registering(FIRST, Registration("loader", "second", 42)),
    "a newer API": registering(FIRST, Registration("loader", "second", Newer)),
    "one name twice": registering(FIRST, FIRST),
    "settings that are no class": of_settings(42),
    "settings that cannot be made": of_settings(staticmethod(lambda: 1 / 0)),
}


@pytest.mark.parametrize("members", FAULTS.values(), ids=FAULTS)
def test_registration_is_all_or_nothing(members):
    ill = type("Ill", (All,), members)()
    host = Host.isolated({("loader", "mine"): Shout}, plugins=[All("healthy")])
    before = host.snapshot()[0]
    with pytest.raises(PluginError):
        host.register(ill, "ill")
    assert host.snapshot()[0] is before
    assert [info.name for info in host.list()] == ["healthy", "mine"]
    assert host.call("graphbit_add_cli_commands") == ["command of healthy"]
    assert len(host.call("graphbit_subscribe_events")) == len(host.call("graphbit_doctor_checks")) == 1
    assert host.create("loader", "mine").tag == "healthy"
    with pytest.raises(ComponentNotFoundError):
        host.unregister("ill")
    host.register(All("ill"), "ill")
    assert host.create("loader", "mine").tag == "ill"
    host.unregister("ill")
    assert [info.name for info in host.list()] == ["healthy", "mine"]


def test_one_plugin_is_not_registered_twice():
    plugin = All()
    host = Host.isolated(plugins=[plugin])
    with pytest.raises(PluginError, match="already registered"):
        host.register(plugin)
    assert host.call("graphbit_add_cli_commands") == ["command of all"]


def test_removing_a_plugin_undoes_everything_it_added():
    plugin = All()
    host = Host.isolated({("loader", "mine"): Shout}, plugins=[plugin])
    assert host.create("loader", "mine").tag == "all"
    host.unregister(plugin)
    assert isinstance(host.create("loader", "mine"), Shout)
    assert [info.name for info in host.list()] == ["mine"]
    for hook in ("graphbit_add_cli_commands", "graphbit_subscribe_events", "graphbit_doctor_checks"):
        assert host.call(hook) == []
    with pytest.raises(ComponentNotFoundError):
        host.unregister(plugin)
    host.register(plugin)
    assert host.component("loader", "all") is Shout


def test_threads_may_ask_while_plugins_come_and_go():
    host = Host.isolated(plugins=[All("stays")])
    enough = threading.Event()

    def ask(question):
        answers = set()
        while not enough.is_set():
            answers.add(question())
        return answers

    def subscribers():
        return len(host.call("graphbit_subscribe_events"))

    def wrapped():
        host.list()
        return host.create("loader", "stays").name

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as pool:
            asking = [pool.submit(ask, question) for question in (subscribers, subscribers, wrapped)]
            try:
                for _ in range(300):
                    host.unregister(host.register(All("goes"), "goes"))
            finally:
                enough.set()
            counted, counted_too, names = (one.result() for one in asking)
    finally:
        sys.setswitchinterval(switching)
    assert counted | counted_too <= {1, 2}
    assert names == {"stays"}


def test_a_plugin_is_removed_by_its_name_too():
    host = Host.isolated()
    name = host.register(All(), "shouting")
    host.unregister(name)
    assert host.list() == []


def test_a_closed_host_holds_nothing_and_says_that_it_is_closed(tmp_path, make_host):
    (tmp_path / "plug.py").write_text("")
    host = make_host(in_house={("plugin", "plug"): str(tmp_path / "plug.py")})
    host.call("graphbit_doctor_checks")
    assert [name for name in sys.modules if name.startswith("_graphbit_inhouse_plug")]
    host.close()
    assert not [name for name in sys.modules if name.startswith("_graphbit_inhouse_plug")]
    for question in (
        host.list,
        lambda: host.component("loader", "x"),
        lambda: host.call("graphbit_doctor_checks"),
    ):
        with pytest.raises(PluginError, match="closed"):
            question()


def test_isolated_hosts_share_nothing_and_see_no_installed_package(site, monkeypatch):
    site.loader("graphbit-installed")
    monkeypatch.setenv("GRAPHBIT_PLUGINS", "")
    one, two = Host.isolated({("loader", "x"): Shout}), Host.isolated()
    assert one.component("loader", "x") is Shout
    assert two.list() == []
    assert "graphbit-installed" in {info.distribution for info in Host.isolated(scan=True).list("loader")}


def test_a_module_of_hooks_may_ask_the_host_while_it_is_imported(site, make_host):
    source = "import sys\nsys.modules['graphbit_test_host'].component('loader', 'pdf')\ngraphbit_api = (1, 0)"
    site.hooks("graphbit-asking", source)
    site.loader("graphbit-asked")
    host = make_host()
    sys.modules["graphbit_test_host"] = host  # type: ignore[assignment]
    try:
        host.component("loader", "pdf")
    finally:
        del sys.modules["graphbit_test_host"]
    assert [info.state for info in host.list("plugin")] == ["loaded"]
