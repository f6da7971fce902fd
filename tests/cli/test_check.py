"""``graphbit plugins check``: what it tries and what it reports."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from checking import LOADER, QUICK, RERANKER, SCHEMA, TESTS, outcomes, rule

from graphbit_core import default_host
from graphbit_core.cli import main


def test_every_key_of_the_report_is_documented():
    from graphbit_core.testing.check import report as check_report

    def keys(schema: Any) -> set[str]:
        parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
        own = set(schema) if isinstance(schema, dict) else set()
        return own.union(*map(keys, parts))

    about = check_report.__doc__ or ""
    assert not [key for key in keys(SCHEMA) if f"``{key}``" not in about]


# --- what is tried ---------------------------------------------------------------------------------


def test_the_classes_of_a_package_are_run_over_its_component(packages, capsys):
    packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    report = packages.check("shuffle-one")
    (component,) = report["components"]
    assert (component["kind"], component["name"], component["version"]) == ("reranker", "shuffle-one", "1.2")
    assert [one["name"] for one in component["tested_by"]] == ["TestShuffle"]
    assert set(outcomes(component).values()) == {"passed"}
    assert "test_says_in_its_docstring_what_it_is" in outcomes(component)
    assert component["not_tried"] == []
    assert report["totals"]["passed"] == len(component["rules"])
    out = capsys.readouterr().out
    assert "TestShuffle" in out
    assert f"report: {packages.folder / 'report.json'}" in out
    assert "\n1 component, " in out


def test_json_prints_the_report_that_is_written(packages, capsys):
    packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    report = packages.check("shuffle-one", "--json", *QUICK)
    assert json.loads(capsys.readouterr().out) == report


def test_a_component_without_tests_is_tried_by_the_kit_as_far_as_that_goes(packages, capsys):
    packages.write("line-loader", LOADER, entries={"graphbit.loaders": {"lines": "line_loader:Lines"}})
    report = packages.check("lines")
    (component,) = report["components"]
    assert component["conformance"] == "LoaderConformance"
    assert [one["file"] for one in component["tested_by"]] == [None]
    assert outcomes(component)["test_says_in_its_docstring_what_it_is"] == "passed"
    needed = {one["rule"]: one["needs"] for one in component["not_tried"]}
    assert "`write_sample`" in needed["test_reads_a_file_whose_suffix_it_declares"]
    assert not set(needed) & set(outcomes(component))
    assert (
        "not tried; needs a subclass of LoaderConformance in its tests that gives `write_sample`"
        in capsys.readouterr().out
    )


def test_what_is_behind_http_is_tried_without_tests_and_calls_nobody(packages, tmp_path):
    (tmp_path / "none").mkdir()
    report = packages.check("ollama@graphbit-ollama", "--tests", tmp_path / "none")
    assert {one["kind"]: one["conformance"] for one in report["components"]} == {
        "provider": "HttpProviderConformance",
        "embedder": "HttpEmbedderConformance",
    }
    for one in report["components"]:
        assert one["tested_by"][0]["file"] is None
        assert one["tested_by"][0]["base"].endswith("Conformance")
        assert outcomes(one)["test_lists_its_settings_so_that_the_host_can_refuse_others"] == "passed"
        assert any("`key_env`" in missing["needs"] for missing in one["not_tried"])


def test_a_class_that_tests_another_object_is_told_and_covers_nothing(packages, capsys):
    copied = f"{TESTS}\n\nclass Copy(Shuffle):\n    'A copy.'\n\nTestShuffle.component = Copy\n"
    packages.write("shuffle-one", tests={"test_conformance.py": copied})
    report = packages.check("shuffle-one", *QUICK)
    (other,) = report["others"]
    assert (other["name"], other["tests"].rpartition(".")[2]) == ("TestShuffle", "Copy")
    assert [one["file"] for one in report["components"][0]["tested_by"]] == [None]
    assert "which is none of these components" in capsys.readouterr().out


def test_one_component_of_several_is_chosen_by_name_and_distribution(packages):
    for name in ("shuffle-a", "shuffle-b"):
        entries = {"graphbit.rerankers": {k: f"{name.replace('-', '_')}:Shuffle" for k in ("one", "two")}}
        packages.write(name, tests={"test_conformance.py": TESTS}, entries=entries)
    chosen = packages.check("one@shuffle_b", *QUICK)["components"]
    assert [(one["name"], one["distribution"]) for one in chosen] == [("one", "shuffle-b")]
    both = packages.check("one", *QUICK)["components"]
    assert [one["distribution"] for one in both] == ["shuffle-a", "shuffle-b"]
    whole = packages.check("shuffle-a", *QUICK)["components"]
    assert [one["name"] for one in whole] == ["one", "two"]
    assert all(one["tested_by"][0]["name"] == "TestShuffle" for one in whole)


def test_other_tests_can_be_named(packages, tmp_path):
    packages.write("shuffle-one")
    file = tmp_path / "my_rules.py"
    file.write_text(TESTS.replace("{module}", "shuffle_one"))
    (component,) = packages.check("shuffle-one", "--tests", file, *QUICK)["components"]
    assert component["tested_by"][0]["file"] == str(file)


def test_rules_that_a_class_takes_out_or_has_not_are_told(packages):
    out = f"{TESTS}    test_its_import_is_quick = None\n"
    packages.write("shuffle-one", tests={"test_conformance.py": out})
    report = packages.check("shuffle-one", "--only", "docstring")
    (missing,) = report["components"][0]["not_tried"]
    assert missing["rule"] == "test_its_import_is_quick"
    assert missing["needs"].startswith("TestShuffle not to take it out")
    entries = {"graphbit.loaders": {"lines": "line_loader:Lines"}}
    less = TESTS.replace("Shuffle", "Lines").replace("reranker", "loader")
    packages.write("line-loader", LOADER, {"test_conformance.py": less}, entries=entries)
    (component,) = packages.check("lines", "--only", "docstring")["components"]
    needs = {one["needs"] for one in component["not_tried"]}
    assert needs == {"TestLines to be a LoaderConformance; it is a ComponentConformance"}


def test_rules_that_have_an_exception_are_accepted_with_its_reason(packages, capsys):
    accepted = """
    @pytest.mark.xfail(reason="orders by length only")
    def test_orders_by_meaning(self):
        raise AssertionError
