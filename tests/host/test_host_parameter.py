"""A component with the keyword-only parameter ``host`` is given the host that makes it."""

from __future__ import annotations

from typing import Any

import pytest

from graphbit_core import ConfigError, PluginLoadError, ValidationError
from graphbit_core.cli.plugins.describe import describe
from graphbit_core.host import Host, HostSettings
from graphbit_core.host.arguments import settings_of


class Asking:
    """Asks for another component."""

    def __init__(self, *, name: str = "plain", host: Host) -> None:
        self.host = host
        self.other = host.create("loader", name)


class Open:
    def __init__(self, *, host: Host, **settings: Any) -> None:
        self.host, self.settings = host, settings


class Plain:
    def __init__(self, *, mark: str = "!") -> None:
        self.mark = mark


def function(*, host: Any) -> Any:
    return host


@pytest.fixture
def host() -> Host:
    components = {"asking": Asking, "open": Open, "plain": Plain, "function": function}
    return Host.isolated({("loader", name): component for name, component in components.items()})


def test_it_gets_the_host_that_makes_it(host):
    made = host.create("loader", "asking")
    assert made.host is host
    assert isinstance(made.other, Plain)
    assert host.create("loader", "open", a=1).host is host
    assert host.create("loader", "function") is host


@pytest.mark.parametrize("name", ["asking", "open", "function"])
def test_users_cannot_set_it(host, name):
    with pytest.raises(ValidationError, match="host"):
        host.create("loader", name, host=host)
    configured = Host(HostSettings(settings={("loader", name): {"host": "x"}}), scan=False)
    configured.add("loader", name, host.component("loader", name))
    with pytest.raises(ConfigError, match=rf"loader\.{name}\.host: 'host' is no setting"):
        configured.create("loader", name)


def test_it_is_not_listed_among_the_settings(host):
    assert settings_of(Asking) == (["name"], [], False)
    (info,) = [info for info in host.list("loader") if info.name == "asking"]
    assert [one.name for one in describe(host, info).settings] == ["name"]
    with pytest.raises(ValidationError, match=r"there is no setting 'nmae' \(did you mean 'name'\?\)"):
        host.create("loader", "asking", nmae="x")


def test_a_setting_of_that_name_is_refused_by_its_annotation():
    class Wrong:
        def __init__(self, *, host: str = "localhost") -> None: ...

    with pytest.raises(PluginLoadError, match=r"'host' is annotated str.*such as 'server'"):
        Host.isolated({("loader", "wrong"): Wrong})


def test_a_component_may_ask_for_one_that_asks_in_turn():
    class Outer:
        def __init__(self, *, host: Host) -> None:
            self.inner = host.create("loader", "asking", name="plain")

    host = Host.isolated(
        {("loader", "asking"): Asking, ("loader", "plain"): Plain, ("loader", "outer"): Outer}
    )
    assert host.create("loader", "outer").inner.host is host
