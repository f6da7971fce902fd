"""Settings in the configuration: over a component's defaults, under what it is made with, and checked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from graphbit_core import ConfigError, PluginError, PluginLoadError, ValidationError
from graphbit_core.host import Host, HostSettings, Registration, hookimpl
from graphbit_core.host.configured import Configured

if TYPE_CHECKING:
    from nowhere import Unknown  # type: ignore[import-not-found]

COMPANY = """
from dataclasses import dataclass
from graphbit_core import hookimpl

class Shout:
    def __init__(self, *, mark: str = "!", times: int = 1): self.mark, self.times = mark, times
    def load(self, path): yield path

@dataclass
class graphbit_settings:
    level: str = "info"

@hookimpl
def graphbit_add_cli_commands(settings): return [settings]
"""


class Everything:
    """Takes a setting of each type."""

    def __init__(
        self,
        *,
        text: str = "",
        number: float = 0.0,
        whole: int = 0,
        switch: bool = False,
        path: Path | None = None,
        mode: Literal["fast", "exact"] = "fast",
        names: Sequence[str] = (),
        pair: tuple[int, str] = (0, ""),
        several: tuple[float, ...] = (),
        unique: frozenset[str] = frozenset(),
        limits: dict[str, int] | None = None,
        other: Unknown | None = None,
        anything: Any = None,
    ) -> None:
        self.given = {**locals()}


def host_with(component: Any, values: dict[str, Any], name: str = "x") -> Host:
    host = Host(HostSettings(settings={("loader", name): values}), scan=False)
    host.add("loader", "x", component)
    return host


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({"text": "a"}, "a"),
        ({"number": 1}, 1),
        ({"number": 1.5}, 1.5),
        ({"whole": 3}, 3),
        ({"switch": True}, True),
        ({"path": "a/b"}, Path("a/b")),
        ({"mode": "exact"}, "exact"),
        ({"names": ["a", "b"]}, ["a", "b"]),
        ({"pair": [1, "a"]}, (1, "a")),
        ({"several": [1, 2.5]}, (1, 2.5)),
        ({"unique": ["a", "a"]}, frozenset({"a"})),
        ({"limits": {"a": 1}}, {"a": 1}),
        ({"other": [1, "a"]}, [1, "a"]),
        ({"anything": {"a": [1]}}, {"a": [1]}),
    ],
)
def test_a_setting_arrives_in_the_type_that_its_annotation_names(values, made):
    name = next(iter(values))
    given = host_with(Everything, values).create("loader", "x").given[name]
    assert given == made
    assert type(given) is type(made)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"text": 1}, "text must be str, not int"),
        ({"number": "1"}, "number must be float, not str"),
        ({"whole": 1.0}, "whole must be int, not float"),
        ({"whole": True}, "whole must be int, not bool"),
        ({"switch": 1}, "switch must be bool, not int"),
        ({"path": 3}, "path must be Path | None, not int"),
        ({"mode": "slow"}, "mode must be 'fast' or 'exact', not 'slow'"),
        ({"names": "a"}, "names must be Sequence[str], not str"),
        ({"names": ["a", 2]}, "names[1] must be str, not int"),
        ({"pair": [1]}, "pair must be tuple[int, str], not 1 values"),
        ({"pair": [1, 2]}, "pair[1] must be str, not int"),
        ({"limits": {"a": "b"}}, "limits.a must be int, not str"),
        ({"txet": "a"}, "there is no setting 'txet' (did you mean 'text'?)"),
        (
            {"text": 1, "whole": "a"},
            "text must be str, not int; plugins.settings.loader.x.whole: whole must be",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_when_the_component_is_used(values, said):
    host = host_with(Everything, values)
    assert host.component("loader", "x") is Everything
    for use in (host.create, host.maker, host.configured):
        with pytest.raises(ConfigError) as caught:
            use("loader", "x")
        name = next(iter(values))
        assert caught.value.message.startswith(f"HostSettings: plugins.settings.loader.x.{name}: ")
        assert said in caught.value.message
        assert caught.value.setting == f"plugins.settings.loader.x.{name}"


def test_the_value_of_a_wrong_setting_is_not_shown_where_it_may_be_a_key():
    class Secretive:
        def __init__(self, *, api_key: int = 0) -> None: ...

    settings = HostSettings(settings={("loader", "x"): {"api_key": "sk-canary"}})
    host = Host(settings, scan=False)
    host.add("loader", "x", Secretive)
    with pytest.raises(ConfigError) as caught:
        host.create("loader", "x")
    assert "canary" not in f"{caught.value} {settings!r}"


@pytest.fixture
def company(tmp_path):
    (tmp_path / "company.py").write_text(COMPANY)

    def host(settings: str) -> Host:
        in_house = '[plugins.in_house]\nloader.shout = "company.py:Shout"\nplugin.audit = "company.py"\n'
        (tmp_path / "graphbit.toml").write_text(f"{in_house}[plugins.settings]\n{settings}")
        hosts.append(Host(HostSettings.load(tmp_path, {}), scan=False))
        return hosts[-1]

    hosts: list[Host] = []
    yield host
    for one in hosts:
        one.close()


def test_what_the_caller_gives_goes_before_the_configuration_and_that_before_the_default(company):
    host = company('loader.shout.mark = "?"')
    assert vars(host.create("loader", "shout")) == {"mark": "?", "times": 1}
    assert vars(host.create("loader", "shout", mark=".", times=2)) == {"mark": ".", "times": 2}
    assert host.configured("loader", "shout") == {"mark": "?"}


def test_a_wrong_key_in_the_file_is_an_error_with_the_file_the_key_and_the_nearest(company, tmp_path):
    host = company('loader.shout.mrk = "?"')
    with pytest.raises(ConfigError) as caught:
        host.create("loader", "shout")
    file = tmp_path / "graphbit.toml"
    said = f"{file}: plugins.settings.loader.shout.mrk: there is no setting 'mrk' (did you mean 'mark'?)"
    assert caught.value.message == said
    assert caught.value.source == str(file)


def test_settings_for_one_distributions_offer_go_before_those_for_the_name(company):
    host = company('loader.shout.mark = "?"\nloader."shout@company.py".times = 3')
    assert vars(host.create("loader", "shout")) == {"mark": "!", "times": 3}
    host = company('loader."shout@company.py".time = 3')
    with pytest.raises(ConfigError, match=r'plugins.settings.loader."shout@company.py".time: .*\'times\''):
        host.create("loader", "shout")


def test_settings_of_what_nobody_offers_are_warned_about_once_with_the_nearest(company, caplog):
    host = company('loader.shuot.mark = "?"\nplugin.audti.level = "x"')
    for _ in range(2):
        host.create("loader", "shout")
    said = [record.message for record in caplog.records]
    assert said == [
        "[plugins.settings] names loader 'shuot', which nobody offers (did you mean 'shout'?)",
        "[plugins.settings] names plugin 'audti', which nobody offers (did you mean 'audit'?)",
    ]


def test_strict_makes_settings_of_what_nobody_offers_an_error():
    host = Host(HostSettings(settings={("loader", "x"): {}}, strict=True), scan=False)
    with pytest.raises(ConfigError, match="loader 'x', which nobody offers"):
        host.component("loader", "x")


def test_settings_reach_what_hooks_register(caplog):
    class Hooks:
        @hookimpl
        def graphbit_register_components(self):
            return [Registration("loader", "x", Everything)]

    host = Host(HostSettings(settings={("loader", "x"): {"text": "a"}}), scan=False)
    host.register(Hooks())
    assert host.create("loader", "x").given["text"] == "a"
    assert not caplog.records


def test_a_setting_that_is_required_may_be_configured():
    class Needs:
        def __init__(self, *, url: str) -> None:
            self.url = url

    assert host_with(Needs, {"url": "u"}).create("loader", "x").url == "u"
    with pytest.raises(ValidationError, match="'url' is missing"):
        host_with(Needs, {}).create("loader", "x")


def test_rows_functions_and_ready_objects_are_checked_too():
    @dataclass(frozen=True)
    class Row:
        url: str = "x"

    def function(*, url: str = "x") -> str:
        return url

    assert host_with(Row(), {"url": "y"}).create("loader", "x") == Row("y")
    assert host_with(function, {"url": "y"}).create("loader", "x") == "y"
    for component in (Row(), function):
        with pytest.raises(ConfigError, match="url must be str, not int"):
            host_with(component, {"url": 1}).create("loader", "x")


def test_what_is_wrong_is_told_without_making_anything_and_by_another_process():
    settings = HostSettings(settings={("loader", "x"): {"txet": 1}})
    host = Host(settings, scan=False)
    host.add("loader", "x", Everything)
    configured = settings.configured(host.list()[0].origin)
    handed_over = Configured(**json.loads(json.dumps(asdict(configured))))
    assert handed_over.problems(host.component("loader", "x")) == [
        "plugins.settings.loader.x.txet: there is no setting 'txet' (did you mean 'text'?)"
    ]


# --- hooks


@dataclass
class Levels:
    level: str = "info"
    limit: int = 3

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise ValueError("the limit is below 0")


class Audit:
    graphbit_settings = Levels

    @hookimpl
    def graphbit_register_components(self, settings):
        return [Registration("loader", settings.level, Everything)]

    @hookimpl
    def graphbit_add_cli_commands(self, settings):
        return [settings]

    @hookimpl
    def graphbit_wrap_component(self, name, settings):
        return None

    @hookimpl
    def graphbit_doctor_checks(self, settings=None):
        return [settings]


def audited(values: dict[str, Any] | None, plugin: object) -> Host:
    settings = {("plugin", "audit"): values} if values is not None else {}
    host = Host(HostSettings(settings=settings), scan=False)
    host.register(plugin, "audit")
    return host


@pytest.mark.parametrize(("values", "level"), [(None, "info"), ({"level": "debug"}, "debug")])
def test_every_hook_is_given_the_plugins_settings_if_it_names_them(values, level):
    host = audited(values, Audit())
    assert host.call("graphbit_add_cli_commands") == [Levels(level)]
    assert host.call("graphbit_doctor_checks") == [Levels(level)]
    assert [info.name for info in host.list("loader")] == [level]


def test_hooks_of_a_plugin_without_settings_get_none():
    class Plain:
        @hookimpl
        def graphbit_add_cli_commands(self, settings):
            return [settings]

    assert audited(None, Plain()).call("graphbit_add_cli_commands") == [None]
    with pytest.raises(ConfigError, match=r"plugins\.settings\.plugin\.audit\.level: there is no setting"):
        audited({"level": "debug"}, Plain())


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"leval": "x"}, "there is no setting 'leval' (did you mean 'level'?)"),
        ({"limit": "x"}, "limit must be int, not str"),
        ({"limit": -1}, "refused by the plugin: the limit is below 0"),
    ],
)
def test_wrong_settings_of_hooks_are_refused_and_leave_nothing(values, said):
    host = Host(HostSettings(settings={("plugin", "audit"): values}), scan=False)
    with pytest.raises(ConfigError) as caught:
        host.register(Audit(), "audit")
    assert said in caught.value.message
    assert host.list() == []
    assert host.call("graphbit_add_cli_commands") == []


def test_settings_that_a_plugin_needs_are_missed_by_name():
    @dataclass
    class Needs:
        url: str

    plugin = type("Plugin", (), {"graphbit_settings": Needs})()
    with pytest.raises(ConfigError, match=r"plugin\.audit\.url: the setting 'url' is missing"):
        audited(None, plugin)


@pytest.mark.parametrize("wrong", [3, lambda: 1 / 0])
def test_graphbit_settings_that_cannot_be_made_are_the_plugins_fault(wrong):
    plugin = type("Plugin", (), {"graphbit_settings": staticmethod(wrong)})()
    with pytest.raises(PluginLoadError, match="graphbit_settings"):
        audited(None, plugin)


def test_configured_hooks_with_wrong_settings_fail_alone_and_the_warning_says_why(company, caplog):
    host = company("plugin.audit.level = 3")
    assert vars(host.create("loader", "shout")) == {"mark": "!", "times": 1}
    assert "plugins.settings.plugin.audit.level: level must be str, not int" in caplog.text
    [info] = host.list("plugin")
    assert info.state == "failed"
    assert "must be str" in (info.error or "")


def test_configured_hooks_get_their_settings(company):
    host = company('plugin.audit.level = "debug"')
    assert host.call("graphbit_add_cli_commands")[0].level == "debug"


def test_strict_raises_what_is_wrong_with_the_settings_of_hooks(tmp_path):
    (tmp_path / "company.py").write_text(COMPANY)
    settings = HostSettings(
        in_house={("plugin", "audit"): str(tmp_path / "company.py")},
        settings={("plugin", "audit"): {"level": 3}},
        strict=True,
    )
    host = Host(settings, scan=False)
    with pytest.raises((ConfigError, PluginError), match="level must be str"):
        host.call("graphbit_add_cli_commands")
    host.close()
