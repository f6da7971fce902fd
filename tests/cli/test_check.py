"""``graphbit plugins check``: what it tries, what it reports, and that no plugin keeps it from that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from graphbit_core import default_host
from graphbit_core.cli import main
from tests.host.conftest import Site

RERANKER = '''
class Shuffle:
    """Orders matches by length."""

    graphbit_api = (1, 0)

    def rerank(self, query, matches, k):
        return sorted(matches, key=len)[:k]
'''
TESTS = """
from graphbit_core.testing.component import ComponentConformance
from {module} import Shuffle


class TestShuffle(ComponentConformance):
    kind = "reranker"
    component = Shuffle
"""
LOADER = '''
class Lines:
    """Reads lines."""

    graphbit_api = (1, 0)
    suffixes = frozenset({".lines"})

    def load(self, path):
        return ()
'''


class Packages:
    """Writes packages into a folder of ``sys.path``, each as an editable install of a project with tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = Site(folder / "site")

    def write(
        self,
        name: str,
        source: str = RERANKER,
        tests: Mapping[str, str] | None = None,
        *,
        entries: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Path:
        """Writes one; its project's folder. ``{module}`` in a test becomes the name of its module."""
        module = name.replace("-", "_")
        entries = entries or {"graphbit.rerankers": {name: f"{module}:Shuffle"}}
        self.site.install(name, entries, {module: source})
        project = self.folder / name
        project.mkdir()
        for file, text in (tests or {}).items():
            place = project / "tests" / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text.replace("{module}", module), encoding="utf-8")
        origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
        info = self.folder / "site" / f"{module}-1.2.dist-info"
        (info / "direct_url.json").write_text(json.dumps(origin))
        return project

    def check(self, *words: str | Path, status: int = 0) -> dict[str, Any]:
        """Runs the command and returns its report."""
        file = self.folder / "report.json"
        default_host().close()
        assert main(["plugins", "check", *map(str, words), "--report", str(file)]) == status
        report: dict[str, Any] = json.loads(file.read_text())
        assert_documented(report)
        assert report["passed"] == (status == 0)
        return report


@pytest.fixture
def packages(tmp_path, monkeypatch):
    for variable in ("GRAPHBIT_PLUGINS", "GRAPHBIT_PLUGINS_DENY", "GRAPHBIT_PLUGINS_STRICT"):
        monkeypatch.delenv(variable, raising=False)
    made = Packages(tmp_path)
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield made
    default_host().close()


def outcomes(component: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["outcome"] for rule in component["rules"]}


