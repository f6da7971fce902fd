"""The doctor imports each plugin in a process of its own, and names what mends the ill ones."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pluggy
import pytest

from graphbit_core import default_host
from graphbit_core.cli import main
from graphbit_core.host.doctor.examination import Diagnosis, Doctor, Fault

LOADER = """
class Loader:
    graphbit_api = (1, 0)
    def load(self): ...
"""


@pytest.fixture
def examine(make_host):
    def run(
        limit: float = 10.0, budget: float = 5.0, sample: str | None = None, **settings: object
    ) -> Diagnosis:
        return Doctor(make_host(**settings), limit=limit, budget=budget, sample=sample).examine()

    return run


def only(diagnosis: Diagnosis) -> Fault:
    assert len(diagnosis.faults) == 1, diagnosis.faults
    return diagnosis.faults[0]


def test_a_healthy_plugin_has_its_import_time_and_api_version(site, examine):
    site.loader("graphbit-well")
    diagnosis = examine()
    (examined,) = diagnosis.components
    assert diagnosis.faults == ()
    assert examined.api == "1.0"
    assert 0 < examined.import_ms < 10_000
    assert "graphbit_well" not in sys.modules


@pytest.mark.parametrize(
    ("source", "said", "fix"),
    [
        ("import no_such_library_here", "its import of 'no_such_library_here' failed", "graphbit-ill"),
        ("def x(:", "SyntaxError", "graphbit-ill"),
        ("raise SystemExit(0)", "SystemExit", "graphbit-ill"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "graphbit-ill"),
        ("x = 1", "has no attribute 'Loader'", "graphbit-ill"),
        ("Loader = 42", "not 42 of type int", "graphbit-ill"),
        ("class Loader:\n graphbit_api = (1, 0)", "is not a loader: it has no load", "graphbit-ill"),
        ("class Loader: graphbit_api = (1, 99)", "needs plugin API 1.99", "graphbit-core"),
        ("import os; os._exit(3)", "ended the process with status 3", "graphbit-ill"),
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
            "ended the process with status -9",
            "graphbit-ill",
        ),
        ("import sys; sys.stdout.close(); import os; os.close(1); 1/0", "ZeroDivisionError", "graphbit-ill"),
    ],
)
def test_an_ill_plugin_is_named_with_distribution_version_and_fix(site, examine, source, said, fix):
    site.loader("graphbit-ill", source)
    fault = only(examine())
    assert (fault.distribution, fault.version) == ("graphbit-ill", "1.2")
    assert said in fault.message
    assert fault.fix == f"pip install --upgrade {fix}"


def test_what_a_plugin_prints_at_import_is_warned_of_and_does_not_disturb_the_report(site, examine):
    noise = "import os\nprint('noise' * 50_000)\nos.write(1, b'{')\nos.write(2, b'x' * 500_000)\n"
    site.loader("graphbit-loud", noise + LOADER)
    diagnosis = examine()
    assert diagnosis.faults == ()
    printed, written = diagnosis.warnings
    assert "it prints at import: 'noisenoise" in printed.message
    assert printed.fix == "ask its author to print nothing at import"
    assert "it writes to standard error at import: 'xxx" in written.message
    assert diagnosis.components[0].warnings == diagnosis.warnings


def test_an_import_that_hangs_is_ended_at_the_limit_with_all_it_started(site, examine, tmp_path):
    source = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "pid")!r}, "w").write(str(child.pid))
time.sleep(60)
"""
    site.loader("graphbit-hangs", source)
    site.loader("graphbit-well", name="well")
    start = time.monotonic()
    fault = only(examine(limit=1.5))
    assert time.monotonic() - start < 10
    assert fault.distribution == "graphbit-hangs"
    assert "its import had not ended after 1.5 s" in fault.message
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_a_thread_or_process_that_a_plugin_leaves_behind_does_not_hold_the_doctor_up(site, examine):
    source = """
import subprocess, sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
class Loader:
    graphbit_api = (1, 0)
    def load(self): ...
"""
    site.loader("graphbit-leaves", source)
    start = time.monotonic()
    diagnosis = examine()
    assert diagnosis.faults == ()
    assert "its import starts a thread: Thread-" in diagnosis.warnings[0].message
    assert time.monotonic() - start < 8


