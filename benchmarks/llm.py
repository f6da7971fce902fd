"""CPU per model call and per streamed chunk, beside other clients: same server, same work, turn by turn."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from peers import peer_python

HERE = Path(__file__).parent
CALLS, STREAMS, ROUNDS, IN_FLIGHT = 3000, 20, 5, 10_000
PEERS = {
    "raw aiohttp": ("llm_aiohttp.py", "aiohttp==3.14.5"),
    "raw httpx": ("llm_httpx.py", "httpx==0.28.1"),
    "openai SDK": ("llm_openai.py", "openai==3.54.0"),
    "LiteLLM": ("llm_litellm.py", "litellm==1.106.2"),
    "GraphBit 0.6.8": ("llm_graphbit_06.py", "graphbit==0.6.8"),
}
OURS = {"batch": "graphbit, batch", "call": "graphbit, async call", "agent": "graphbit, agent node"}
SHARES = {"kernel": "of these: kernel alone, no codec", "codec": "of these: codec alone, no kernel"}
BASE = "raw aiohttp"
HEADER = ("", "CPU per call", ": aiohttp", "calls per second", "CPU per chunk", ": aiohttp")

Rows = list[tuple[str, ...]]
Run = dict[str, float]


@contextmanager
def server() -> Iterator[str]:
    """The model server in a process of its own; its address."""
    process = subprocess.Popen([sys.executable, str(HERE / "loopback.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def run(python: str, script: str, *arguments: object) -> Run:
    """One process, and what it printed."""
    command = [python, str(HERE / "clients" / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{script} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def main(calls: int = CALLS, streams: int = STREAMS, rounds: int = ROUNDS) -> Rows:
    """Rows of the table; everybody takes a turn in each round."""
    pythons = {name: peer_python(requirement) for name, (_, requirement) in PEERS.items()}
    ours: list[Run] = []
    theirs: dict[str, list[Run]] = {name: [] for name, python in pythons.items() if python is not None}
    with server() as address:
        for _ in range(rounds):
            ours.append(run(sys.executable, "llm_graphbit.py", f"{address}/v1", calls, streams))
            for name, done in theirs.items():
                script = PEERS[name][0]
                done.append(run(str(pythons[name]), script, f"{address}/v1", calls, streams))
        loads = _load_generator(address)
    base = theirs.get(BASE, [])
    rows = [_row(title, ours, what, base) for what, title in {**OURS, **SHARES}.items()]
    rows += [_row(name, done, "call", base) for name, done in theirs.items()]
    missing = [name for name, python in pythons.items() if python is None]
    return [*rows, *loads, *((name, "not installed", "", "", "", "") for name in missing)]


def _row(name: str, runs: list[Run], what: str, base: list[Run]) -> tuple[str, ...]:
    rate = f"{statistics.median(one[f'rate_{what}'] for one in runs):,.0f}" if what != "codec" else ""
    chunk = what == "call" and "cpu_chunk" in runs[0]
    return (
        name,
        _microseconds(runs, f"cpu_{what}"),
        _ratio(runs, f"cpu_{what}", base, "cpu_call"),
        rate,
        _microseconds(runs, "cpu_chunk") if chunk else "",
        _ratio(runs, "cpu_chunk", base, "cpu_chunk") if chunk else "",
    )


def _microseconds(runs: list[Run], key: str) -> str:
    return f"{statistics.median(one[key] for one in runs) * 1e6:.1f} µs"


def _ratio(runs: list[Run], key: str, base: list[Run], base_key: str) -> str:
    """The median of the ratios of each round, and their range."""
    ratios = [one[key] / other[base_key] for one, other in zip(runs, base, strict=False)]
    if not ratios:
        return ""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _load_generator(address: str) -> Rows:
    """What the server can do: a load generator in C, without a model's reply being read."""
    if shutil.which("wrk") is None:
        return []
    script = HERE / "clients" / "post.lua"
    command = ["wrk", "-t1", "-c100", "-d3s", "-s", str(script), f"{address}/v1/chat/completions"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = float(said.split("Requests/sec:")[1].split()[0])
    return [("wrk, which reads no reply", "", "", f"{rate:,.0f}", "", "")]


def memory() -> list[tuple[str, str]]:
    """Rows on calls in flight, on providers, and on the time a stream loses."""
    with server() as address:
        crowd = run(sys.executable, "llm_in_flight.py", address, IN_FLIGHT)
        one = run(sys.executable, "llm_memory.py", address)
    calls = int(crowd["calls"])
    return [
        (f"{calls:,} calls in flight, {int(crowd['descriptors_allowed']):,} descriptors allowed",
         f"{int(crowd['ok']):,} answered, {crowd['kib_each']:.1f} KiB each"),
        ("resident before, and after them", f"{crowd['base_mib']:.0f} MiB, {crowd['after_mib']:.0f} MiB"),
        ("descriptors before, and after them",
         f"{int(crowd['open_before'])}, {int(crowd['open_after'])}"),
        ("importing a provider", f"{one['import_kib']:.0f} KiB"),
        ("one more client of it", f"{one['client_kib']:.1f} KiB"),
        ("from the server's write of a chunk to its delta, median", f"{one['stream_ms']:.2f} ms"),
        ("the same, 99 of 100", f"{one['stream_ms_99']:.2f} ms"),
    ]  # fmt: skip


if __name__ == "__main__":
    for line in [*main(), *memory()]:
        print(" | ".join(line))
