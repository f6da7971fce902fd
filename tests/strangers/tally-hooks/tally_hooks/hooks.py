"""Counts how often each component is called: middleware, a subscriber and a command."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

from graphbit_core import Event, hookimpl

graphbit_api = (1, 0)

_COUNTED = {
    "loader": "load",
    "splitter": "split",
    "tokenizer": "count",
    "embedder": "embed",
    "vector_store": "search",
    "tool": "call",
    "provider": "chat",
    "node_type": "run",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """What a configuration may say in ``[plugins.settings]`` under ``plugin.tally``.

    Attributes:
        file: Where runs leave their counts, a line of JSON each; None: nothing is kept.
        kinds: The kinds that are counted; empty: all that can be.
    """

    file: Path | None = None
    kinds: list[str] | None = None


graphbit_settings = Settings


class Tally:
    """Counts of calls that no run has told yet."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Counts one call; from any thread."""
        with self._lock:
            self._calls[name] += 1

    def take(self) -> dict[str, int]:
        """What was counted, which is forgotten here."""
        with self._lock:
            taken, self._calls = self._calls, Counter()
        return dict(sorted(taken.items()))


_tally = Tally()


class Counted:
    """Any component, of which the calls of one method are counted."""

    def __init__(self, instance: Any, method: str, name: str) -> None:
        self._instance = instance
        if hasattr(instance, method):
            setattr(self, method, partial(_counted, getattr(instance, method), name))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._instance, name)


def _counted(call: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
    _tally.add(name)
    return call(*args, **kwargs)


@hookimpl
def graphbit_wrap_component(kind: str, name: str, settings: Settings) -> Callable[[Any], Any] | None:
    """Counts what the settings ask for."""
    if kind not in _COUNTED or (settings.kinds and kind not in settings.kinds):
        return None
    return lambda instance: Counted(instance, _COUNTED[kind], f"{kind}:{name}")


@hookimpl
def graphbit_subscribe_events(settings: Settings) -> tuple[Callable[[Event], None], Sequence[str]] | None:
    """Writes the counts down when a run ends; without a file it wants no events."""
    file = settings.file
    if file is None:
        return None

    def tell(_: Event) -> None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(_tally.take()) + "\n")

    return tell, ["run.succeeded", "run.failed", "run.cancelled"]


class Command:
    """``graphbit tally``: adds up what runs left in the file."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def add(self, subparsers: Any) -> None:
        """Adds the command."""
        about = "tell how often each component was called"
        parser = subparsers.add_parser("tally", help=about, description=about)
        parser.set_defaults(run=self.run)

    def run(self, _: argparse.Namespace) -> int:
        """Prints a line for each component, the one that was called most first."""
        file, total = self._settings.file, Counter[str]()
        if file is None:
            print("nothing is kept; set plugin.tally.file in graphbit.toml")
            return 1
        for line in file.read_text("utf-8").splitlines() if file.exists() else []:
            total.update(json.loads(line))
        for name, calls in total.most_common():
            print(calls, name)
        return 0


@hookimpl
def graphbit_add_cli_commands(settings: Settings) -> Iterable[Command]:
    """One command."""
    return [Command(settings)]
