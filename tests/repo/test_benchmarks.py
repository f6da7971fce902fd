"""The scripts of the benchmarks, which no test runs: they compile and look alike, and tables are tables."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import engine_peers
import pytest
import workspace
from engine_peers import HEADER, OURS, PEERS, Client, Measurement, Turns, cells, flatness
from table import duration, ratio, table

BENCHMARKS = workspace.ROOT / "benchmarks"
CHAIN = Measurement("chain of 100, per node", "chain", 100, 100)


def calls_of(path: Path, name: str) -> list[ast.Call]:
    tree = ast.parse(path.read_bytes())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == name]


def result(wall: float, value: float | None = None) -> dict[str, float | None]:
    return {"wall": wall, "cpu": wall / 2, "value": value}


@pytest.fixture
def client(tmp_path):
    def make(name: str, code: str) -> Client:
        (tmp_path / f"{name}.py").write_text(code)
        return Client(name, str(tmp_path / f"{name}.py"))

    return make


def test_every_script_compiles():
    scripts = sorted(BENCHMARKS.glob("**/*.py"))
    assert len(scripts) > 15
    for script in scripts:
        compile(script.read_bytes(), script, "exec")


def test_they_are_found_by_their_names():
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "run.py", "nonsense"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "no benchmark nonsense; there are: engine, " in done.stderr


def test_every_engine_client_serves_every_scenario():
    protocol = ast.parse((BENCHMARKS / "clients" / "engine_protocol.py").read_bytes())
    (serve,) = (n for n in ast.walk(protocol) if isinstance(n, ast.FunctionDef) and n.name == "serve")
    scenarios = [argument.arg for argument in serve.args.kwonlyargs]
    asked = {m.scenario for m in (*engine_peers.NODES, *engine_peers.BUILDS, *engine_peers.SIBLINGS)}
    assert asked | {"map_items"} == set(scenarios)
    for one in (OURS, *PEERS):
        (call,) = calls_of(BENCHMARKS / "clients" / one.script, "serve")
        assert [keyword.arg for keyword in call.keywords] == scenarios, one.script


def test_every_peer_is_pinned():
    assert all("==" in peer.requirement for peer in PEERS)


def test_a_table_is_markdown():
    assert table(("what", "figure"), [("a", "1")]) == "| what | figure |\n|---|---|\n| a | 1 |"


def test_a_row_that_does_not_fit_the_header_is_refused():
    with pytest.raises(ValueError, match="1 cells under 2 headings"):
        table(("what", "figure"), [("a",)])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.52e-6, "0.52 µs"), (7.25e-6, "7.2 µs"), (12.4e-6, "12 µs"), (0.0031, "3.1 ms"), (1.02, "1.0 s")],
)
def test_a_duration_has_the_unit_that_reads_best(seconds, text):
    assert duration(seconds) == text


def test_a_ratio_says_how_many_times():
    assert [ratio(0.5), ratio(4.56), ratio(1234.0)] == ["0.50×", "4.6×", "1,234×"]


def test_a_cell_of_a_peer_has_the_median_of_the_ratios_of_each_round():
    figures = {"graphbit": [result(0.001), result(0.002)], "LangGraph": [result(0.010), result(0.010)]}
    row = cells(CHAIN, figures)
    assert row[:3] == [CHAIN.title, "15 µs (CPU 7.5 µs)", "100 µs, 7.5× (CPU 7.5×)"]
    assert row[3:] == ["—"] * (len(HEADER) - 3)


def test_a_cell_without_a_figure_of_ours_has_no_ratio():
    row = cells(CHAIN, {"graphbit": "failed", "LangGraph": [result(0.010)]})
    assert row[1:3] == ["failed", "100 µs (CPU 50 µs)"]


def test_a_lag_is_told_as_it_is():
    row = cells(Measurement("child", "sleeping_sibling", 1, None), {"graphbit": [result(1.0, 0.0021)]})
    assert row[1] == "2.1 ms"


def test_flatness_compares_the_largest_map_that_was_reached_with_the_smallest():
    sizes = [Measurement("map", "map_items", size, size) for size in (10, 100, 1000)]
    ours, theirs = [1.0, 10.0, 100.0], [1.0, 30.0]
    figures = [{"graphbit": [result(wall)], "LangGraph": "> 60 s"} for wall in ours]
    for known, wall in zip(figures, theirs, strict=False):
        known["LangGraph"] = [result(wall)]
    assert flatness(list(zip(sizes, figures, strict=True)))[1:4] == ["1.0×", "3.0× (at 100)", "—"]


def test_a_client_that_takes_too_long_is_cut_and_not_asked_again(client, tmp_path):
    asked = tmp_path / "asked"
    slow = client("slow", "import os, signal; os.kill(os.getpid(), signal.SIGALRM)")
    quick = client("quick", f"open({str(asked)!r}, 'a').write('x'); print('{{\"wall\": 1}}')")
    figures = Turns({slow: sys.executable, quick: sys.executable}, 2, 60.0).measure(
        CHAIN, {"other": "failed"}
    )
    assert figures == {"slow": "> 60 s", "quick": [{"wall": 1}] * 2}
    again = Turns({quick: sys.executable}, 2, 60.0).measure(CHAIN, {"quick": "> 60 s"})
    assert again == {"quick": "> 60 s"}
    assert asked.read_text() == "xx"


def test_a_client_that_fails_is_named_with_the_reason(client, capsys):
    broken = client("broken", "raise SystemExit('no such graph')")
    assert Turns({broken: sys.executable}, 2, 60.0).measure(CHAIN) == {"broken": "failed"}
    assert capsys.readouterr().out == "broken, chain of 100, per node: no such graph\n\n"
