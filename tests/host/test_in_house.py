"""In-house plugins need no packaging: a file or module that the configuration names, or an object."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass

import pytest

from graphbit_core import (
    ComponentNotFoundError,
    ConfigError,
    IncompatiblePluginError,
    PluginConflictError,
    PluginError,
    PluginLoadError,
    ValidationError,
)
from graphbit_core.contracts import ENTRY_POINT_GROUPS
from graphbit_core.host import Host, HostSettings
from tests.host.conftest import LOADER

HOOKS = """
from dataclasses import dataclass
from graphbit_core import Registration, hookimpl

@dataclass
class Shout:
    word: str = "hey"

class Hooks:
    @hookimpl
    def graphbit_register_components(self):
        return [Registration("loader", "shout", Shout)]

PLUGIN = Hooks()
graphbit_register_components = PLUGIN.graphbit_register_components
"""


def loaded(folder, text: str) -> Host:
    """A host with the configuration ``text`` in ``folder``, which sees no installed package."""
    (folder / "graphbit.toml").write_text(text)
    return Host(HostSettings.load(folder, {}), scan=False)


@pytest.mark.parametrize("reference", ["ini.py:Loader", "below/ini.py:Loader", "company_ini:Loader"])
def test_a_component_is_named_by_file_or_module_and_has_that_as_its_distribution(site, reference):
    (site.path / "below").mkdir()
    for file in ("ini.py", "below/ini.py", "company_ini.py"):
        (site.path / file).write_text(LOADER)
    host = loaded(site.path, f'[plugins.in_house]\nloader.ini = "{reference}"')
    place = reference.partition(":")[0]
    info = host.list("loader")[0]
    assert (info.source, info.distribution, info.version) == ("in-house", place, None)
    assert (info.state, info.configured_in) == ("available", str(site.path / "graphbit.toml"))
    assert host.create("loader", "ini", word="ho").settings == {"word": "ho"}
    assert host.component("loader", f"ini@{place}").__name__ == "Loader"
    assert host.list("loader")[0].state == "loaded"
    host.close()


@pytest.mark.parametrize("place", ["hooks.py", "company_hooks"])
@pytest.mark.parametrize("attribute", ["", ":PLUGIN"])
def test_hooks_are_a_file_a_module_or_an_object_in_one(site, place, attribute):
    for file in ("hooks.py", "company_hooks.py"):
        (site.path / file).write_text(HOOKS)
    host = loaded(site.path, f'[plugins.in_house]\nplugin.audit = "{place}{attribute}"')
    assert [(info.name, info.state) for info in host.list("plugin")] == [("audit", "available")]
    assert host.create("loader", f"shout@{place}", word="ho").word == "ho"
    assert [info.state for info in host.list("plugin")] == ["loaded"]
    host.unregister(f"{place}:audit")
    assert host.list("loader") == []
    host.close()


def test_a_file_is_found_from_the_configuration_and_not_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "ini.py").write_text(LOADER)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    host = loaded(tmp_path, '[plugins.in_house]\nloader.ini = "ini.py:Loader"')
    assert host.create("loader", "ini").settings == {}
    host.close()


def test_two_files_of_one_name_do_not_meet(tmp_path, make_host):
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "same.py").write_text(LOADER)
    host = make_host(
        in_house={("loader", part): f"{tmp_path / part / 'same.py'}:Loader" for part in ("one", "two")}
    )
    assert host.component("loader", "one") is not host.component("loader", "two")


def test_components_of_one_file_share_it_even_if_two_threads_ask_first(tmp_path, make_host):
    (tmp_path / "slow.py").write_text(f"import time\ntime.sleep(0.05)\n{LOADER}\nclass Other(Loader): pass")
    host = make_host(
        in_house={("loader", name.lower()): f"{tmp_path / 'slow.py'}:{name}" for name in ("Loader", "Other")}
    )
    found = {}
    threads = [
        threading.Thread(target=lambda name=name: found.update({name: host.component("loader", name)}))
        for name in ("loader", "other")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert issubclass(found["other"], found["loader"])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library_here", "its import of 'no_such_library_here' failed"),
        ("def x(:", "SyntaxError"),
        ("raise AttributeError('Loader')", "AttributeError"),
    ],
)
@pytest.mark.parametrize("key", [("loader", "ill"), ("plugin", "ill")])
def test_a_broken_file_harms_only_itself_and_is_named_with_what_mends_it(
    tmp_path, site, make_host, caplog, source, said, key
):
    (tmp_path / "broken.py").write_text(source)
    site.loader("graphbit-fine")
    host = make_host(in_house={key: f"{tmp_path / 'broken.py'}:Loader"})
    assert host.component("loader", "pdf").__name__ == "Loader"
    if key[0] == "loader":
        with pytest.raises(PluginLoadError, match="its import"):
            host.component(*key)
    assert said in caplog.text
    assert f"To mend it: mend {tmp_path / 'broken.py'}" in caplog.text
    assert [info.state for info in host.list(key[0]) if info.name == "ill"] == ["failed"]
    assert not [name for name in sys.modules if name.startswith("_graphbit_inhouse_broken")]


@pytest.mark.parametrize(
    ("reference", "said", "fix"),
    [
        ("gone.py:Loader", "there is no file {folder}/gone.py", "write that file, or correct loader.ini in"),
        ("ini.py:Laoder", "has no attribute 'Laoder' (did you mean 'Loader'?)", "correct loader.ini in"),
        ("company_inn:Loader", "No module named 'company_inn'", "installed or on PYTHONPATH"),
        ("company_ini.gone:Loader", "No module named 'company_ini.gone'", "correct loader.ini in"),
        ("company_ini:Laoder", "did you mean 'Loader'?", "correct loader.ini in"),
    ],
)
def test_what_does_not_exist_is_named_with_the_configuration_file_and_what_mends_it(
    site, reference, said, fix
):
    for file in ("ini.py", "company_ini.py"):
        (site.path / file).write_text(LOADER)
    host = loaded(site.path, f'[plugins.in_house]\nloader.ini = "{reference}"')
    with pytest.raises(PluginLoadError) as caught:
        host.component("loader", "ini")
    assert said.format(folder=site.path) in caught.value.message
    assert fix in caught.value.fix
    assert f"[plugins.in_house] of {site.path / 'graphbit.toml'}" in caught.value.message
    host.close()


def test_a_module_where_a_class_is_meant_is_refused_with_what_to_write(tmp_path):
    (tmp_path / "ini.py").write_text(LOADER)
    host = loaded(tmp_path, '[plugins.in_house]\nloader.ini = "ini.py"')
    with pytest.raises(PluginLoadError, match=r"name what is meant in it: '.*/ini.py:Name'"):
        host.component("loader", "ini")
    host.close()


@pytest.mark.parametrize("kind", ENTRY_POINT_GROUPS)
def test_an_in_house_class_must_have_its_kinds_methods(kind, tmp_path):
    (tmp_path / "ini.py").write_text("class Empty: pass")
    host = loaded(tmp_path, f'[plugins.in_house]\n{kind}.a = "ini.py:Empty"')
    with pytest.raises(PluginLoadError, match=rf"Empty is not a {kind}: it has no \w+"):
        host.component(kind, "a")
    host.close()


def test_an_in_house_class_must_speak_the_hosts_version(tmp_path):
    (tmp_path / "ini.py").write_text("class Newer:\n    graphbit_api = (1, 99)")
    host = loaded(tmp_path, '[plugins.in_house]\nloader.b = "ini.py:Newer"')
    with pytest.raises(IncompatiblePluginError, match=r"1\.99"):
        host.component("loader", "b")
    host.close()


def test_an_in_house_plugin_is_trusted_by_the_name_that_the_configuration_gives_it(site, make_host):
    (site.path / "company_trusted.py").write_text(LOADER)
    in_house = {("loader", "ini"): "company_trusted:Loader"}
    host = make_host(in_house=in_house, allow=frozenset({"company_trusted"}))
    assert host.component("loader", "ini").__name__ == "Loader"
    host = make_host(in_house=in_house, allow=frozenset())
    assert [info.state for info in host.list("loader")] == ["denied"]
    with pytest.raises(ComponentNotFoundError, match="not allowed"):
        host.component("loader", "ini")


def test_an_in_house_component_shadows_an_installed_one_only_if_it_is_preferred(site, make_host):
    (site.path / "mine.py").write_text(LOADER)
    site.loader("graphbit-one")
    in_house = {("loader", "pdf"): f"{site.path / 'mine.py'}:Loader"}
    host = make_host(in_house=in_house)
    with pytest.raises(PluginConflictError, match=r"graphbit-one and .*mine\.py"):
        host.component("loader", "pdf")
    assert [info.state for info in host.list("loader")] == ["conflict", "conflict"]
    host = make_host(in_house=in_house, prefer={("loader", "pdf"): str(site.path / "mine.py")})
    assert host.component("loader", "pdf").__module__.startswith("_graphbit_inhouse_mine")


def test_settings_in_code_are_checked_like_the_file():
    with pytest.raises(ConfigError, match="did you mean 'loader'"):
        HostSettings(in_house={("loadr", "x"): "x.py:X"})
    with pytest.raises(ConfigError, match=r"in_house\['loader', 'x'\] is wrong: 'x y'"):
        HostSettings(in_house={("loader", "x"): "x y"})
    with pytest.raises(ConfigError, match="did you mean 'plugin'"):
        HostSettings(settings={("plugins", "x"): {}})


def test_objects_and_functions_from_code_take_the_current_api_version():
    @dataclass(frozen=True)
    class Row:
        url: str = "x"

    class Thing:
        pass

    components = {
        ("loader", "class"): Thing,
        ("loader", "function"): lambda **settings: settings,
        ("loader", "row"): Row(),
    }
    host = Host.isolated(components)
    assert host.create("loader", "function", a=1) == {"a": 1}
    assert isinstance(host.create("loader", "class"), Thing)
    assert host.create("loader", "row", url="y") == Row("y")


def test_a_row_that_can_be_called_makes_its_instances_itself():
    @dataclass(frozen=True)
    class Maker:
        name: str = "x"

        def __call__(self, *, url: str = "y") -> tuple[str, str]:
            return self.name, url

    host = Host.isolated({("provider", "row"): Maker("z")})
    assert host.create("provider", "row", url="u") == ("z", "u")
    with pytest.raises(ValidationError, match="there is no setting 'name'"):
        host.create("provider", "row", name="n")


def test_an_object_from_code_that_declares_another_version_is_refused():
    class Old:
        graphbit_api = (0, 1)

    with pytest.raises(PluginError, match=r"needs plugin API 0\.1"):
        Host.isolated({("loader", "old"): Old})


def test_an_object_of_the_wrong_type_is_refused_by_name():
    with pytest.raises(
        PluginLoadError, match="must be a class or a frozen dataclass instance, not 42 of type int"
    ):
        Host.isolated({("loader", "number"): 42})


def test_removing_what_was_never_added_says_so():
    with pytest.raises(ComponentNotFoundError, match="no loader 'pdf' was added"):
        Host.isolated().remove("loader", "pdf")
