"""``graphbit plugins new``: writes a plugin that works, to be changed into yours."""

from __future__ import annotations

import argparse
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.table import print_error
from graphbit_core.errors import ConfigError

if TYPE_CHECKING:
    from graphbit_core.cli.plugins.in_house import Entry
    from graphbit_core.cli.plugins.naming import Names


def add(commands: Any) -> None:
    """Adds ``new``."""
    parser = commands.add_parser(
        "new",
        help="write a new plugin that works and passes its check, to be changed into yours",
        description="Writes the folder of a package, or with --in-house a file, its test and the entry in "
        "graphbit.toml. Nothing is overwritten.",
    )
    parser.add_argument("kind", metavar="KIND", help="provider, node_type, loader, …; plugin: one with hooks")
    parser.add_argument("name", metavar="NAME", help="what users write, for example my-thing")
    parser.add_argument("--in-house", action="store_true", help="a file of your project instead of a package")
    parser.add_argument(
        "--local", action="store_true", help="a provider or embedder that computes in this process"
    )
    parser.add_argument("--into", type=Path, default=Path(), metavar="FOLDER", help="where (default: here)")
    parser.add_argument("--description", default="", metavar="TEXT", help="what it does, in a few words")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from graphbit_core.cli.plugins import in_house, scaffold
    from graphbit_core.cli.plugins.naming import Names, check_name

    flavour = scaffold.flavour_of(args.kind, local=args.local)
    names = Names(args.kind, args.name, in_house=args.in_house)
    check_name(names)
    if not args.into.is_dir():
        raise ConfigError(f"there is no folder {args.into}; make it first", setting="into")
    contents = scaffold.render(flavour, names, args.description)
    entry = in_house.entry_for(names, args.into) if names.in_house else None
    _warn_of_others(names, entry.place if entry else names.distribution)
    paths = scaffold.write(args.into, contents)
    try:
        if entry is not None:
            entry.write()
    finally:  # told last: a reader that has seen enough must not leave the entry out
        for path in paths:
            print(f"wrote {path}")
    if entry is None:
        _say_next_of_package(names, args.into)
    else:
        _say_next_of_file(names, args.into, entry)
        print(f"\nAn example of its use, to be run there:\n\n{scaffold.example(flavour, names)}")
    return 0


def _warn_of_others(names: Names, own: str) -> None:
    from graphbit_core.host import default_host

    others = [info.distribution for info in default_host().list(names.kind) if info.name == names.name]
    if others:
        print_error(
            f"warning: {' and '.join(others)} offers a {names.kind} {names.name!r} already. Where both are "
            f"there, one has to write '{names.name}@{own}', or a line in [plugins.prefer]; another name "
            "spares that"
        )


def _say_next_of_package(names: Names, into: Path) -> None:
    _say_next(into / names.distribution, "pip install -e . pytest", "graphbit plugins check", names)
    print(
        f"It works as it is: README.md has an example. Make it yours in {names.module}/{names.file}.py,\n"
        f"and say in tests/test_conformance.py what goes in and what comes out."
    )


def _say_next_of_file(names: Names, into: Path, entry: Entry) -> None:
    file = os.path.relpath(entry.file)
    if entry.text is not None:
        print(f"added to {file}: [{entry.table}] {entry.line}")
    else:
        print(f"\nAdd this to {file}, which cannot be extended safely:\n\n[{entry.table}]\n{entry.line}")
    _say_next(into, "", f"graphbit plugins check {names.name}", names)
    print(
        f"It works as it is. Make it yours in {names.file}.py, and say in test_{names.file}.py what goes in\n"
        "and what comes out."
    )


def _say_next(folder: Path, install: str, check: str, names: Names) -> None:
    here = folder.absolute() == Path.cwd()
    change = "" if here else f"cd {shlex.quote(str(folder))}"
    steps = (change, install, check, f"graphbit plugins show {names.name}")
    print("\nNext:", *(f"  {step}" for step in steps if step), "", sep="\n")
