"""``graphbit plugins new``: which names it takes, where it writes, and that it overwrites nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib

import pytest

from graphbit_core.cli import main
from graphbit_core.cli.plugins.naming import LONGEST, Names, nearest_legal


def new(*words):
    return main(["plugins", "new", *map(str, words)])


def tree(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


# --- what is written -------------------------------------------------------------------------------


def test_a_package_has_the_files_of_those_here(tmp_path, capsys):
    assert new("node_type", "my-thing", "--into", tmp_path) == 0
    folder = tmp_path / "graphbit-my-thing"
    assert tree(folder) == [
        "README.md",
        "graphbit_my_thing/__init__.py",
        "graphbit_my_thing/node.py",
        "graphbit_my_thing/py.typed",
        "pyproject.toml",
        "tests/test_conformance.py",
    ]
    out = capsys.readouterr().out
    assert f"wrote {folder / 'README.md'}\n" in out
    assert f"  cd {folder}\n  pip install -e . pytest\n  graphbit plugins check\n" in out


def test_the_description_is_in_the_package_the_readme_and_the_docstring(tmp_path):
    assert new("node_type", "my-thing", "--into", tmp_path, "--description", " finds 'x' in y. ") == 0
    folder = tmp_path / "graphbit-my-thing"
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["description"] == "Finds 'x' in y, for GraphBit"
    assert "\nFinds 'x' in y.\n" in (folder / "README.md").read_text()
    assert '"""Finds \'x\' in y."""' in (folder / "graphbit_my_thing" / "node.py").read_text()


@pytest.mark.parametrize("text", ['say "x"', "a\\b", "two\nlines", "x" * 81])
def test_a_description_that_cannot_stand_in_code_is_refused(text, tmp_path, capsys):
    assert new("node_type", "x", "--into", tmp_path, "--description", text) == 2
    assert "the description has " in capsys.readouterr().err
    assert tree(tmp_path) == []


@pytest.mark.parametrize(
    ("kind", "name", "attribute", "distribution", "reference"),
    [
        ("node_type", "my-thing", "MyThingNode", "graphbit-my-thing", "graphbit_my_thing:MyThingNode"),
        ("node_type", "wait_node", "WaitNode", "graphbit-wait-node", "graphbit_wait_node:WaitNode"),
        ("node_type", "node", "NodeNode", "graphbit-node", "graphbit_node:NodeNode"),
        ("loader", "pdf2", "Pdf2Loader", "graphbit-loader-pdf2", "graphbit_loader_pdf2:Pdf2Loader"),
        ("vector_store", "a-b", "ABStore", "graphbit-store-a-b", "graphbit_store_a_b:ABStore"),
        ("tool", "a-b", "a_b", "graphbit-tool-a-b", "graphbit_tool_a_b:a_b"),
        ("plugin", "audit", "", "graphbit-audit", "graphbit_audit.hooks"),
    ],
)
def test_all_names_follow_from_kind_and_name(kind, name, attribute, distribution, reference):
    names = Names(kind, name)
    assert (names.attribute, names.distribution, names.reference) == (attribute, distribution, reference)
    house = f"{names.snake}.py:{attribute}".rstrip(":")
    assert Names(kind, name, in_house=True).reference == house


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("MyThing", "my-thing"),
        ("my--thing", "my-thing"),
        ("my thing!", "my-thing"),
        ("my.thing", "my-thing"),
        ("_private", "private"),
        ("3d", "my-3d"),
        ("café", "cafe"),
        ("graphbit-tea", "tea"),
        ("x" * (LONGEST + 1), "x" * LONGEST),
    ],
)
def test_a_bad_name_is_refused_with_the_nearest_good_one(name, near, tmp_path, capsys):
    assert new("node_type", name, "--into", tmp_path) == 2
    assert f"{name!r} is no name for a plugin; {near!r} would be one" in capsys.readouterr().err
    assert tree(tmp_path) == []
    assert new("node_type", near, "--into", tmp_path) == 0


@pytest.mark.parametrize("name", ["", "茶", "../x", "-"])
def test_what_gives_no_name_at_all_is_refused_too(name, tmp_path, capsys):
    assert main(["plugins", "new", "--into", str(tmp_path), "node_type", "--", name]) == 2
    assert "is no name for a plugin" in capsys.readouterr().err
    assert tree(tmp_path) == []


