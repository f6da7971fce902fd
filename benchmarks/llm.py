"""CPU per model call and per streamed chunk, beside raw aiohttp: same server, same work, turn by turn."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

from peers import peer_python

HERE = Path(__file__).parent
CALLS, CONCURRENCY, STREAMS, ROUNDS = 3000, 100, 20, 5


def run(python: str, script: str, url: str) -> dict[str, float]:
    """One process, one row."""
    arguments = [url, str(CALLS), str(CONCURRENCY), str(STREAMS)]
    command = [python, str(HERE / "clients" / script), *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> list[tuple[str, str]]:
    """Rows of the table."""
    peers = peer_python("aiohttp==3.14.5")
    server = subprocess.Popen([sys.executable, str(HERE / "loopback.py")], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(run(sys.executable, "graphbit_client.py", url))
            if peers is not None:
                theirs.append(run(peers, "aiohttp_client.py", url))
    finally:
        server.kill()
        server.wait()
    rows = [_row("graphbit", ours)]
    if theirs:
        rows.append(_row("raw aiohttp", theirs))
        for key, title in (("cpu_call", "CPU per call"), ("cpu_chunk", "CPU per chunk")):
            ratios = [a[key] / b[key] for a, b in zip(ours, theirs, strict=True)]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            rows.append((f"{title}, graphbit : aiohttp", f"{statistics.median(ratios):.2f} ({spread})"))
    else:
        rows.append(("raw aiohttp", "not measured: it could not be installed"))
    return rows


def _row(name: str, runs: list[dict[str, float]]) -> tuple[str, str]:
    call, rate, chunk = (statistics.median(r[k] for r in runs) for k in ("cpu_call", "calls_s", "cpu_chunk"))
    return name, f"{call * 1e6:.0f} µs CPU per call, {rate:,.0f} calls/s, {chunk * 1e6:.1f} µs CPU per chunk"


if __name__ == "__main__":
    for row in main():
        print(": ".join(row))
