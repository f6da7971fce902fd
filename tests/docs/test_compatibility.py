"""What the page on compatibility says of builds, interpreters and processes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import workspace
from packaging.tags import cpython_tags
from packaging.utils import parse_wheel_filename

from graphbit_core.contracts import ENTRY_POINT_GROUPS

PAGE = (workspace.ROOT / "docs" / "plugin-compatibility.md").read_text(encoding="utf-8")


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("version", "abi", "fits"),
    [((3, 11), "cp311", True), ((3, 14), "cp314", True), ((3, 14), "cp314t", False)],
)
def test_the_core_wheel_fits_every_cpython_but_free_threaded_ones(
    built_wheels: Path, version: tuple[int, int], abi: str, fits: bool
):
    [wheel] = built_wheels.glob("graphbit_core-*.whl")
    tags = parse_wheel_filename(wheel.name)[-1]
    taken = cpython_tags(version, [abi], {tag.platform for tag in tags})
    assert any(tag in tags for tag in taken) is fits


INTERPRETER = """
import _{module} as interpreters
one = interpreters.create()
try:
    failed = interpreters.{run}(one, {code!r})
except Exception as error:  # before 3.13 it is raised
    failed = error
print(failed)
"""
IMPORTS = "import graphbit_core._native"
RUNS = """
from graphbit_core import Executor, Node, Workflow
Executor().execute(Workflow("x").chain(Node.delay("d", 0)))
"""


def in_a_sub_interpreter(code: str) -> str:
    later = sys.version_info >= (3, 13)
    names = (
        {"module": "interpreters", "run": "exec"}
        if later
        else {"module": "xxsubinterpreters", "run": "run_string"}
    )
    return run(INTERPRETER.format(code=code, **names))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.11 lets every module in")
def test_a_sub_interpreter_cannot_import_the_kernel():
    said = "module graphbit_core._native does not support loading in subinterpreters"
    assert said in in_a_sub_interpreter(IMPORTS)
    assert said in PAGE


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the kernel is not imported there")
def test_a_sub_interpreter_of_python_3_11_imports_the_kernel_and_starts_no_thread():
    assert in_a_sub_interpreter(IMPORTS) == "None"
    assert "thread is not supported for isolated subinterpreters" in in_a_sub_interpreter(RUNS)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_child_may_use_the_host_of_its_parent():
    code = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from graphbit_core import default_host
host = default_host()
host.component("node_type", "delay")
if os.fork() == 0:
    one, other = host.component("node_type", "delay"), host.component("node_type", "join")
    os._exit(0 if host is default_host() and one.__name__ == "DelayNode" and other is not one else 1)
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""
    assert run(code) == "0"


def test_a_name_is_reserved_for_every_kind():
    reserved = PAGE.partition("## Reserved names")[2]
    assert re.findall(r"`__graphbit_(\w+)__`", reserved) == list(ENTRY_POINT_GROUPS)
