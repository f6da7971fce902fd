"""What start-up costs with 0, 10 and 50 add-ons, three of them heavy, beside simonw/llm with as many plugins.

Both are commands with plugins found by entry points. Each runs in an environment that holds nothing else,
with a folder of add-ons on PYTHONPATH that is written as an installer would. Every command is a process of
its own; all take turns in a round, and the quieter half of the rounds counts.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import Cost
from peers import ENVIRONMENTS, peer_python
from repository import build_wheels, workspace
from table import duration, ratio

PEER = "llm==0.36"
COUNTS = (0, 10, 50)
HEAVY = 3
ROUNDS = 10
HEADER = ("CPU of the process (wall time)", *(f"{count} add-ons" for count in COUNTS))

BURN = """
import time
end = time.process_time() + 0.3
while time.process_time() < end:
    pass
"""
OURS = '''
class Component:
    """A loader."""

    graphbit_api = (1, 0)
    suffixes = frozenset()

    def load(self, path):
        yield path
'''
THEIRS = """
import llm

class Model(llm.Model):
    model_id = "bench-{number}"

    def execute(self, prompt, stream, response, conversation):
        yield "text"

@llm.hookimpl
def register_models(register):
    register(Model())
"""
FIRST_OF_OURS = "from graphbit_core import default_host; default_host().component({kind!r}, {name!r})"
FIRST_OF_THEIRS = "import llm; llm.get_model({model!r})"

COMPARED = (
    ("`graphbit plugins list`", "`llm plugins`"),
    ("`graphbit --version`", "`llm --version`"),
    ("`import graphbit_core` and a first component", "`import llm` and a first model"),
)


@dataclass(frozen=True)
class Command:
    """What is run, with how many add-ons."""

    title: str
    count: int
    words: tuple[str, ...]
    path: str


def write_add_ons(folder: Path, count: int, *, group: str, source: str, attribute: str) -> None:
    """Distributions as an installer leaves them; the first ones are heavy."""
    for number in range(count):
        name = f"bench_add_on_{number}"
        (folder / f"{name}.py").write_text((BURN if number < HEAVY else "") + source.format(number=number))
        info = folder / f"{name}-1.{number}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.{number}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nbench-{number} = {name}{attribute}\n")


def our_python() -> Path:
    """The interpreter of an environment with the core's wheel and what it requires."""
    build_wheels()
    folder = ENVIRONMENTS / "graphbit-core"
    venv.create(folder, clear=True)
    python = folder / "bin" / "python"
    links = ("--no-index", "--find-links", workspace.DIST, "--find-links", workspace.WHEELHOUSE)
    subprocess.run(workspace.pip("--python", python, "install", *links, "graphbit-core"), check=True)
    return python


def commands(folder: Path) -> Iterator[Command]:
    """Ours, and the peer's where it can be installed."""
    python, peer = our_python(), peer_python(PEER)
    for count in COUNTS:
        path = folder / f"graphbit-{count}"
        path.mkdir()
        write_add_ons(path, count, group="graphbit.loaders", source=OURS, attribute=":Component")
        graphbit = str(python.with_name("graphbit"))
        yield Command("`graphbit plugins list`", count, (graphbit, "plugins", "list"), str(path))
        yield Command("`graphbit --version`", count, (graphbit, "--version"), str(path))
        kind, name = ("loader", f"bench-{count - 1}") if count else ("node_type", "delay")
        code = FIRST_OF_OURS.format(kind=kind, name=name)
        title = "`import graphbit_core` and a first component"
        yield Command(title, count, (str(python), "-c", code), str(path))
    for count in COUNTS if peer else ():
        path = folder / f"llm-{count}"
        path.mkdir()
        write_add_ons(path, count, group="llm", source=THEIRS, attribute="")
        llm = str(Path(str(peer)).with_name("llm"))
        yield Command("`llm plugins`", count, (llm, "plugins"), str(path))
        yield Command("`llm --version`", count, (llm, "--version"), str(path))
        code = FIRST_OF_THEIRS.format(model=f"bench-{count - 1}" if count else "gpt-4o-mini")
        yield Command("`import llm` and a first model", count, (str(peer), "-c", code), str(path))


def cost_of(command: Command, home: Path) -> Cost:
    """One run.

    Raises:
        RuntimeError: It failed.
    """
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "LLM_USER_PATH": str(home)}
    started = time.perf_counter()
    child = subprocess.Popen(
        command.words,
        cwd=home,
        env={**kept, "PYTHONPATH": command.path},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    said = child.stderr.read().decode() if child.stderr else ""
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command.words)} failed: {said[-500:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall)


def measured(rounds: int = ROUNDS) -> dict[tuple[str, int], Cost]:
    """Title and count → medians of the quieter half of the rounds."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        all_of_them = list(commands(folder))
        for command in all_of_them:
            cost_of(command, folder)  # writes the bytecode
        taken = [[cost_of(command, folder) for command in all_of_them] for _ in range(rounds)]
    taken.sort(key=lambda costs: sum(cost.wall for cost in costs))
    quiet = list(zip(*taken[: (rounds + 1) // 2], strict=True))
    return {
        (command.title, command.count): Cost(
            statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs)
        )
        for command, costs in zip(all_of_them, quiet, strict=True)
    }


def main() -> list[tuple[str, ...]]:
    """Rows of the table."""
    found = measured()
    titles = list(dict.fromkeys(title for title, _ in found))
    rows = [
        (title, *(f"{duration(found[title, n].cpu)} ({duration(found[title, n].wall)})" for n in COUNTS))
        for title in titles
    ]
    for ours, theirs in COMPARED:
        if (theirs, 0) in found:
            ratios = [ratio(found[theirs, n].cpu / found[ours, n].cpu) for n in COUNTS]
            rows.append((f"{theirs} : {ours}", *ratios))
    return rows


if __name__ == "__main__":
    for row in main():
        print(" | ".join(row))
