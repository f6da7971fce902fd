"""Which distributions may be imported, and where that is written."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from graphbit_core import ComponentNotFoundError, ConfigError
from graphbit_core.host import Host, HostSettings
from graphbit_core.host.records import Origin


def load(folder: Path, **environ: str) -> HostSettings:
    return HostSettings.load(folder, environ)


@pytest.fixture
def two(site):
    site.loader("graphbit-one", name="one")
    site.loader("graphbit-two", name="two")
    site.hooks("graphbit-hooked", "import sys; sys.graphbit_hooked = True")
    return site


def usable(host: Host) -> list[str]:
    return [info.name for info in host.list() if info.state == "available"]


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, ["one", "two", "main"]),
        ({"GRAPHBIT_PLUGINS": ""}, []),
        ({"GRAPHBIT_PLUGINS": "graphbit-one"}, ["one"]),
        ({"GRAPHBIT_PLUGINS": "Graphbit_One, graphbit-two"}, ["one", "two"]),
        ({"GRAPHBIT_PLUGINS_DENY": "graphbit-one"}, ["two", "main"]),
        ({"GRAPHBIT_PLUGINS": "graphbit-one graphbit-two", "GRAPHBIT_PLUGINS_DENY": "graphbit-one"}, ["two"]),
    ],
)
def test_the_environment_says_which_distributions_are_trusted(two, tmp_path, environ, names):
    assert usable(Host(load(tmp_path, **environ), path=[str(two.path)])) == names


def test_what_is_not_trusted_is_not_imported_and_the_error_says_which_setting(two, tmp_path):
    host = Host(load(tmp_path, GRAPHBIT_PLUGINS="graphbit-two"), path=[str(two.path)])
    assert host.component("loader", "two").__module__ == "graphbit_two"
    with pytest.raises(ComponentNotFoundError, match=r"not allowed by GRAPHBIT_PLUGINS"):
        host.component("loader", "one")
    with pytest.raises(ComponentNotFoundError, match=r"not allowed"):
        host.component("loader", "one@graphbit-one")
    assert "graphbit_one" not in sys.modules
    assert "graphbit_hooked" not in vars(sys)
    denied = [info for info in host.list() if info.state == "denied"]
    assert [info.distribution for info in denied] == ["graphbit-one", "graphbit-hooked"]


def test_the_core_itself_is_always_trusted_unless_it_is_denied_by_name():
    delay = Origin("node_type", "delay", "graphbit_core", "0.1.0")
    assert HostSettings(allow=frozenset()).denies(delay) is None
    assert HostSettings(deny=frozenset({"graphbit-core"})).denies(delay) is not None


def test_a_listed_name_that_matches_nothing_warns_once_with_the_nearest(two, tmp_path, caplog):
    host = Host(load(tmp_path, GRAPHBIT_PLUGINS="graphbit-tow"), path=[str(two.path)])
    for _ in range(2):
        with pytest.raises(ComponentNotFoundError):
            host.component("loader", "three")
    assert len(caplog.records) == 1
    assert "lists 'graphbit-tow'" in caplog.text
    assert "did you mean 'graphbit-two'" in caplog.text


def test_strict_makes_a_listed_name_that_matches_nothing_an_error(two, tmp_path):
    host = Host(
        load(tmp_path, GRAPHBIT_PLUGINS_DENY="graphbit-tow", GRAPHBIT_PLUGINS_STRICT="1"),
        path=[str(two.path)],
    )
    with pytest.raises(ConfigError, match="graphbit-tow"):
        host.component("loader", "one")


def test_a_denied_offer_takes_part_in_no_conflict(site, make_host):
    site.loader("graphbit-one")
    site.loader("graphbit-two")
    host = make_host(deny=frozenset({"graphbit-one"}))
    assert host.component("loader", "pdf").__module__ == "graphbit_two"


FILE = """
[plugins]
allow = ["graphbit-one", "plugins/shout.py"]
deny = ["graphbit-two"]
[plugins.prefer]
loader.pdf = "graphbit-one"
[plugins.in_house]
loader.shout = "plugins/shout.py:Shout"
plugin.audit = "company.plugins"
[plugins.settings]
loader.shout.mark = "?"
"""


@pytest.mark.parametrize("file", ["graphbit.toml", "pyproject.toml"])
def test_the_nearest_file_upwards_holds_the_same_keys(tmp_path, file):
    text = FILE if file == "graphbit.toml" else FILE.replace("[plugins", "[tool.graphbit.plugins")
    (tmp_path / file).write_text(text)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "pyproject.toml").write_text("[tool.other]\n")
    settings = load(below, GRAPHBIT_PLUGINS_DENY="graphbit-three")
    assert settings.allow == {"graphbit-one", "plugins/shout.py"}
    assert settings.deny == {"graphbit-two", "graphbit-three"}
    assert settings.in_house == {
        ("loader", "shout"): "plugins/shout.py:Shout",
        ("plugin", "audit"): "company.plugins",
    }
    assert settings.settings == {("loader", "shout"): {"mark": "?"}}
    assert settings.file == tmp_path / file
    assert settings.prefer == {("loader", "pdf"): "graphbit-one"}


def test_the_environments_allow_list_goes_before_the_files(tmp_path):
    (tmp_path / "graphbit.toml").write_text('[plugins]\nallow = ["graphbit-one"]')
    assert load(tmp_path, GRAPHBIT_PLUGINS="graphbit-two").allow == {"graphbit-two"}


@pytest.mark.parametrize(
    ("text", "setting", "said"),
    [
        ("[plugin]", "plugin", "did you mean 'plugins'"),
        ("[plugins]\nalow = []", "plugins.alow", "did you mean 'allow'"),
        ("[plugins]\nxyzzy = 1", "plugins.xyzzy", "known: allow, deny"),
        ("[plugins]\nallow = 'graphbit-one'", "plugins.allow", "must be a list of names"),
        ("[plugins]\ndeny = [1]", "plugins.deny", "must be a list of names"),
        ("[plugins.in_house]\nloadr.x = 'x.py:X'", "plugins.in_house.loadr", "did you mean 'loader'"),
        ("[plugins.in_house]\nloader.x = 1", "plugins.in_house.loader.x", "'file.py:Name' or 'module:Name'"),
        ("[plugins.in_house]\nloader.a.b = 'x.py:X'", "plugins.in_house.loader.a", "needs quotes"),
        ("[plugins.in_house]\nloader.x = 'x.py:'", "plugins.in_house.loader.x", "file.py:attribute"),
        ("[plugins.in_house]\nloader.x = ''", "plugins.in_house.loader.x", "file.py:attribute"),
        ("[plugins.in_house]\nloader = ['x.py:X']", "plugins.in_house.loader", "must be a table"),
        ("[plugins.settings]\nloaders.x.y = 1", "plugins.settings.loaders", "did you mean 'loader'"),
        ("[plugins.settings]\nloader.x = 1", "plugins.settings.loader.x", "must be a table, not int"),
        ("plugins = 3", "plugins", "must be a table"),
        ("[plugins.prefer]\nloaders.pdf = 'x'", "plugins.prefer.loaders", "did you mean 'loader'"),
        ("[plugins.prefer]\nloader.pdf = 1", "plugins.prefer.loader.pdf", "must be a distribution's name"),
        ("[plugins", None, "cannot be read"),
    ],
)
def test_a_wrong_key_or_value_is_an_error_that_names_it_and_the_file(tmp_path, text, setting, said):
    (tmp_path / "graphbit.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert caught.value.setting == setting
    assert caught.value.source == str(tmp_path / "graphbit.toml")
    assert said in caught.value.message


def test_a_switch_that_is_neither_on_nor_off_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="GRAPHBIT_PLUGINS_STRICT must be 1 or 0, not 'perhaps'"):
        load(tmp_path, GRAPHBIT_PLUGINS_STRICT="perhaps")


def test_it_is_said_plainly_that_trust_is_not_a_sandbox(capsys):
    from graphbit_core.cli import main

    with pytest.raises(SystemExit):
        main(["plugins", "--help"])
    assert "not a sandbox" in " ".join(capsys.readouterr().out.split())