"""
    packages.write("shuffle-one", tests={"test_conformance.py": "import pytest\n" + TESTS + accepted})
    (component,) = packages.check("shuffle-one")["components"]
    found = rule(component, "test_orders_by_meaning")
    assert (found["outcome"], found["message"]) == ("accepted", "orders by length only")
    assert "accepted exception (orders by length only)\n  orders by meaning\n" in capsys.readouterr().out


def test_an_exception_that_is_not_needed_any_more_fails(packages):
    kept = '\n    @pytest.mark.xfail(reason="once")\n    def test_orders(self):\n        pass\n'
    packages.write("shuffle-one", tests={"test_conformance.py": "import pytest\n" + TESTS + kept})
    (component,) = packages.check("shuffle-one", status=1)["components"]
    assert "XPASS(strict)" in rule(component, "test_orders")["message"]


def test_only_the_rules_that_are_named_are_tried(packages, capsys):
    packages.write("shuffle-one")
    (component,) = packages.check("shuffle-one", "--only", "says in its docstring")["components"]
    tried = rule(component, "test_says_in_its_docstring_what_it_is")
    assert len(component["rules"]) == 2
    assert component["not_tried"] == []
    capsys.readouterr()
    words = tried["rerun"].split()[3:]
    assert outcomes(packages.check(*words)["components"][0]) == outcomes(component)
    (component,) = packages.check("shuffle-one", "--only", "nothing like it", status=1)["components"]
    assert "none of the kit's rules was tried on it" in capsys.readouterr().out


def test_tests_beside_the_kit_are_not_run(packages):
    beside = f"{TESTS}\n\ndef test_something_else():\n    raise AssertionError\n"
    packages.write("shuffle-one", tests={"test_conformance.py": beside})
    packages.check("shuffle-one", *QUICK)


# --- how pytest is run -----------------------------------------------------------------------------


def test_the_projects_and_the_users_options_of_pytest_do_not_count(packages, monkeypatch):
    project = packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    options = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\nrequired_plugins = ["none"]\n'
    (project / "pyproject.toml").write_text(f"{options}filterwarnings = ['error']\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    assert packages.check("shuffle-one", *QUICK)["totals"]["passed"] == 2


def test_what_a_thread_raised_fails_the_rule_and_other_warnings_do_not(packages):
    rules = """
    def test_a_thread_raises(self):
        import threading
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()

    def test_uses_something_old(self):
        import warnings
        warnings.warn("old", DeprecationWarning)
