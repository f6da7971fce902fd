"""The law: a call that goes on at a fork is the parent's; a client works in both processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")

PRELUDE = """
import os, time
from graphbit_core import GraphBitError, Host, LlmClient
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import chat_events, error_body, sse
from graphbit_openai import OpenAIProvider

HOST = Host.isolated(components={("provider", "openai"): OpenAIProvider})

def open_client(url, **settings):
    return LlmClient("openai:m", host=HOST, base_url=url, api_key="sk-any", timeout=5, **settings)

def said(call):
    try:
        return call()
    except GraphBitError as error:
        return type(error).__name__

def in_child(work):
    if os.fork() == 0:
        work()
        os._exit(0)
    print(os.wait()[1])

with ModelServer() as server:
"""


def run(body: str) -> list[str]:
    script = PRELUDE + "".join(f"    {line}\n" for line in body.strip().splitlines())
    # Unbuffered: what is printed before a fork is not printed by the child again.
    command = [sys.executable, "-u", "-W", "ignore::DeprecationWarning", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def test_a_stream_begun_before_a_fork_is_refused_in_the_child_and_goes_on_in_the_parent() -> None:
    reported = run("""
pieces = Reply.stream(sse(chat_events(["Hel", "lo"]))).in_pieces(160, 0.1)
stream = iter(open_client(server.script(pieces)).stream("Hi"))
print(next(stream))
in_child(lambda: print(said(lambda: next(stream)), flush=True))
print("".join(stream))
""")
    assert reported == ["Hel", "ForkError", "0", "lo"]


def test_the_limits_of_a_client_hold_in_a_forked_child_too() -> None:
    reported = run("""
client = open_client(server.script(echo_chat), limits={"requests_per_minute": 2})
print(client.complete("Hi"))
in_child(lambda: print(*[said(lambda: client.complete("Hi")) for _ in range(3)], flush=True))
print(client.complete("Hi"), said(lambda: client.complete("Hi")))
""")
    assert reported == ["Hello", "Hello", "Hello", "DeadlineError", "0", "Hello", "DeadlineError"]


def test_a_forked_child_has_a_breaker_of_its_own() -> None:
    reported = run("""
url = server.script(*[Reply.json(error_body("x"), 500)] * 5, echo_chat)
client = open_client(url, policy={"max_attempts": 1})
print(*{said(lambda: client.complete("Hi")) for _ in range(5)}, said(lambda: client.complete("Hi")))
in_child(lambda: print(client.complete("Hi"), client.get_stats()["circuit_breaker_state"], flush=True))
print(client.get_stats()["circuit_breaker_state"])
""")
    assert reported == ["UnavailableError", "CircuitOpenError", "Hello", "closed", "0", "open"]


def test_a_child_that_is_forked_while_calls_go_on_can_make_its_own() -> None:
    reported = run("""
import threading
client = open_client(server.script(echo_chat), limits={"max_concurrency": 4})
stop = threading.Event()
def busy():
    while not stop.is_set():
        client.complete("Hi")
threads = [threading.Thread(target=busy) for _ in range(4)]
for thread in threads:
    thread.start()
for _ in range(8):
    in_child(lambda: print(client.complete("Hi"), "".join(client.stream("Hi")), flush=True))
stop.set()
for thread in threads:
    thread.join()
""")
    assert reported == ["Hello", "Hello", "0"] * 8