def test_a_slow_import_is_warned_of_with_the_modules_that_take_the_time(site, examine):
    site.loader("graphbit-slow", "import graphbit_slow_part" + LOADER)
    (site.path / "graphbit_slow_part.py").write_text("import time\ntime.sleep(0.3)")
    diagnosis = examine(budget=0.2)
    assert diagnosis.faults == ()
    (warning,) = diagnosis.warnings
    assert "more than 0.2 s (graphbit_slow_part 0." in warning.message
    assert "import what is slow in the function that needs it" in warning.fix
    assert examine(budget=60).warnings == ()


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("sys.path.append('/nowhere')", "sys.path"),
        ("logging.getLogger().setLevel('DEBUG')", "the handlers or the level of the root logger"),
        ("os.chdir('/')", "the working directory"),
        ("signal.signal(signal.SIGUSR1, signal.SIG_IGN)", "what a signal does"),
        ("sys.stdout = sys.stderr", "sys.stdout or sys.stderr"),
        ("sys.excepthook = print", "how an error that ends the program is shown"),
    ],
)
def test_an_import_that_changes_what_belongs_to_the_program_is_warned_of(site, examine, line, what):
    site.loader("graphbit-meddler", f"import logging, os, signal, sys\n{line}\n{LOADER}")
    diagnosis = examine()
    assert diagnosis.faults == ()
    (warning,) = diagnosis.warnings
    assert f"its import changes {what}, which it shares with the program" in warning.message


def test_names_that_are_reserved_for_a_native_interface_are_warned_of(site, examine):
    site.loader("graphbit-early", f"{LOADER}\n    def __graphbit_loader__(self): ...")
    (warning,) = examine().warnings
    assert "it uses __graphbit_loader__; such names are reserved" in warning.message


def test_where_an_import_hangs_is_told(site, examine):
    site.loader("graphbit-hangs", "import threading\n\nthreading.Event().wait(60)")
    message = only(examine(limit=2.0)).message
    assert f"it stood in line 3 of {site.path / 'graphbit_hangs.py'}" in message


def test_a_hook_that_hangs_is_no_import_that_hangs(site, examine):
    site.hooks("graphbit-hangs", HOOKS.format("def graphbit_subscribe_events(): time.sleep(60)"))
    assert "one of its hooks or checks had not ended after 1 s" in only(examine(limit=1.0)).message


HOOKS = "import time\nfrom graphbit_core import hookimpl\ngraphbit_api = (1, 0)\n@hookimpl\n{}"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("def graphbit_register_components(): 1/0", "its graphbit_register_components failed"),
        ("def graphbit_add_cli_commands(): 1/0", "its graphbit_add_cli_commands failed"),
        ("def graphbit_add_cli_commands(): return [42]", "its command failed"),
        ("def graphbit_wrap_component(kind): assert kind != 'tool'", "its graphbit_wrap_component failed"),
        ("def graphbit_wrap_component(): return 42", "must return a function or None, not 42"),
        ("def graphbit_subscribe_events(): 1/0", "its graphbit_subscribe_events failed"),
        ("def graphbit_workflow_compiled(workflow): 1/0", "its graphbit_workflow_compiled failed"),
        ("def graphbit_doctor_checks(): 1/0", "its graphbit_doctor_checks failed"),
        ("def graphbit_wrap_component(sort): ...", "its hooks cannot be registered"),
    ],
)
def test_each_hook_is_tried(site, examine, definition, said):
    site.hooks("graphbit-hooks", HOOKS.format(definition))
    fault = only(examine(sample="graphbit_core.cli.plugins.doctor:sample"))
    assert said in fault.message
    assert fault.fix == "pip install --upgrade graphbit-hooks"


def test_hooks_that_work_and_functions_that_are_none_are_no_fault(site, examine):
    source = HOOKS.format("def graphbit_subscribe_events(): return print") + "\ndef graphbit_helper(): ..."
    site.hooks("graphbit-hooks", source)
    assert examine().faults == ()


@pytest.mark.parametrize("group", ["graphbit.loadres", "graphbit.loader"])
def test_a_misspelled_group_is_a_fault_that_names_the_nearest(site, examine, group):
    site.install("graphbit-stray", {group: {"ini": "graphbit_stray:Loader"}})
    fault = only(examine())
    assert (fault.distribution, fault.version) == ("graphbit-stray", "1.2")
    assert f"there is no group of entry points {group!r} (did you mean 'graphbit.loaders'?)" in fault.message
    assert fault.fix.startswith("pip install --upgrade graphbit-stray")