"""
    packages.write("shuffle-one", tests={"test_conformance.py": TESTS + rules})
    (component,) = packages.check("shuffle-one", status=1)["components"]
    assert "ZeroDivisionError" in rule(component, "test_a_thread_raises")["message"]
    assert outcomes(component)["test_uses_something_old"] == "passed"


def test_helpers_beside_the_tests_can_be_imported(packages):
    tests = {
        "test_conformance.py": f"from shuffle_helpers import yes\n{TESTS}",
        "shuffle_helpers.py": "yes = 1",
    }
    packages.write("shuffle-one", tests=tests)
    packages.check("shuffle-one", *QUICK)


# --- what is meant ---------------------------------------------------------------------------------


def test_without_a_name_the_project_of_this_folder_is_checked(packages, monkeypatch, capsys):
    project = packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    points = '[project.entry-points."graphbit.rerankers"]\nshuffle-one = "shuffle_one:Shuffle"\n'
    (project / "pyproject.toml").write_text(f'[project]\nname = "Shuffle_One"\nversion = "1.2"\n{points}')
    monkeypatch.chdir(project)
    (component,) = packages.check(*QUICK)["components"]
    assert component["tested_by"][0]["name"] == "TestShuffle"
    (project / "pyproject.toml").write_text(f'[project]\nname = "shuffle-new"\n{points}')
    assert main(["plugins", "check"]) == 2
    assert "shuffle-new is not installed" in capsys.readouterr().err


def test_in_house_plugins_are_checked_with_the_tests_beside_them(packages):
    here = Path.cwd()
    (here / "shuffle.py").write_text(RERANKER)
    (here / "test_shuffle.py").write_text(TESTS.replace("{module}", "shuffle"))
    (here / "graphbit.toml").write_text('[plugins.in_house]\nreranker.mine = "shuffle.py:Shuffle"\n')
    (component,) = packages.check(*QUICK)["components"]
    assert (component["source"], component["distribution"]) == ("in-house", "shuffle.py")
    assert [one["name"] for one in component["tested_by"]] == ["TestShuffle"]
    assert packages.check("mine", *QUICK)["components"][0]["name"] == "mine"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ((), 2, "there is nothing to check in"),
        (("shufle-one",), 1, "did you mean 'shuffle-one'"),
        (("shuffle-one", "--tests", "nowhere"), 2, "there is no file or folder nowhere"),
        (("shuffle-one", "--report", "nowhere/report.json"), 2, "the report cannot be written"),
    ],
)
def test_wrong_usage_is_told(words, status, said, packages, capsys):
    packages.write("shuffle-one")
    default_host().close()
    assert main(["plugins", "check", *words]) == status
    assert said in capsys.readouterr().err


def test_the_command_line_imports_pytest_only_in_the_child():
    code = (
        "import sys\nfrom graphbit_core.cli import main\ntry: main(['plugins', 'check', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.partition('.')[0].lstrip('_') == 'pytest'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.integration
def test_without_pytest_it_says_what_to_install(make_env):
    done = make_env("graphbit-loader-text").run("graphbit", "plugins", "check", "text")
    assert done.returncode == 2
    assert "pip install 'graphbit-core[testing]'" in done.stderr
