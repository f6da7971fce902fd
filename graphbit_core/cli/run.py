"""``graphbit run``, ``validate``, ``draw`` and ``schema``: workflows written as YAML or JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.table import format_table, print_error, printable
from graphbit_core.errors import MissingInputError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from graphbit_core.types.events import Event
    from graphbit_core.workflow.result import NodeReport, WorkflowResult
    from graphbit_core.workflow.workflow import Workflow


def add(subparsers: Any) -> None:
    """Adds the commands."""
    runner = subparsers.add_parser("run", help="run a workflow file", description="Run a workflow file.")
    _workflow_argument(runner)
    runner.add_argument(
        "--input", action="append", default=[], metavar="NAME=VALUE", help="an input of the run; repeatable"
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
    describer.set_defaults(run=schema)


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
        result = executor.execute(workflow, inputs)
    if arguments.draw is not None:
        _write_picture(arguments.draw, workflow, result)
    if arguments.json:
        if not arguments.stream:
            print(json.dumps(_result_json(result), ensure_ascii=False, indent=2))
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


def _inputs(pairs: Sequence[str]) -> dict[str, str]:
    inputs = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise ValidationError(f"--input {pair!r} must read NAME=VALUE", field="input")
        inputs[name] = value
    return inputs


def _require(names: Sequence[str], inputs: Mapping[str, str]) -> None:
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
        print(json.dumps(event.to_dict(), ensure_ascii=False), flush=True)
    elif event.type == "llm.delta":
        print(event.data.get("text", ""), end="", flush=True)
    elif event.type == "llm.completed":
        print(flush=True)
    else:
        details = " ".join(f"{key}={value}" for key, value in event.data.items())
        line = f"{event.seq:>5}  {event.type:<16} {event.node or '':<20} {details}".rstrip()
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
        "outputs": {node: _plain(value) for node, value in result.outputs.items()},
        "errors": [str(error) for error in result.errors],
        "nodes": [
            {
                "id": n.id,
                "state": n.state,
                "seconds": n.seconds,
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
    for error in result.errors:
        print_error(f"error: {error}")
    for node in result.sinks:
        if node in result.outputs:
            print(f"\n{_text(result.outputs[node])}")


def run_table(nodes: Sequence[NodeReport]) -> str:
    """A run as a table: node, state, time and tokens."""
    rows = []
    for node in nodes:
        state = f"{node.state} ({node.reason})" if node.reason else node.state
        seconds = None if node.seconds is None else f"{node.seconds * 1000:,.1f} ms"
        rows.append((node.name, state, seconds, node.usage.total_tokens or None))
    return format_table(("NODE", "STATE", "TIME", "TOKENS"), rows)


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
        print(json.dumps(rows, ensure_ascii=False, indent=2))
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

    print(json.dumps(Workflow.json_schema(), ensure_ascii=False, indent=2))
    return 0
