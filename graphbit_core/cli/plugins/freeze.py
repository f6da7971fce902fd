"""``graphbit plugins freeze-hook``: tells PyInstaller what a frozen program needs to find its plugins."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.cli.table import printable
from graphbit_core.errors import ConfigError

if TYPE_CHECKING:
    from graphbit_core.host import ComponentInfo

FILE = "hook-graphbit_core.py"
"""PyInstaller goes by this name: it runs the hook for every program that imports graphbit_core."""

_MADE = "# Written by `graphbit plugins freeze-hook`."
_HOOK = '''\
{made} Run it again after installing or removing a plugin.
"""What PyInstaller cannot see in a program that uses graphbit_core: modules that are imported by name, the
metadata by which plugins are found, their data files, the compiled kernel."""

from PyInstaller.utils.hooks import (
    collect_data_files,
    collect_dynamic_libs,
    collect_submodules,
    copy_metadata,
    is_package,
)

DISTRIBUTIONS = {distributions}
MODULES = {modules}
NOT_NEEDED = "graphbit_core.testing"  # only pytest uses it


def is_needed(module):
    return module != NOT_NEEDED and not module.startswith(NOT_NEEDED + ".")


datas, binaries, hiddenimports = [], [], list(MODULES)
for distribution in DISTRIBUTIONS:
    datas += copy_metadata(distribution)
for module in filter(is_package, MODULES):
    hiddenimports += collect_submodules(module, filter=is_needed)
    datas += collect_data_files(module)
    binaries += collect_dynamic_libs(module)
'''


def add(commands: Any) -> None:
    """Adds ``freeze-hook``."""
    parser = commands.add_parser(
        "freeze-hook",
        help="write a PyInstaller hook, so that a frozen program finds its plugins",
        description=f"Write {FILE}: with it, PyInstaller puts the installed plugins into a program, with "
        "their metadata, modules and data files, and the compiled kernel. What is not allowed is left out.",
    )
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        type=Path,
        nargs="?",
        default=Path(),
        help="where to write it (default: .)",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from graphbit_core.host import default_host

    infos = [info for info in default_host().list() if info.state != "denied"]
    found = [info for info in infos if not _is_file(info) and _module(info) is not None]
    distributions = sorted({info.distribution for info in found if info.source == "installed"})
    path: Path = args.folder / FILE
    _write(path, hook(distributions, sorted({"graphbit_core", *filter(None, map(_module, found))})))
    print(f"{printable(path)}: {', '.join(map(printable, distributions))}")
    for info in infos:
        if info not in found and info.entry_point:
            why = (
                "it is read where the configuration names it" if _is_file(info) else "its module is not there"
            )
            print(f"not in it: {info.kind} {printable(info.name)} of {printable(info.distribution)}; {why}")
    print(f"\nnext: pyinstaller --additional-hooks-dir {printable(args.folder)} YOUR_PROGRAM.py")
    return 0


def hook(distributions: Iterable[str], modules: Iterable[str]) -> str:
    """The text of the hook."""
    return _HOOK.format(made=_MADE, distributions=_listed(distributions), modules=_listed(modules))


def _listed(names: Iterable[str]) -> str:
    return "[" + "".join(f'\n    "{name}",' for name in names) + "\n]"


def _is_file(info: ComponentInfo) -> bool:
    return (info.entry_point or "").partition(":")[0].endswith(".py")


def _module(info: ComponentInfo) -> str | None:
    """The outermost package, or the module, that holds it; None if it is not there. Nothing is imported.

    A namespace, which has no file, may belong to many distributions.
    """
    parts = (info.entry_point or "").partition(":")[0].strip().split(".")
    for length in range(1, len(parts) + 1):
        name = ".".join(parts[:length])
        spec = find_spec(name) if name else None
        if spec is None:
            return None
        if spec.origin is not None:
            return name
    return ".".join(parts)


def _write(path: Path, text: str) -> None:
    try:
        if path.exists() and not path.read_text(encoding="utf-8").startswith(_MADE):
            raise ConfigError(f"{path} is there already and was written by someone else; move it away")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}") from error
