"""Imports what an entry point names. The only place where a plugin's module is executed."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from graphbit_core.host.faults import load_failed, remove_fix
from graphbit_core.host.interrupts import Interrupts
from graphbit_core.host.records import Origin
from graphbit_core.host.reference import Reference
from graphbit_core.nearest import nearest

logger = logging.getLogger("graphbit.plugins")

SLOW_IMPORT_SECONDS = 5.0
"""After this long, an import that has not ended is named in a warning."""

T = TypeVar("T")
_file_locks: dict[str, threading.RLock] = {}


def contained(action: Callable[[], T], failed: Callable[[BaseException], Exception]) -> T:
    """Runs a plugin's code; whatever it raises, SystemExit too, becomes ``failed(error)``.

    Only an exception from a signal handler, such as Ctrl-C, passes unchanged.
    """
    with Interrupts() as interrupts:
        try:
            result = action()
        except BaseException as error:
            interrupts.reraise()
            raise failed(error) from error
        interrupts.reraise()
        return result


def load(origin: Origin) -> object:
    """The object that ``origin.entry_point`` names.

    Raises:
        PluginLoadError: The import or the attribute failed; the original error is its cause.
    """
    reference = origin.entry_point or ""
    with _named_when_slow(origin):
        return contained(lambda: resolve(reference), lambda error: load_failed(origin, error))


def resolve(text: str) -> object:
    """What a reference names, as an entry point or the configuration has it; its module is imported."""
    reference = Reference.read(text)
    module = _import_file(Path(reference.place)) if reference.is_file else import_module(reference.place)
    try:
        return reduce(getattr, filter(None, reference.attribute.split(".")), module)
    except AttributeError as error:
        if error.obj is not module:
            raise
        near = nearest(str(error.name), vars(module))
        raise AttributeError(
            f"{reference.place} has no attribute {error.name!r}{near}", name=error.name, obj=module
        ) from None


def module_name(path: Path) -> str:
    """The name under which a plugin file is imported: unique per file, and a legal identifier."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    return f"_graphbit_inhouse_{re.sub(r'[^0-9A-Za-z_]', '_', path.stem)}_{digest}"


def _import_file(path: Path) -> ModuleType:
    name = module_name(path)
    with _lock_of(name):  # as import has one: a second thread must not see a module half done
        return sys.modules.get(name) or _execute_file(name, path)


def forget_file(origin: Origin) -> None:
    """A file that was imported is executed again when it is next asked for."""
    reference = Reference.read(origin.entry_point or "")
    if reference.is_file:
        sys.modules.pop(module_name(Path(reference.place)), None)


def _lock_of(name: str) -> threading.RLock:
    return _file_locks.setdefault(name, threading.RLock())


def _execute_file(name: str, path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs, as import does: dataclasses and pickle look it up
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


@contextmanager
def _named_when_slow(origin: Origin) -> Iterator[None]:
    def warn() -> None:
        logger.warning(
            "%s: its import has not ended after %g s. If it hangs: %s",
            origin,
            SLOW_IMPORT_SECONDS,
            remove_fix(origin),
        )

    timer = threading.Timer(SLOW_IMPORT_SECONDS, warn)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
