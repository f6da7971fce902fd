"""What concerns the whole process: sizes, forks, panics, exit. Each test has a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

PRELUDE = """
import os, time
from graphbit_core import errors
from graphbit_core._native import Engine, Mailbox, Plan, configure_runtime, runtime_info

def start(engine, mailbox, url="http://127.0.0.1:1/"):
    policy = {"max_attempts": 1}
    return engine.start(mailbox, "model", "GET", url, [], b"", None, True, 1, None, policy)

def kind_of(use):
    try:
        use()
    except errors.GraphBitError as error:
        return type(error).__name__
    return "no error"

def failure(engine, mailbox, *url):
    start(engine, mailbox, *url)
    while not mailbox.wait(0.1):
        pass
    return type(mailbox.drain()[-1][2]).__name__
"""


def run(script: str, **environment: str) -> list[str]:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", PRELUDE + script]
    env = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def test_the_runtime_is_sized_before_its_first_use():
    said = run("""
print(kind_of(lambda: configure_runtime(0, 1, 1 << 20)))
print(kind_of(lambda: configure_runtime(1, -1, 1 << 20)))
print(kind_of(lambda: configure_runtime(1, 1, (64 << 10) - 1)))
configure_runtime(1, 2, 256 << 10)
engine, mailbox = Engine(), Mailbox()
print(runtime_info()["running"], failure(engine, mailbox))
info = runtime_info()
print(info["running"], info["worker_threads"], info["blocking_threads"], info["stack_bytes"])
print(info["uptime_seconds"] > 0, kind_of(lambda: configure_runtime(1, 1, 1 << 20)))
""")
    refused = ["ValidationError"] * 3
    assert said == [*refused, "False", "TransportError", "True", "1", "2", "262144", "True", "ConfigError"]


def test_what_a_parent_made_is_refused_in_a_forked_child_and_new_objects_work():
    said = run("""
engine, mailbox, plan = Engine(), Mailbox(), Plan([([("a", "task", None)], [])])
failure(engine, mailbox)
if os.fork() == 0:
    print(kind_of(engine.in_flight), kind_of(mailbox.drain), kind_of(lambda: plan.order(0)))
    print(runtime_info()["running"], flush=True)
    del engine, mailbox
    print(failure(Engine(), Mailbox()), runtime_info()["running"], flush=True)
    os._exit(0)
print(os.wait()[1], failure(engine, mailbox))
""")
    assert said == [*["ForkError"] * 3, "False", "TransportError", "True", "0", "TransportError"]


def test_a_panic_of_the_kernel_is_an_internal_error_and_the_process_lives_on():
    # No machine has room for this stack, and tokio panics when a thread cannot be started.
    said = run("""
configure_runtime(1, 1, 1 << 46)
engine, mailbox = Engine(), Mailbox()
for _ in range(2):
    print(kind_of(lambda: start(engine, mailbox)))
configure_runtime(1, 1, 1 << 20)
print(engine.in_flight(), failure(engine, mailbox))
""")
    assert said == ["InternalError", "InternalError", "0", "TransportError"]


def test_a_call_in_flight_does_not_keep_the_process_from_ending():
    begun = time.monotonic()
    said = run("""
import socket
listener = socket.create_server(("127.0.0.1", 0))
engine, mailbox = Engine(), Mailbox()
start(engine, mailbox, f"http://127.0.0.1:{listener.getsockname()[1]}/")
listener.accept()
print(engine.in_flight())
""")
    assert said == ["1"]
    assert time.monotonic() - begun < 10


def test_without_trusted_certificates_only_https_fails(tmp_path):
    nowhere = str(tmp_path / "nowhere")
    said = run(
        """
engine, mailbox = Engine(), Mailbox()
print(failure(engine, mailbox), failure(engine, mailbox, "https://127.0.0.1:1/"))
""",
        SSL_CERT_FILE=nowhere,
        SSL_CERT_DIR=nowhere,
    )
    assert said == ["TransportError", "ConfigError"]


def test_a_proxy_of_the_environment_is_not_used():
    said = run(
        """
import socket
listener = socket.create_server(("127.0.0.1", 0))
engine, mailbox = Engine(), Mailbox()
start(engine, mailbox, f"http://127.0.0.1:{listener.getsockname()[1]}/direct")
listener.settimeout(5)
print(listener.accept()[0].recv(1000).split()[1].decode())
""",
        HTTP_PROXY="http://127.0.0.1:1",
        http_proxy="http://127.0.0.1:1",
        ALL_PROXY="http://127.0.0.1:1",
        NO_PROXY="",
    )
    assert said == ["/direct"]


@pytest.mark.skipif(not os.confstr_names.get("CS_GNU_LIBC_VERSION"), reason="returning memory needs glibc")
def test_the_memory_of_a_crowd_of_calls_is_returned_to_the_system():
    said = run("""
import socket
def resident():
    with open("/proc/self/statm") as numbers:
        return int(numbers.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
engine, mailbox = Engine(), Mailbox()
engine.limit("model", {"max_concurrency": 1500})
failure(engine, mailbox)
before = resident()
url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
body = b"x" * 100_000
for _ in range(1200):
    engine.start(mailbox, "model", "POST", url, [], body, None, True, 1, None, {})
time.sleep(1)
grown = resident() - before
mailbox.close()
until = time.monotonic() + 5
while resident() - before > 25 and time.monotonic() < until:
    time.sleep(0.05)
print(engine.in_flight(), grown > 100, resident() - before <= 25, round(grown), round(resident() - before))
""")
    assert said[:3] == ["0", "True", "True"], said