def test_the_nearest_name_is_itself_a_name_or_nothing():
    for name in ("A" * 99, "--", "1" * 99, "graphbit-graphbit-", "x_-y", "Ωx", "graphbit-" + "y" * 99):
        near = nearest_legal(name)
        assert near == "" or nearest_legal(near) == near


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("node_type", "lambda", "--in-house"), "'lambda' is a word of Python's own"),
        (("node_type", "json", "--in-house"), "json.py would hide a module of Python's own"),
        (("loader", "pytest", "--in-house"), "pytest.py would hide the module 'pytest'"),
        (("tool", "print"), "its function would hide Python's own print()"),
    ],
)
def test_a_name_that_python_has_taken_is_refused_where_it_matters(words, why, tmp_path, capsys):
    assert new(*words, "--into", tmp_path) == 2
    err = capsys.readouterr().err
    assert why in err
    assert f"; try 'my-{words[1]}'" in err
    assert new("node_type", words[1], "--into", tmp_path) == 0


def test_a_kind_that_is_misspelt_is_told_with_the_nearest(tmp_path, capsys):
    assert new("node-typ", "x", "--into", tmp_path) == 2
    assert "there is no template of kind 'node-typ' (did you mean 'node_type'?)" in capsys.readouterr().err
    assert new("hooks", "x", "--into", tmp_path) == 2
    assert "(did you mean 'plugin'?)" in capsys.readouterr().err


def test_local_is_for_kinds_that_can_be_made_in_two_ways(tmp_path, capsys):
    assert new("node_type", "x", "--local", "--into", tmp_path) == 2
    assert "leave out --local, which is for: " in capsys.readouterr().err


def test_a_name_that_is_installed_is_written_with_a_warning(tmp_path, capsys):
    assert new("node_type", "delay", "--into", tmp_path) == 0
    err = capsys.readouterr().err
    assert "warning: graphbit-core offers a node_type 'delay' already." in err
    assert "'delay@graphbit-delay'" in err
    assert new("node_type", "late", "--into", tmp_path) == 0
    assert capsys.readouterr().err == ""


# --- nothing is overwritten ------------------------------------------------------------------------


def test_a_file_that_is_there_is_kept_and_nothing_else_is_written(tmp_path, capsys):
    there = tmp_path / "graphbit-x" / "tests" / "test_conformance.py"
    there.parent.mkdir(parents=True)
    there.write_text("mine")
    assert new("node_type", "x", "--into", tmp_path) == 2
    assert f"{there} is there already" in capsys.readouterr().err
    assert tree(tmp_path) == ["graphbit-x/tests/test_conformance.py"]
    assert there.read_text() == "mine"


def test_a_folder_that_is_not_there_is_named(tmp_path, capsys):
    assert new("node_type", "x", "--into", tmp_path / "none") == 2
    assert f"there is no folder {tmp_path / 'none'}" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told(tmp_path, capsys):
    (tmp_path / "graphbit-x").write_text("a file")
    assert new("node_type", "x", "--into", tmp_path) == 2
    assert f"{tmp_path / 'graphbit-x' / 'pyproject.toml'} cannot be written: " in capsys.readouterr().err


# --- in-house --------------------------------------------------------------------------------------

LINE = 'node_type.my-thing = "my_thing.py:MyThingNode"'
ENTRY = {"node_type": {"my-thing": "my_thing.py:MyThingNode"}}


def in_house(folder, name="my-thing"):
    return new("node_type", name, "--in-house", "--into", folder)


def test_an_in_house_plugin_is_a_file_a_test_and_an_entry(tmp_path, capsys):
    assert in_house(tmp_path) == 0
    assert tree(tmp_path) == ["graphbit.toml", "my_thing.py", "test_my_thing.py"]
    assert (tmp_path / "graphbit.toml").read_text() == f"[plugins.in_house]\n{LINE}\n"
    assert "graphbit.toml: [plugins.in_house] node_type.my-thing = " in capsys.readouterr().out


def test_a_reader_that_has_seen_enough_costs_no_entry(tmp_path):
    words = ["plugins", "new", "node_type", "my-thing", "--in-house", "--into", str(tmp_path)]
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-u", "-c", f"from graphbit_core.cli import main; raise SystemExit(main({words}))"],
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=30,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
    assert (tmp_path / "graphbit.toml").read_text() == f"[plugins.in_house]\n{LINE}\n"


