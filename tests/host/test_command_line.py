"""``graphbit``: the plugins command, and commands that plugins add."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import workspace

from graphbit_core import default_host
from graphbit_core.cli import main

COMMAND = """
from graphbit_core import hookimpl
graphbit_api = (1, 0)

class Greet:
    def add(self, subparsers):
        parser = subparsers.add_parser("greet", help="says hello")
        parser.set_defaults(run=lambda args: print("hello") or 5)

class Ill:
    def add(self, subparsers):
        subparsers.add_parser("half")
        raise OSError("no command today")

class Thief:
    def add(self, subparsers):
        subparsers.add_parser("plugins")

@hookimpl
def graphbit_add_cli_commands():
    return [Greet(), Ill(), Thief(), 42]
"""


@pytest.fixture(autouse=True)
def fresh_host(tmp_path, monkeypatch):
    for variable in ("GRAPHBIT_PLUGINS", "GRAPHBIT_PLUGINS_DENY", "GRAPHBIT_PLUGINS_STRICT"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    default_host().close()
    yield
    default_host().close()


def rows(text: str, distribution: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if distribution in line]


def test_list_prints_aligned_columns_and_imports_nothing(site, capsys):
    site.loader("graphbit-listed", "raise RuntimeError", name="listed")
    site.loader("graphbit-listed-also", "raise RuntimeError", name="a-much-longer-name")
    site.hooks("graphbit-listed-hooks", "raise RuntimeError")
    assert main(["plugins", "list"]) == 0
    out, err = capsys.readouterr()
    assert rows(out, "graphbit-listed") == [
        ["loader", "a-much-longer-name", "graphbit-listed-also", "1.2", "available"],
        ["loader", "listed", "graphbit-listed", "1.2", "available"],
        ["plugin", "main", "graphbit-listed-hooks", "1.2", "available"],
    ]
    column = out.splitlines()[0].index("DISTRIBUTION")
    assert all(line[column - 2 : column] == "  " for line in out.splitlines())
    assert err == ""
    assert "\x1b" not in out
    assert not [name for name in sys.modules if name.startswith("graphbit_listed")]


def test_list_names_every_add_on_of_this_repository_and_imports_none_of_them():
    code = (
        "import sys; from graphbit_core.cli import main; main(['plugins', 'list', '--json']); "
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    listed = {info["distribution"] for info in json.loads(done.stdout)}
    add_ons = [one for one in workspace.packages() if "entry-points" in workspace.pyproject(one)["project"]]
    assert len(add_ons) > 10
    assert {workspace.distribution(one) for one in add_ons} <= listed
    modules = done.stderr.split()
    imported = {name.partition(".")[0] for name in modules}
    assert "graphbit_core" in imported
    assert not imported & {workspace.module(one).name for one in add_ons}
    assert not imported & {"pluggy", "pytest"}
    not_asked = ("graphbit_core.testing", "graphbit_core.host.doctor", "graphbit_core._native")
    assert not [name for name in modules if name.startswith(not_asked)]


def test_list_takes_a_kind_and_prints_json(site, capsys):
    site.loader("graphbit-listed", name="listed")
    assert main(["plugins", "list", "--kind", "loader", "--json"]) == 0
    found = [info for info in json.loads(capsys.readouterr().out) if info["name"] == "listed"]
    assert found == [
        {
            **{"kind": "loader", "name": "listed", "distribution": "graphbit-listed", "version": "1.2"},
            **{"entry_point": "graphbit_listed:Loader", "source": "installed"},
            **{"state": "available", "error": None, "configured_in": None},
        }
    ]


def test_an_unknown_kind_is_wrong_usage_and_the_nearest_is_named(capsys):
    assert main(["plugins", "list", "--kind", "loaders"]) == 2
    assert "did you mean 'loader'" in capsys.readouterr().err


def test_show_prints_what_the_metadata_says(site, capsys):
    site.loader("graphbit-shown", "raise RuntimeError", name="shown")
    assert main(["plugins", "show", "shown"]) == 0
    out = capsys.readouterr().out
    for fact in ("graphbit-shown", "1.2", "graphbit_shown:Loader", "About graphbit-shown", str(site.path)):
        assert fact in out
    assert main(["plugins", "show", "shown@graphbit-shown", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["summary"] == "About graphbit-shown"
    assert "graphbit_shown" not in sys.modules


def test_show_answers_an_unknown_name_with_the_nearest(site, capsys):
    site.loader("graphbit-shown", name="shown")
    assert main(["plugins", "show", "shwon"]) == 1
    assert "nothing installed is called 'shwon' (did you mean 'shown'?)" in capsys.readouterr().err


def test_metadata_cannot_send_control_characters_to_the_terminal(site, capsys):
    site.loader("graphbit-coloured", name="\x1b[31mred")
    assert main(["plugins", "list"]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_plugin_adds_commands_and_a_broken_one_loses_only_its_own(site, capsys, caplog):
    site.hooks("graphbit-commands", COMMAND)
    assert main(["greet"]) == 5
    assert capsys.readouterr().out == "hello\n"
    assert "no command today" in caplog.text
    assert "there is a command 'plugins' already" in caplog.text
    assert "'int' object has no attribute 'add'" in caplog.text
    assert all("graphbit-commands 1.2 (graphbit_commands)" in record.message for record in caplog.records)
    assert len(caplog.records) == 3
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert "says hello" in out
    assert "half" not in out


def test_a_built_in_command_imports_no_module_of_hooks(site, capsys):
    site.hooks("graphbit-commands", COMMAND)
    assert main(["plugins", "list"]) == 0
    assert "graphbit_commands" not in sys.modules


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("graphbit ")


def test_no_command_prints_help_and_is_wrong_usage(capsys):
    assert main([]) == 2
    assert "plugins" in capsys.readouterr().out


def test_a_wrong_configuration_is_an_error_without_a_traceback(tmp_path, capsys):
    (tmp_path / "graphbit.toml").write_text("[plugins]\nalow = []")
    assert main(["plugins", "list"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("graphbit: ")
    assert "did you mean 'allow'" in err
    (tmp_path / "graphbit.toml").unlink()


def test_a_reader_that_has_seen_enough_is_no_error():
    code = "import sys; from graphbit_core.cli import main; sys.exit(main(['plugins', 'list', '--json']))"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, timeout=30)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