def test_a_requirement_in_a_version_that_does_not_fit_is_named_with_the_installed_one(site, examine):
    site.install(
        "graphbit-wants",
        {"graphbit.loaders": {"x": "graphbit_wants:Loader"}},
        {"graphbit_wants": LOADER},
        requires=("pluggy<0.1", "pytest>=1", "pluggy<0.1; python_version < '3'", "no such==x"),
    )
    version, unreadable = examine().faults
    assert f"requires 'pluggy<0.1', and {pluggy.__version__} is installed" in version.message
    assert "requires 'no such==x', which cannot be read" in unreadable.message


def test_requirements_that_are_not_installed_are_named(site, examine):
    site.install("graphbit-needs", {"graphbit.loaders": {}}, requires=("nothing-of-this-name>=2",))
    site.install(
        "graphbit-wants",
        {"graphbit.loaders": {"x": "graphbit_wants:Loader"}},
        {"graphbit_wants": "class Loader:\n graphbit_api = (1, 0)\n def load(self): ..."},
        requires=("nothing-of-this-name>=2", "pluggy>=1", "other; extra == 'all'"),
    )
    fault = only(examine())
    assert "requires 'nothing-of-this-name', which is not installed" in fault.message
    assert fault.fix == "pip install --upgrade graphbit-wants"


def test_a_name_that_two_offer_is_a_fault_of_both_unless_it_is_settled(site, examine):
    site.loader("graphbit-one")
    site.loader("graphbit-two")
    faults = examine().faults
    assert sorted(fault.distribution for fault in faults) == ["graphbit-one", "graphbit-two"]
    assert all("graphbit-one" in f.message and "graphbit-two" in f.message for f in faults)
    assert faults[0].fix.startswith("[plugins.prefer] loader.pdf = ")
    assert examine(prefer={("loader", "pdf"): "graphbit-one"}).faults == ()


def test_a_second_copy_of_a_distribution_is_a_fault(site, examine, tmp_path, monkeypatch):
    site.loader("graphbit-twice", version="1.0")
    later = type(site)(tmp_path / "later")
    later.loader("graphbit-twice", version="0.9")
    monkeypatch.setattr(sys, "path", [*sys.path, str(later.path)])
    fault = only(examine())
    assert (fault.distribution, fault.version) == ("graphbit-twice", "0.9")
    assert str(later.path) in fault.fix


PROJECT = '[project]\nname = "graphbit-edited"\nversion = "1.2"\n[project.entry-points."graphbit.loaders"]\n'


@pytest.mark.parametrize(
    ("project", "said"),
    [
        (PROJECT + 'pdf = "graphbit_edited:Loader"', None),
        (
            PROJECT + 'pdf = "graphbit_edited:Loader"\nnew = "graphbit_edited:Loader"',
            "differs in loader 'new'",
        ),
        (PROJECT.replace("1.2", "1.3") + 'pdf = "graphbit_edited:Loader"', "has version 1.3"),
        ("[project", "cannot be read"),
    ],
    ids=["the same", "an entry point more", "another version", "not TOML"],
)
def test_editable_metadata_that_is_older_than_its_project_is_a_fault(site, examine, tmp_path, project, said):
    site.loader("graphbit-edited")
    (tmp_path / "a project").mkdir()
    (tmp_path / "a project" / "pyproject.toml").write_text(project)
    direct = {"url": (tmp_path / "a project").as_uri(), "dir_info": {"editable": True}}
    (site.path / "graphbit_edited-1.2.dist-info" / "direct_url.json").write_text(json.dumps(direct))
    diagnosis = examine()
    if said is None:
        assert diagnosis.faults == ()
        return
    assert said in only(diagnosis).message
    if "cannot" not in said:
        assert only(diagnosis).fix == f"pip install --editable '{tmp_path / 'a project'}'"


