"""``graphbit plugins``: what is installed, and what is wrong with it."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from graphbit_core.cli.plugins import check, doctor, listing, new, show

COMMANDS = (listing, show, doctor, check, new)
"""Modules with ``add(subparsers)``, a command each."""

_TRUST = (
    "GRAPHBIT_PLUGINS names the distributions that may be imported (unset: all; empty: none), "
    "GRAPHBIT_PLUGINS_DENY those that may not. This is not a sandbox: a plugin that is allowed can do "
    "whatever your user can."
)


def add(subparsers: Any) -> None:
    """Adds ``plugins`` with its commands."""
    parser = subparsers.add_parser("plugins", help="list, examine and make plugins", epilog=_TRUST)
    parser.set_defaults(run=partial(_help, parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)


def _help(parser: argparse.ArgumentParser, _: argparse.Namespace) -> int:
    parser.print_help()
    return 2