@pytest.mark.parametrize(
    "old",
    [
        "",
        "# mine\n",
        '[plugins]\ndeny = ["x"]\n',
        '[plugins]\ndeny = ["x"]',
        '[plugins.in_house]\nnode_type.other = "other.py:Other"\n\n[models]\nfiles = []\n',
        '[plugins.in_house]  # ours\n[plugins.prefer]\nloader.pdf = "graphbit-loader-pdf"\n',
        '[plugins.in_house]\r\nloader.ini = "ini.py:Ini"\r\n',
        "[plugins.in_house]",
        "[models]\nfiles = []\n[plugins.settings]\nnode_type.delay.seconds = 1\n",
    ],
)
def test_a_configuration_gets_the_entry_and_keeps_the_rest(old, tmp_path):
    file = tmp_path / "graphbit.toml"
    file.write_bytes(old.encode())
    assert in_house(tmp_path) == 0
    new_text = file.read_bytes().decode()
    assert [line for line in old.splitlines() if line] == [
        line for line in new_text.splitlines() if line and line in old.splitlines()
    ]
    expected = tomllib.loads(old)
    held = expected.setdefault("plugins", {}).setdefault("in_house", {})
    held.setdefault("node_type", {}).update(ENTRY["node_type"])
    assert tomllib.loads(new_text) == expected
    assert ("\r\n" in new_text) == ("\r\n" in old)


@pytest.mark.parametrize(
    "old",
    [
        '[plugins]\nin_house.loader.ini = "ini.py:Ini"\n',
        'plugins = { in_house = { loader = { ini = "ini.py:Ini" } } }\n',
        '[plugins.in_house.node_type]\nother = "other.py:Other"\n',
    ],
)
def test_a_configuration_that_cannot_be_extended_is_kept_and_the_line_is_printed(old, tmp_path, capsys):
    file = tmp_path / "graphbit.toml"
    file.write_text(old)
    assert in_house(tmp_path) == 0
    assert file.read_text() == old
    out = capsys.readouterr().out
    assert f"[plugins.in_house]\n{LINE}\n" in out
    assert "which cannot be extended safely" in out


def test_what_to_do_next_begins_with_going_there(tmp_path, monkeypatch, capsys):
    (tmp_path / "our nodes").mkdir()
    monkeypatch.chdir(tmp_path)
    assert in_house("our nodes") == 0
    next_steps = "\nNext:\n  cd 'our nodes'\n  graphbit plugins check my-thing\n"
    assert next_steps in capsys.readouterr().out
    monkeypatch.chdir("our nodes")
    assert in_house(".", "other") == 0
    assert "\nNext:\n  graphbit plugins check other\n" in capsys.readouterr().out


def test_a_warning_names_an_in_house_plugin_as_the_configuration_does(tmp_path, capsys):
    (tmp_path / "graphbit.toml").touch()
    (tmp_path / "nodes").mkdir()
    assert in_house(tmp_path / "nodes", "delay") == 0
    assert "'delay@nodes/delay.py'" in capsys.readouterr().err


def test_the_configuration_of_a_folder_above_is_the_one_that_gets_the_entry(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "ours"\n\n[tool.graphbit.plugins]\ndeny = []\n'
    )
    below = tmp_path / "company" / "nodes"
    below.mkdir(parents=True)
    (below.parent / "pyproject.toml").write_text('[project]\nname = "without GraphBit"\n')
    assert in_house(below) == 0
    assert tree(below) == ["my_thing.py", "test_my_thing.py"]
    held = tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["graphbit"]["plugins"]
    assert held == {
        "deny": [],
        "in_house": {"node_type": {"my-thing": "company/nodes/my_thing.py:MyThingNode"}},
    }


@pytest.mark.parametrize(
    ("old", "said"),
    [
        (f"[plugins.in_house]\n{LINE}\n", "has plugins.in_house.node_type.my-thing already"),
        ("[plugins", "cannot be read"),
        ("[plugins]\nin_house = 7\n", "plugins.in_house must be a table, not int"),
    ],
)
def test_a_configuration_that_is_wrong_or_has_the_name_is_told_before_anything_is_written(
    old, said, tmp_path, capsys
):
    (tmp_path / "graphbit.toml").write_text(old)
    assert in_house(tmp_path) == 2
    assert said in capsys.readouterr().err
    assert tree(tmp_path) == ["graphbit.toml"]