def test_who_writes_a_plugin_is_sent_to_its_folder_and_not_to_an_index(site, examine, tmp_path):
    site.loader("graphbit-written", "raise ValueError('not yet')")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "graphbit-written"\n'
        '[project.entry-points."graphbit.loaders"]\npdf = "graphbit_written:Loader"\n'
    )
    direct = {"url": tmp_path.as_uri(), "dir_info": {"editable": True}}
    (site.path / "graphbit_written-1.2.dist-info" / "direct_url.json").write_text(json.dumps(direct))
    fault = only(examine())
    assert fault.fix == f"mend it in {tmp_path}"
    assert "graphbit-written 1.2" in fault.message


def test_an_editable_install_whose_folder_is_gone_is_to_be_removed(site, examine, tmp_path):
    site.loader("graphbit-moved")
    direct = {"url": (tmp_path / "gone").as_uri(), "dir_info": {"editable": True}}
    (site.path / "graphbit_moved-1.2.dist-info" / "direct_url.json").write_text(json.dumps(direct))
    fault = only(examine())
    assert fault.fix == "pip uninstall graphbit-moved"
    assert str(tmp_path / "gone") in fault.message


def test_a_plugins_own_checks_are_run_and_one_that_raises_is_a_fault(site, examine):
    source = """
from graphbit_core import Finding, hookimpl
graphbit_api = (1, 0)
def ill(): return [Finding("key", "has no key", "set FOO_API_KEY")]
def broken(): raise OSError("no disk")
@hookimpl
def graphbit_doctor_checks(): return [ill, broken]
"""
    site.hooks("graphbit-checks", source)
    faults = examine().faults
    assert (faults[0].message, faults[0].fix) == ("has no key", "set FOO_API_KEY")
    assert "its doctor check raised OSError: no disk" in faults[1].message


@pytest.mark.parametrize(
    "source",
    [
        "raise ImportError('hooks')",
        "from graphbit_core import hookimpl\ngraphbit_api=1,0\n@hookimpl\ndef graphbit_doctor_checks(): 1/0",
        "from graphbit_core import hookimpl\ngraphbit_api=1,0\n@hookimpl\ndef graphbit_x(): ...",
    ],
    ids=["import", "raises", "unknown hook"],
)
def test_a_broken_module_of_hooks_is_a_fault(site, examine, source):
    site.hooks("graphbit-bad", source)
    fault = only(examine())
    assert (fault.distribution, fault.version) == ("graphbit-bad", "1.2")
    assert fault.fix == "pip install --upgrade graphbit-bad"


def test_an_in_house_file_is_examined_too(tmp_path, examine):
    (tmp_path / "mine.py").write_text("1/0")
    fault = only(examine(in_house={("plugin", "mine"): str(tmp_path / "mine.py")}))
    assert "ZeroDivisionError" in fault.message
    assert fault.fix == f"mend {tmp_path / 'mine.py'}"


def test_what_is_denied_is_not_imported(site, examine, tmp_path):
    site.loader("graphbit-denied", f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert examine(deny=frozenset({"graphbit-denied"})).components == ()
    assert not (tmp_path / "ran").exists()


def test_a_listed_name_that_matches_nothing_is_a_fault(examine):
    assert "graphbit-none" in only(examine(deny=frozenset({"graphbit-none"}))).message


def test_the_command_prints_the_faults_and_exits_with_one(site, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRAPHBIT_PLUGINS", "graphbit-ill graphbit-well")
    monkeypatch.setenv("GRAPHBIT_PLUGINS_DENY", "graphbit-core")
    site.loader("graphbit-ill", "raise ImportError('gone')", name="ill")
    site.loader("graphbit-well", name="well")
    default_host().close()
    try:
        assert main(["plugins", "doctor"]) == 1
        out = capsys.readouterr().out
        assert (
            "graphbit-ill 1.2: loader 'ill' of graphbit-ill 1.2 (graphbit_ill:Loader): its import failed"
            in out
        )
        assert "  fix: pip install --upgrade graphbit-ill" in out
        assert main(["plugins", "doctor", "--json"]) == 1
        report = json.loads(capsys.readouterr().out)
        assert [item["info"]["name"] for item in report["components"]] == ["ill", "well"]
        assert [fault["distribution"] for fault in report["faults"]] == ["graphbit-ill"]
        monkeypatch.setenv("GRAPHBIT_PLUGINS", "graphbit-well")
        default_host().close()
        assert main(["plugins", "doctor"]) == 0
        assert "0 faults" in capsys.readouterr().out
    finally:
        default_host().close()
