"""``graphbit plugins check``: whatever a plugin or its tests do is reported, with facts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent

import pytest
from checking import QUICK, RERANKER, TESTS, outcomes, rule


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

            def test_ill_a_hangs(self):
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                open({file!r}, "w").write(str(child.pid))
                time.sleep(600)

            def test_ill_b_dies(self):
                import os
                os._exit(0)

            def test_ill_c_interrupts(self):
                raise KeyboardInterrupt

            def test_ill_d_ends_pytest(self):
                import pytest
                pytest.exit("enough")

            def test_ill_e_is_well(self):
                pass
    """)
    head, _, body = rules.partition("\n\n    ")
    pid = packages.folder / "pid"
    text = head + TESTS + "\n    " + body.replace("{file!r}", repr(str(pid)))
    packages.write("shuffle-one", tests={"test_conformance.py": text})
    (component,) = packages.check("shuffle-one", "--timeout", "6", "--only", "ill", status=1)["components"]
    found = outcomes(component)
    assert rule(component, "test_ill_a_hangs")["message"] == "it had not ended after 6 s"
    assert "ended the process with status 0" in rule(component, "test_ill_b_dies")["message"]
    assert "KeyboardInterrupt" in rule(component, "test_ill_c_interrupts")["message"]
    assert found["test_ill_d_ends_pytest"] == "failed"
    left = {one["rule"]: one["needs"] for one in component["not_tried"]}
    assert "what ended the process" in left["test_ill_e_is_well"]
    assert gone(int(pid.read_text()))


def test_a_process_that_ends_between_two_rules_is_told_with_what_was_left(packages):
    conftest = """
import os

def pytest_runtest_logstart(nodeid):
    if "ill_b" in nodeid:
        os._exit(9)
"""
    rules = "\n    def test_ill_a(self):\n        pass\n\n    def test_ill_b(self):\n        pass\n"
    packages.write("shuffle-one", tests={"test_conformance.py": TESTS + rules, "conftest.py": conftest})
    report = packages.check("shuffle-one", "--only", "ill", status=1)
    (problem,) = report["problems"]
    assert "shuffle-one, between its rules: it ended the process with status 9" in problem["message"]
    (component,) = report["components"]
    assert outcomes(component)["test_ill_a"] == "passed"
    assert [one["rule"] for one in component["not_tried"]] == ["test_ill_b"]


def test_an_interrupt_ends_the_child_with_all_it_started(packages):
    pid = packages.folder / "pid"
    hanging = f"""

    def test_hangs(self):
        import os, time
        open({str(pid)!r}, "w").write(str(os.getpid()))
        time.sleep(600)
"""
    packages.write("shuffle-one", tests={"test_conformance.py": TESTS + hanging})
    command = [
        sys.executable,
        "-m",
        "graphbit_core.cli",
        "plugins",
        "check",
        "shuffle-one",
        "--only",
        "hangs",
    ]
    env = {**os.environ, "PYTHONPATH": str(packages.folder / "site")}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        deadline = time.monotonic() + 60
        while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
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
    report = packages.check("shuffle-one", *QUICK, status=1)
    (problem,) = report["problems"]
    file = project / "tests" / "test_ill.py"
    assert (problem["file"], problem["line"]) == (str(file), 3)
    assert fact in problem["message"]
    assert set(outcomes(report["components"][0]).values()) == {"passed"}
    assert f"problem {file}:3\n" in capsys.readouterr().out


def test_a_test_file_that_ends_the_process_is_told_and_the_others_are_run(packages):
    tests = {"test_conformance.py": TESTS, "test_ill.py": "import os; os._exit(5)"}
    project = packages.write("shuffle-one", tests=tests)
    report = packages.check("shuffle-one", *QUICK, status=1)
    (problem,) = report["problems"]
    assert problem["file"] == str(project / "tests" / "test_ill.py")
    assert "ended the process with status 5" in problem["message"]
    assert [one["name"] for one in report["components"][0]["tested_by"]] == ["TestShuffle"]


def test_a_conftest_that_cannot_be_imported_is_told(packages):
    packages.write(
        "shuffle-one", tests={"test_conformance.py": TESTS, "conftest.py": "import nowhere_at_all"}
    )
    (problem, *_) = packages.check("shuffle-one", *QUICK, status=1)["problems"]
    assert "conftest.py:1" in problem["message"]
    assert "nowhere_at_all" in problem["message"]


def test_a_component_that_is_not_allowed_is_not_imported(packages, monkeypatch):
    packages.write("shuffle-one", "raise RuntimeError", {"test_conformance.py": TESTS})
    monkeypatch.setenv("GRAPHBIT_PLUGINS_DENY", "shuffle-one")
    (component,) = packages.check("shuffle-one", status=1)["components"]
    assert "not allowed by GRAPHBIT_PLUGINS_DENY" in component["rules"][0]["message"]
    assert len(component["rules"]) == 1
