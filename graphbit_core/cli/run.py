"""``graphbit run``, ``validate``, ``draw`` and ``schema``: workflows written as YAML or JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.output import print_json
from graphbit_core.cli.table import format_table, print_error, printable
from graphbit_core.errors import MissingInputError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphbit_core.types.events import Event
    from graphbit_core.workflow.result import NodeReport, WorkflowResult
    from graphbit_core.workflow.workflow import Workflow


_RUN_HELP = """Run a workflow file and print what became of its nodes, and its output.

Exit status: 0 the run succeeded, degraded or not; 1 it failed, or inputs are missing; 2 wrong arguments
or a faulty file; 130 interrupted."""


def add(subparsers: Any) -> None:
    """Adds the commands."""
    runner = subparsers.add_parser(
        "run",
        help="run a workflow file",
        description=_RUN_HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _workflow_argument(runner)
    runner.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an input of the run: NAME=TEXT, or NAME:=JSON for numbers, lists and objects; repeatable",
    )
    runner.add_argument("--model", help="provider:model for agents that name none")
    runner.add_argument(
        "--timeout", type=float, default=300.0, metavar="S", help="seconds the run may take (default: 300)"
    )
    runner.add_argument("--stream", action="store_true", help="print events as they happen")
    runner.add_argument("--json", action="store_true", help="print JSON; with --stream one event a line")
    runner.add_argument(
        "--draw",
        type=Path,
        metavar="FILE",
        help="write a picture of the run: DOT to .dot or .gv, else Mermaid",
    )
    runner.set_defaults(run=run)
    checker = subparsers.add_parser(
        "validate",
        help="print every fault of a workflow file",
        description="Print every fault of a workflow file; exit 1 if there is one.",
    )
    _workflow_argument(checker)
    checker.add_argument("--json", action="store_true", help="print the findings as JSON")
    checker.add_argument(
        "--resources",
        action="store_true",
        help="look also for missing API keys, models, tools, files; nothing is sent anywhere",
    )
    checker.add_argument("--model", help="with --resources: the --model that 'graphbit run' will be given")
    checker.set_defaults(run=validate)
    drawer = subparsers.add_parser(
        "draw",
        help="print a workflow file as a picture in text",
        description="Print a workflow file as a picture in text: a Mermaid flowchart, or Graphviz's DOT.",
    )
    _workflow_argument(drawer)
    drawer.add_argument(
        "--format", choices=("mermaid", "dot"), default="mermaid", help="default: %(default)s"
    )
    drawer.set_defaults(run=draw)
    describer = subparsers.add_parser(
        "schema",
        help="print the JSON Schema of workflow files",
        description="Print the JSON Schema of workflow files, with every installed node type, for editors.",
    )
    describer.set_defaults(run=schema, json=True)


def _workflow_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workflow", type=Path, metavar="FILE", help="a .yaml, .yml or .json file")


def _load(path: Path) -> Workflow:
    from graphbit_core.workflow.workflow import Workflow

    _find_functions_beside(path)
    return Workflow.from_file(path)


def _find_functions_beside(path: Path) -> None:
    """Functions that a workflow names may stand in modules beside its file."""
    folder = str(Path(os.path.realpath(path)).parent)  # resolve() raises at a loop of links
    if folder not in sys.path:
        sys.path.insert(0, folder)


def run(arguments: argparse.Namespace) -> int:
    """Runs ``graphbit run``: exit 0 if the run succeeded, else 1."""
    from graphbit_core.cli.progress import MapProgress
    from graphbit_core.workflow.executor import Executor

    workflow = _load(arguments.workflow)
    inputs = _inputs(arguments.input)
    executor = Executor(arguments.model, timeout_seconds=arguments.timeout)
    _require(workflow.inputs, inputs)
    if arguments.draw is not None:
        _write_picture(arguments.draw, workflow, None)  # a path that cannot be written shows before the run
    if arguments.stream:
        stream = executor.stream(workflow, inputs)
        for event in stream:
            _print_event(event, arguments.json)
        result = stream.result
    else:
        with MapProgress() as progress:
            watched = (
                executor.with_options(subscribers=[(progress, ["map.*"])]) if progress.shows else executor
            )
            result = watched.execute(workflow, inputs)
    if arguments.draw is not None:
        _write_picture(arguments.draw, workflow, result)
    if arguments.json:
        if not arguments.stream:
            print_json(_result_json(result))
    else:
        _print_result(result)
    return 0 if result.is_success() else 1


def _write_picture(path: Path, workflow: Workflow, result: WorkflowResult | None) -> None:
    form = "dot" if path.suffix.lower() in (".dot", ".gv") else "mermaid"
    try:
        path.write_text(workflow.draw(form, result), encoding="utf-8")
    except OSError as error:
        raise ValidationError(
            f"the picture {str(path)!r} cannot be written: {error}", field="draw"
        ) from error


def _inputs(pairs: Sequence[str]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        is_json, name = name.endswith(":"), name.removesuffix(":")
        if not equals or not name:
            raise ValidationError(f"--input {pair!r} must read NAME=TEXT or NAME:=JSON", field="input")
        inputs[name] = _json(pair, value) if is_json else value
    return inputs


def _json(pair: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValidationError(
            f"--input {pair!r:.80}: what follows ':=' is no JSON ({error}); NAME=TEXT gives a text",
            field="input",
        ) from error


def _require(names: Sequence[str], inputs: Mapping[str, Any]) -> None:
    """Says it in the words of the command line, and what else is near, before the executor does."""
    missing = [name for name in names if name not in inputs]
    if missing:
        unused = [name for name in inputs if name not in names]
        given = f"; nothing uses {', '.join(map(repr, unused))}" if unused else ""
        raise MissingInputError(
            f"inputs are missing{given}. Add: {' '.join(f'--input {name}=…' for name in missing)}",
            missing=tuple(missing),
        )


def _print_event(event: Event, as_json: bool) -> None:
    if as_json:
        print_json(event.to_dict(), indent=None)
    elif event.type == "llm.delta":
        print(event.data.get("text", ""), end="", flush=True)
    elif event.type == "llm.completed":
        print(flush=True)
    else:
        details = " ".join(f"{key}={value}" for key, value in event.data.items())
        path = (event.activation or "").partition("/")[2]
        line = f"{event.seq:>5}  {event.type:<16} {path or event.node or '':<20} {details}".rstrip()
        print(printable(line), flush=True)


def _plain(value: Any) -> Any:
    """``value`` as JSON types; the text of what JSON has no form for."""
    from graphbit_core.workflow.values import to_json

    try:
        return to_json(value)
    except (TypeError, RecursionError):
        return str(value)


def _result_json(result: WorkflowResult) -> dict[str, Any]:
    return {
        "run_id": result.run_id,
        "state": result.state,
        "output": _plain(result.output) if result.outputs.keys() & set(result.sinks) else None,
        "outputs": {node: _plain(value) for node, value in result.outputs.items()},
        "errors": [str(error) for error in result.errors],
        "handled": [str(error) for error in result.handled],
        "abandoned": list(result.abandoned),
        "nodes": [
            {
                "id": n.id,
                "state": n.state,
                "seconds": n.seconds,
                "attempts": n.attempts,
                "reason": n.reason,
                "tokens": n.usage.total_tokens,
                "error": str(n.error) if n.error else None,
            }
            for n in result.nodes
        ],
        "seconds": result.seconds,
    }


def _text(value: Any) -> str:
    from graphbit_core.workflow.values import as_text

    try:
        return as_text(value)
    except (TypeError, RecursionError):  # it has no JSON form
        return str(value)


def _print_result(result: WorkflowResult) -> None:
    print(run_table(result.nodes))
    print(f"\n{result.state} in {result.execution_time_ms():,.1f} ms", flush=True)
    for error in result.errors:
        print_error(f"error: {error}")
    for error in result.handled:
        print_error(f"handled: {error}")
    for path in result.abandoned:
        print_error(f"abandoned: {path} cannot be stopped and still runs")
    for node in result.sinks:
        if node in result.outputs:
            print(f"\n{_text(result.outputs[node])}")


def run_table(nodes: Sequence[NodeReport]) -> str:
    """A run as a table: node, state, time, attempts and tokens."""
    rows = []
    for node in nodes:
        state = f"{node.state} ({node.reason})" if node.reason else node.state
        seconds = None if node.seconds is None else f"{node.seconds * 1000:,.1f} ms"
        rows.append((node.name, state, seconds, node.attempts or None, node.usage.total_tokens or None))
    return format_table(("NODE", "STATE", "TIME", "ATTEMPTS", "TOKENS"), rows)


def validate(arguments: argparse.Namespace) -> int:
    """Runs ``graphbit validate``: exit 0 without findings, else 1."""
    from graphbit_core.workflow import spec
    from graphbit_core.workflow.executor import Executor

    if arguments.model and not arguments.resources:
        raise ValidationError("--model is looked at only with --resources; add it", field="model")
    _find_functions_beside(arguments.workflow)
    validate_run = Executor(arguments.model).validate if arguments.resources else None
    findings = spec.faults(arguments.workflow, validate_run)
    if arguments.json:
        rows = [{"code": f.code, "node": f.node, "message": f.message, "fix": f.fix} for f in findings]
        print_json(rows)
    else:
        for finding in findings:
            print(finding)
        if not findings:
            print(f"{arguments.workflow}: no faults found")
    return 1 if findings else 0


def draw(arguments: argparse.Namespace) -> int:
    """Runs ``graphbit draw``."""
    print(_load(arguments.workflow).draw(arguments.format), end="")
    return 0


def schema(arguments: argparse.Namespace) -> int:
    """Runs ``graphbit schema``."""
    from graphbit_core.workflow.workflow import Workflow

    print_json(Workflow.json_schema())
    return 0
