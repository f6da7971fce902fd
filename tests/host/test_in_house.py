"""In-house plugins need no packaging: a module, a file, or an object."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from graphbit_core import ComponentNotFoundError, PluginError, PluginLoadError, ValidationError
from graphbit_core.host import Host, HostSettings

PLUGIN = """
from dataclasses import dataclass
from graphbit_core import Registration, hookimpl

@dataclass
class Shout:
    word: str = "hey"

@hookimpl
def graphbit_register_components():
    return [Registration("loader", "shout", Shout)]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "shout.py").write_text(PLUGIN)
    (tmp_path / "graphbit.toml").write_text('[plugins]\npaths = ["shout.py"]')
    return tmp_path


def test_a_file_named_in_the_configuration_registers_its_components(folder):
    host = Host(HostSettings.load(folder, {}), scan=False)
    assert host.create("loader", "shout", word="ho").word == "ho"
    info = host.list("loader")[0]
    assert (info.source, info.distribution, info.version) == ("hook", str(folder / "shout.py"), None)
    host.close()


def test_a_module_named_in_the_configuration_registers_its_components(site, make_host):
    (site.path / "company_plugins.py").write_text(PLUGIN)
    host = make_host(modules=("company_plugins",))
    assert [info.state for info in host.list("plugin")] == ["available"]
    assert host.component("loader", "shout").__name__ == "Shout"
    assert host.component("loader", "shout@company_plugins").__name__ == "Shout"
    assert [info.state for info in host.list("plugin")] == ["loaded"]


def test_two_files_of_one_name_do_not_meet(tmp_path, make_host):
    for part in ("one", "two"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "same.py").write_text(PLUGIN.replace('"shout"', f'"{part}"'))
    host = make_host(paths=(tmp_path / "one/same.py", tmp_path / "two/same.py"))
    assert {info.name for info in host.list("loader")} == set()
    assert host.component("loader", "one") is not host.component("loader", "two")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import no_such_library_here", "its import of 'no_such_library_here' failed"),
        ("def x(:", "SyntaxError"),
    ],
)
def test_a_broken_file_harms_only_itself_and_is_named_with_what_mends_it(
    tmp_path, site, make_host, caplog, source, said
):
    (tmp_path / "broken.py").write_text(source)
    site.loader("graphbit-fine")
    host = make_host(paths=(tmp_path / "broken.py",))
    assert host.component("loader", "pdf").__name__ == "Loader"
    assert said in caplog.text
    assert f"To mend it: mend {tmp_path / 'broken.py'}" in caplog.text
    assert [info.state for info in host.list("plugin")] == ["failed"]
    assert not [name for name in sys.modules if name.startswith("_graphbit_inhouse_broken")]


def test_a_file_that_does_not_exist_is_named(tmp_path, make_host, caplog):
    make_host(paths=(tmp_path / "gone.py",)).call("graphbit_doctor_checks")
    assert f"there is no file {tmp_path / 'gone.py'}" in caplog.text


def test_an_in_house_plugin_is_trusted_by_the_name_that_the_configuration_gives_it(site, make_host):
    (site.path / "company_trusted.py").write_text(PLUGIN)
    host = make_host(modules=("company_trusted",), allow=frozenset({"company_trusted"}))
    assert host.component("loader", "shout").__name__ == "Shout"
    host = make_host(modules=("company_trusted",), allow=frozenset())
    with pytest.raises(ComponentNotFoundError):
        host.component("loader", "shout")


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