def rule(component: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [rule for rule in component["rules"] if rule["rule"] == name]
    return found


TEXT, MAYBE = (str,), (str, type(None))
SCHEMA: dict[str, Any] = {
    "format": (int,),
    "started": TEXT,
    "seconds": (int, float),
    "versions": dict.fromkeys(("graphbit_core", "plugin_api", "python", "platform", "pytest"), TEXT),
    "components": [
        {
            **{"kind": TEXT, "name": TEXT, "distribution": TEXT, "version": MAYBE, "entry_point": MAYBE},
            **{"source": TEXT, "conformance": MAYBE},
            "tested_by": [{"name": TEXT, "file": MAYBE, "base": TEXT}],
            "rules": [
                {
                    **{"rule": TEXT, "outcome": ("passed", "failed", "accepted", "skipped")},
                    **{"seconds": (int, float), "tested_by": MAYBE, "message": MAYBE, "where": MAYBE},
                    "rerun": MAYBE,
                }
            ],
            "not_tried": [{"rule": TEXT, "needs": TEXT}],
        }
    ],
    "others": [{"name": TEXT, "file": TEXT, "tests": TEXT}],
    "problems": [{"message": TEXT, "file": MAYBE, "line": (int, type(None))}],
    "totals": dict.fromkeys(
        ("components", "passed", "failed", "accepted", "skipped", "not_tried", "problems"), (int,)
    ),
    "passed": (bool,),
}


def assert_documented(value: Any, schema: Any = SCHEMA, where: str = "report") -> None:
    """The report has the keys and types of the schema, and no other."""
    if isinstance(schema, dict):
        assert sorted(value) == sorted(schema), where
        for key, part in schema.items():
            assert_documented(value[key], part, f"{where}.{key}")
    elif isinstance(schema, list):
        for item in value:
            assert_documented(item, schema[0], where)
    elif isinstance(schema[0], str):
        assert value in schema, where
    else:
        assert type(value) in schema, where


def test_every_key_of_the_report_is_documented():
    from graphbit_core.testing import check_report

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
    report = packages.check("shuffle-one", "--json")
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
    assert "not tried; needs `write_sample`: subclass LoaderConformance" in capsys.readouterr().out


def test_a_class_that_tests_another_object_is_told_and_covers_nothing(packages, capsys):
    copied = f"{TESTS}\n\nclass Copy(Shuffle):\n    'A copy.'\n\nTestShuffle.component = Copy\n"
    packages.write("shuffle-one", tests={"test_conformance.py": copied})
    report = packages.check("shuffle-one")
    (other,) = report["others"]
    assert (other["name"], other["tests"].rpartition(".")[2]) == ("TestShuffle", "Copy")
    assert [one["file"] for one in report["components"][0]["tested_by"]] == [None]
    assert "which is none of these components" in capsys.readouterr().out


def test_one_component_of_several_is_chosen_by_name_and_distribution(packages):
    for name in ("shuffle-a", "shuffle-b"):
        entries = {"graphbit.rerankers": {k: f"{name.replace('-', '_')}:Shuffle" for k in ("one", "two")}}
        packages.write(name, tests={"test_conformance.py": TESTS}, entries=entries)
    chosen = packages.check("one@shuffle_b")["components"]
    assert [(one["name"], one["distribution"]) for one in chosen] == [("one", "shuffle-b")]
    both = packages.check("one")["components"]
    assert [one["distribution"] for one in both] == ["shuffle-a", "shuffle-b"]
    whole = packages.check("shuffle-a")["components"]
    assert [one["name"] for one in whole] == ["one", "two"]
    assert all(one["tested_by"][0]["name"] == "TestShuffle" for one in whole)


def test_other_tests_can_be_named(packages, tmp_path):
    packages.write("shuffle-one")
    file = tmp_path / "my_rules.py"
    file.write_text(TESTS.replace("{module}", "shuffle_one"))
    (component,) = packages.check("shuffle-one", "--tests", file)["components"]
    assert component["tested_by"][0]["file"] == str(file)


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


def test_tests_beside_the_kit_are_not_run(packages):
    beside = f"{TESTS}\n\ndef test_something_else():\n    raise AssertionError\n"
    packages.write("shuffle-one", tests={"test_conformance.py": beside})
    packages.check("shuffle-one")


# --- failures --------------------------------------------------------------------------------------


def test_a_rule_that_fails_is_told_with_its_place_and_how_to_try_it_again(packages, capsys):
    broken = f"{TESTS}\n    def test_keeps_all(self):\n        assert len([1, 2]) == 3, 'one is lost'\n"
    project = packages.write("shuffle-one", tests={"test_conformance.py": broken})
    (component,) = packages.check("shuffle-one", status=1)["components"]
    failed = rule(component, "test_keeps_all")
    file = project / "tests" / "test_conformance.py"
    assert failed["message"].splitlines()[0] == "AssertionError: one is lost"
    assert "assert 2 == 3" in failed["message"]
    line = broken.splitlines().index("        assert len([1, 2]) == 3, 'one is lost'") + 1
    assert failed["where"] == f"{file}:{line}"
    out = capsys.readouterr().out
    assert "reranker 'shuffle-one' of shuffle-one failed: keeps all\n  AssertionError: one is lost\n" in out
    assert f"  at: {file}:{line}\n  again: {failed['rerun']}\n" in out
    words = failed["rerun"].replace("python", sys.executable, 1)
    env = {**os.environ, "PYTHONPATH": str(packages.folder / "site")}
    again = subprocess.run(
        words, shell=True, cwd=project, env=env, capture_output=True, text=True, timeout=60
    )
    assert "1 failed" in again.stdout


@pytest.mark.parametrize(
    ("first", "fact"),
    [
        ("import os; os._exit(7)", "ended the process with status 7"),
        ("raise SystemExit('no')", "SystemExit: no"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("import no_such_module_at_all", "no_such_module_at_all"),
    ],
)
def test_a_component_that_cannot_be_imported_fails_with_what_it_did(first, fact, packages):
    packages.write("shuffle-ill", f"{first}\n{RERANKER}", {"test_conformance.py": TESTS})
    packages.write("shuffle-well", tests={"test_conformance.py": TESTS})
    (packages.folder / "here" / "graphbit.toml").write_text("")
    (component,) = packages.check("shuffle-ill", status=1)["components"]
    (loading,) = component["rules"]
    assert (loading["rule"], loading["outcome"]) == ("is_loaded_by_the_host", "failed")
    assert fact in loading["message"]


def test_what_hangs_is_ended_with_all_it_started_and_the_rest_is_tried(packages):
    rules = dedent("""
        import subprocess, sys, time

            def test_a_hangs(self):
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                open({file!r}, "w").write(str(child.pid))
                time.sleep(600)

            def test_b_dies(self):
                import os
                os._exit(0)

            def test_c_interrupts(self):
                raise KeyboardInterrupt

            def test_d_ends_pytest(self):
                import pytest
                pytest.exit("enough")

            def test_e_is_well(self):
                pass
    """)
    head, _, body = rules.partition("\n\n    ")
    pid = packages.folder / "pid"
    text = head + TESTS + "\n    " + body.replace("{file!r}", repr(str(pid)))
    packages.write("shuffle-one", tests={"test_conformance.py": text})
    (component,) = packages.check("shuffle-one", "--timeout", "3", status=1)["components"]
    found = outcomes(component)
    assert rule(component, "test_a_hangs")["message"] == "it had not ended after 3 s"
    assert "ended the process with status 0" in rule(component, "test_b_dies")["message"]
    assert "KeyboardInterrupt" in rule(component, "test_c_interrupts")["message"]
    assert found["test_says_in_its_docstring_what_it_is"] == "passed"
    assert found["test_d_ends_pytest"] == "failed"
    left = {one["rule"]: one["needs"] for one in component["not_tried"]}
    assert left["test_e_is_well"].startswith("gave up: 3 processes")
    assert gone(int(pid.read_text()))


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().split()[2]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize(
    ("line", "fact"),
    [("1 / 0", "ZeroDivisionError"), ("def (", "SyntaxError"), ("raise SystemExit(3)", "SystemExit: 3")],
)
def test_a_test_file_that_cannot_be_collected_is_told_with_file_and_line(line, fact, packages, capsys):
    project = packages.write(
        "shuffle-one", tests={"test_conformance.py": TESTS, "test_ill.py": f"\n\n{line}\n"}
    )
    report = packages.check("shuffle-one", status=1)
    (problem,) = report["problems"]
    file = project / "tests" / "test_ill.py"
    assert (problem["file"], problem["line"]) == (str(file), 3)
    assert fact in problem["message"]
    assert set(outcomes(report["components"][0]).values()) == {"passed"}
    assert f"problem {file}:3\n" in capsys.readouterr().out


def test_a_test_file_that_ends_the_process_is_told_and_the_others_are_run(packages):
    tests = {"test_conformance.py": TESTS, "test_ill.py": "import os; os._exit(5)"}
    project = packages.write("shuffle-one", tests=tests)
    report = packages.check("shuffle-one", status=1)
    (problem,) = report["problems"]
    assert problem["file"] == str(project / "tests" / "test_ill.py")
    assert "ended the process with status 5" in problem["message"]
    assert [one["name"] for one in report["components"][0]["tested_by"]] == ["TestShuffle"]


def test_a_conftest_that_cannot_be_imported_is_told(packages):
    packages.write(
        "shuffle-one", tests={"test_conformance.py": TESTS, "conftest.py": "import nowhere_at_all"}
    )
    (problem, *_) = packages.check("shuffle-one", status=1)["problems"]
    assert "conftest.py:1" in problem["message"]
    assert "nowhere_at_all" in problem["message"]


def test_a_component_that_is_not_allowed_is_not_imported(packages, monkeypatch):
    packages.write("shuffle-one", "raise RuntimeError", {"test_conformance.py": TESTS})
    monkeypatch.setenv("GRAPHBIT_PLUGINS_DENY", "shuffle-one")
    (component,) = packages.check("shuffle-one", status=1)["components"]
    assert "not allowed by GRAPHBIT_PLUGINS_DENY" in component["rules"][0]["message"]
    assert len(component["rules"]) == 1


# --- how pytest is run -----------------------------------------------------------------------------


def test_the_projects_and_the_users_options_of_pytest_do_not_count(packages, monkeypatch):
    project = packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    options = '[tool.pytest.ini_options]\naddopts = "--no-such-option"\nrequired_plugins = ["none"]\n'
    (project / "pyproject.toml").write_text(f"{options}filterwarnings = ['error']\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    assert packages.check("shuffle-one")["totals"]["passed"] > 1


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
    packages.check("shuffle-one")


# --- what is meant ---------------------------------------------------------------------------------


def test_without_a_name_the_project_of_this_folder_is_checked(packages, monkeypatch, capsys):
    project = packages.write("shuffle-one", tests={"test_conformance.py": TESTS})
    points = '[project.entry-points."graphbit.rerankers"]\nshuffle-one = "shuffle_one:Shuffle"\n'
    (project / "pyproject.toml").write_text(f'[project]\nname = "Shuffle_One"\nversion = "1.2"\n{points}')
    monkeypatch.chdir(project)
    (component,) = packages.check()["components"]
    assert component["tested_by"][0]["name"] == "TestShuffle"
    (project / "pyproject.toml").write_text(f'[project]\nname = "shuffle-new"\n{points}')
    assert main(["plugins", "check"]) == 2
    assert "shuffle-new is not installed" in capsys.readouterr().err


def test_in_house_plugins_are_checked_with_the_tests_beside_them(packages):
    here = Path.cwd()
    (here / "shuffle.py").write_text(RERANKER)
    (here / "test_shuffle.py").write_text(TESTS.replace("{module}", "shuffle"))
    (here / "graphbit.toml").write_text('[plugins.in_house]\nreranker.mine = "shuffle.py:Shuffle"\n')
    (component,) = packages.check()["components"]
    assert (component["source"], component["distribution"]) == ("in-house", "shuffle.py")
    assert [one["name"] for one in component["tested_by"]] == ["TestShuffle"]
    assert packages.check("mine")["components"][0]["name"] == "mine"


def test_in_house_plugins_of_one_folder_are_checked_together_and_each_by_its_own_tests(packages, capsys):
    here = Path.cwd()
    for name in ("one", "two"):
        (here / f"{name}.py").write_text(RERANKER)
        tests = TESTS.replace("{module}", name).replace("TestShuffle", f"Test{name.title()}")
        (here / f"test_{name}.py").write_text(tests)
    (here / "graphbit.toml").write_text(
        '[plugins.in_house]\nreranker.one = "one.py:Shuffle"\nreranker.two = "two.py:Shuffle"\n'
    )
    for words, names in (((), ["one", "two"]), (("two",), ["two"])):
        report = packages.check(*words)
        tested = {
            one["name"]: [tester["name"] for tester in one["tested_by"]] for one in report["components"]
        }
        assert tested == {name: [f"Test{name.title()}"] for name in names}
        assert "none of these components" not in capsys.readouterr().out


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
