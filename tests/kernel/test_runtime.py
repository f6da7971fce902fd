"""Sizing the kernel's threads, in processes of their own."""

from __future__ import annotations

import subprocess
import sys


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_the_defaults_follow_the_number_of_cores():
    done = run(
        "import os; from graphbit_core import runtime_info; info = runtime_info(); n = os.cpu_count()\n"
        "assert info['worker_threads'] == max(1, min(n // 2, 8)), info\n"
        "assert info['blocking_threads'] == 4 * n\n"
        "assert info['stack_bytes'] == 1024 * 1024 and not info['running']"
    )
    assert done.returncode == 0, done.stderr


def test_it_can_be_sized_before_its_first_use_and_what_is_not_given_stays():
    done = run(
        "from graphbit_core import configure_runtime, runtime_info\n"
        "before = runtime_info()\n"
        "configure_runtime(worker_threads=3)\n"
        "after = runtime_info()\n"
        "assert after['worker_threads'] == 3 and after['stack_bytes'] == before['stack_bytes'], after"
    )
    assert done.returncode == 0, done.stderr


def test_sizing_it_when_it_runs_is_an_error_that_says_so():
    done = run(
        "from graphbit_core import ConfigError, LlmClient, TransportError, configure_runtime\n"
        "client = LlmClient('openai:m', api_key='sk-0000000000000000', base_url='http://127.0.0.1:9/v1',"
        " policy={'max_attempts': 1})\n"
        "try: client.complete('x')\n"
        "except TransportError: pass\n"
        "try: configure_runtime(worker_threads=2)\n"
        "except ConfigError as error: print(error)\n"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_a_size_below_one_is_refused_by_name():
    done = run("from graphbit_core import configure_runtime; configure_runtime(max_blocking_threads=0)")
    assert "ValidationError" in done.stderr
    assert "blocking_threads" in done.stderr
