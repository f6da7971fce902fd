"""The engine beside its peers: one process per measurement, in turn with ours, ratios of the same round."""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peers import peer_python
from table import duration, ratio, table

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Client:
    """Whose engine, the script that drives it, and what has to be installed for it."""

    name: str
    script: str
    requirement: str = ""
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Measurement:
    """A row of the table: ``scenario`` of the clients at ``size``, told per one of ``per``; None: a lag."""

    title: str
    scenario: str
    size: int
    per: int | None = 1


OURS = Client("graphbit", "engine_graphbit.py")
PEERS = (
    Client("LangGraph", "engine_langgraph.py", "langgraph==1.2.22", {"LANGSMITH_TRACING": "false"}),
    Client("pydantic-graph", "engine_pydantic_graph.py", "pydantic-graph==2.68.0"),
    Client("Haystack", "engine_haystack.py", "haystack-ai==3.4.0", {"HAYSTACK_TELEMETRY_ENABLED": "false"}),
    Client("LlamaIndex", "engine_llamaindex.py", "llama-index-workflows==2.26.1"),
)
HEADER = ("engine beside peers", *(client.name for client in (OURS, *PEERS)))
MAP_SIZES = (1_000, 10_000, 100_000)
ROUNDS, LIMIT = 3, 60.0

Figures = dict[str, list[dict[str, Any]] | str]
"""By client: a result per round, or what is said in place of a figure."""


NODES = (
    Measurement("chain of 100, per node", "chain", 100, 100),
    Measurement("fan-out of 1,000, per node", "fan_out", 1000, 1000),
)
BUILDS = (
    Measurement("build and check 10 nodes", "build", 10),
    Measurement("build and check 1,000 nodes", "build", 1000),
)
SIBLINGS = (
    Measurement("fast branch's child beside `time.sleep(1)`", "blocking_sibling", 1, None),
    Measurement("fast branch's child beside `asyncio.sleep(1)`", "sleeping_sibling", 1, None),
)


def run(client: Client, python: str, measurement: Measurement, limit: float) -> dict[str, Any] | str:
    """One process; what it printed, or what is said in place of a figure."""
    command = [python, HERE / "clients" / client.script, measurement.scenario, measurement.size, limit]
    environment = {**os.environ, **client.environment, "PYTHONPATH": str(HERE)}
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode == -signal.SIGALRM:
        return f"> {limit:.0f} s"
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        print(f"{client.name}, {measurement.title}: {reason}\n")
        return "failed"
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@dataclass(frozen=True)
class Turns:
    """Who takes part, with which interpreter, how often, and the seconds after which a client is cut."""

    pythons: Mapping[Client, str]
    rounds: int
    limit: float

    def measure(self, measurement: Measurement, settled: Mapping[str, str] | None = None) -> Figures:
        """All clients by turns; who was cut or failed, here or in ``settled``, is not asked again."""
        figures: Figures = {client.name: (settled or {}).get(client.name, []) for client in self.pythons}
        for _ in range(self.rounds):
            for client, python in self.pythons.items():
                known = figures[client.name]
                if isinstance(known, str):
                    continue
                result = run(client, python, measurement, self.limit)
                if isinstance(result, str):
                    figures[client.name] = result
                else:
                    known.append(result)
        return figures

    def rows(self, measurements: Sequence[Measurement]) -> list[Sequence[str]]:
        """A row of the table for each."""
        return [cells(measurement, self.measure(measurement)) for measurement in measurements]

    def map_rows(self, sizes: Sequence[int]) -> list[Sequence[str]]:
        """A row per size, and one that compares sizes; who was cut at one is not asked for a larger one."""
        maps: list[tuple[Measurement, Figures]] = []
        settled: dict[str, str] = {}
        for size in sorted(sizes):
            measurement = Measurement(f"map over {size:,}, per item", "map_items", size, size)
            figures = self.measure(measurement, settled)
            settled = {name: said for name, said in figures.items() if isinstance(said, str)}
            maps.append((measurement, figures))
        return [*(cells(*one) for one in maps), flatness(maps)]


def cells(measurement: Measurement, figures: Figures) -> list[str]:
    """The row of a measurement: its title, and one cell per column."""
    ours = figures.get(OURS.name, "—")
    row = [measurement.title]
    for name in HEADER[1:]:
        results = figures.get(name, "—")
        if isinstance(results, str):
            row.append(results)
        elif measurement.per is None:
            row.append(duration(statistics.median(result["value"] for result in results)))
        else:
            wall, cpu = (_median(results, key) / measurement.per for key in ("wall", "cpu"))
            if name == OURS.name or isinstance(ours, str):
                row.append(f"{duration(wall)} (CPU {duration(cpu)})")
            else:
                walls, cpus = (_ratio(results, ours, key) for key in ("wall", "cpu"))
                row.append(f"{duration(wall)}, {walls} (CPU {cpus})")
    return row


def flatness(maps: Sequence[tuple[Measurement, Figures]]) -> list[str]:
    """CPU time of an item at the largest size that was reached, as a multiple of the smallest."""
    row = ["CPU per item, largest : smallest map"]
    for name in HEADER[1:]:
        reached = [(m, results) for m, figures in maps if isinstance(results := figures.get(name, "—"), list)]
        if len(reached) < 2:
            row.append("—")
            continue
        (small, first), (large, last) = reached[0], reached[-1]
        value = ratio(_median(last, "cpu") / large.size / (_median(first, "cpu") / small.size))
        row.append(value if len(reached) == len(maps) else f"{value} (at {large.size:,})")
    return row


def _median(results: Sequence[Mapping[str, float]], key: str) -> float:
    return statistics.median(result[key] for result in results)


def _ratio(theirs: Sequence[Mapping[str, float]], ours: Sequence[Mapping[str, float]], key: str) -> str:
    """The median over the rounds; the CPU time of a round may be too short to be counted."""
    ratios = [a[key] / b[key] for a, b in zip(theirs, ours, strict=True) if b[key] > 0]
    return ratio(statistics.median(ratios)) if ratios else "—"


def main(
    rounds: int = ROUNDS, limit: float = LIMIT, map_sizes: Sequence[int] = MAP_SIZES
) -> list[Sequence[str]]:
    """Rows of the table; prints the versions, and who could not be measured."""
    pythons = {OURS: sys.executable}
    for client in PEERS:
        python = peer_python(client.requirement)
        if python is not None:
            pythons[client] = python
    print(", ".join(client.requirement or client.name for client in pythons), end="\n\n")
    turns = Turns(pythons, rounds, limit)
    return [*turns.rows(NODES), *turns.map_rows(map_sizes), *turns.rows(BUILDS), *turns.rows(SIBLINGS)]


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--limit", type=float, default=LIMIT, help="seconds after which a client is cut")
    options.add_argument("--map-sizes", type=int, nargs="+", default=MAP_SIZES)
    chosen = options.parse_args()
    print(table(HEADER, main(chosen.rounds, chosen.limit, chosen.map_sizes)))
