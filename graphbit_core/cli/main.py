"""The command line: built-in commands, and those that plugins add."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from graphbit_core.cli import ask, models, plugins, run
from graphbit_core.cli.output import kept_for_json
from graphbit_core.cli.table import print_error
from graphbit_core.errors import ConfigError, GraphBitError, ValidationError

COMMANDS = (ask, run, models, plugins)
"""Built-in commands: modules with ``add(subparsers)``, which sets ``run``: a function from the parsed
arguments to the exit status."""

FAILED, MISUSED, INTERRUPTED = 1, 2, 130


class _Version(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib_metadata import PackageNotFoundError, version

        try:
            print(f"graphbit {version('graphbit-core')}")
        except PackageNotFoundError:
            print("graphbit (not installed: run from its sources)")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit status: 0 done, 1 failed, 2 wrong usage or configuration, 130 interrupted; a command may
        have others of its own.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if sys.stderr is None:  # whoever started us has closed it
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Whatever a terminal's encoding lacks is written as \uXXXX, which JSON understands too.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except (ConfigError, ValidationError) as error:
        return _failed(error, MISUSED)
    except GraphBitError as error:
        return _failed(error, FAILED)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="graphbit", description="Runs AI workflows made of plugins.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in COMMANDS:
        module.add(subparsers)
    own = frozenset(subparsers.choices)
    command = next((word for word in arguments if not word.startswith("-")), None)
    if command not in own and "--version" not in arguments:
        _add_from_plugins(subparsers)  # imports them, so only when the command may be theirs
    parsed = parser.parse_args(arguments)
    if not hasattr(parsed, "run"):
        parser.print_help()
        return MISUSED
    for_json = command in own and getattr(parsed, "json", False)
    with kept_for_json() if for_json else nullcontext():
        status: int = parsed.run(parsed)
    return status


def _add_from_plugins(subparsers: Any) -> None:
    from graphbit_core.host import default_host

    host = default_host()
    for origin, command in host.call_each("graphbit_add_cli_commands"):
        host.reporter.guarded(origin, "command", partial(_add, subparsers, command), None)


def _add(subparsers: Any, command: Any) -> None:
    """Adds a plugin's command: first to a parser of no use, so that one that fails leaves nothing behind."""
    trial = argparse.ArgumentParser(prog="graphbit").add_subparsers()
    command.add(trial)
    taken = sorted(set(trial.choices) & set(subparsers.choices))
    if taken:
        raise ValueError(f"there is a command {taken[0]!r} already")
    command.add(subparsers)


def _failed(error: GraphBitError, status: int) -> int:
    print_error(f"graphbit: {error}")
    return status
