"""Records what a real API said, once, and plays it back in tests.

    with cassette("tests/cassettes/hello.json") as url:
        LlmClient("google", api_key="any", base_url=url).complete("Hello")

With ``record=True`` and ``upstream="https://…"``, the API's base URL, requests go there and the file is
written. Without it nothing leaves this machine: each request must be one that was recorded, with the same
method, path, meaning of its JSON body, and chosen headers. The file is JSON to be read and reviewed; no
credential is in it.
"""

from __future__ import annotations

import difflib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphbit_core.testing.model_server import ModelServer, Received
from graphbit_core.testing.recording import ask_upstream, play, request_record
from graphbit_core.testing.replies import Reply

_FORMAT = 1
_MATCHED = ("content-type",)


@contextmanager
def cassette(
    path: str | Path, *, record: bool = False, upstream: str | None = None, headers: Sequence[str] = _MATCHED
) -> Iterator[str]:
    """A base URL under which the cassette at ``path`` plays, or is recorded.

    Args:
        path: The file, ``.json``.
        record: Ask ``upstream`` and write the file anew, once the block has ended without an error.
        upstream: The base URL of the real API; for recording.
        headers: Names of request headers that must be the same too. Of a credential only its presence counts.

    Raises:
        AssertionError: A request is not the one that was recorded, or one that was recorded was not sent. The
            message shows the difference.
        FileNotFoundError: There is nothing to play.
        ValueError: ``record`` without ``upstream``, or a file that is no cassette.
    """
    file = Path(path)
    names = tuple(name.lower() for name in headers)
    tape: _Recorder | _Player
    if record:
        if upstream is None:
            raise ValueError("to record a cassette, give the base URL of the real API as upstream=…")
        tape = _Recorder(upstream.rstrip("/"), names)
    else:
        tape = _Player(_read(file), names)
    with ModelServer(tape.answer) as server:
        try:
            yield server.url
        except BaseException:
            tape.check_requests()  # what the block raised is then only what came of it
            raise
    tape.check_requests()
    if isinstance(tape, _Recorder):
        _write(file, tape.interactions)
    else:
        tape.check_unused(file)


@dataclass(slots=True)
class _Recorder:
    """Hands requests on, and keeps what was said."""

    upstream: str
    names: Sequence[str]
    interactions: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> Reply:
        """What the API says."""
        said, response = ask_upstream(self.upstream, request)
        with self.lock:
            self.interactions.append({"request": request_record(request, self.names), "response": response})
        return said

    def check_requests(self) -> None:
        """Any request may be recorded."""


@dataclass(slots=True)
class _Player:
    """Answers from what was recorded; each interaction is used once."""

    unused: list[dict[str, Any]]
    names: Sequence[str]
    mismatches: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> Reply:
        """What was recorded for the first interaction of this request; else status 400 and what differs."""
        asked = request_record(request, self.names)
        with self.lock:
            for interaction in self.unused:
                if _chosen(interaction["request"], self.names) == asked:
                    self.unused.remove(interaction)
                    return play(interaction["response"])
            mismatch = self._difference(asked)
            self.mismatches.append(mismatch)
        return Reply.json({"error": {"message": mismatch}}, 400)

    def check_requests(self) -> None:
        """Raises AssertionError for the first request that was not recorded."""
        if self.mismatches:
            raise AssertionError(self.mismatches[0])

    def check_unused(self, file: Path) -> None:
        """Raises AssertionError if something recorded was not asked for."""
        if self.unused:
            left = "\n".join(f"  {one['request']['method']} {one['request']['path']}" for one in self.unused)
            raise AssertionError(
                f"{file.name} holds {len(self.unused)} requests that were not sent; record it again:\n{left}"
            )

    def _difference(self, asked: dict[str, Any]) -> str:
        if not self.unused:
            what = f"{asked['method']} {asked['path']}"
            return f"the cassette is over, and {what} is asked for; record it again:\n{_shown(asked)}"
        expected = _shown(_chosen(self.unused[0]["request"], self.names)).splitlines()
        lines = difflib.unified_diff(expected, _shown(asked).splitlines(), "recorded", "sent", lineterm="")
        return "the request is not the one that was recorded; record it again, or see:\n" + "\n".join(lines)


def _chosen(recorded: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """A recorded request with those of its headers that are compared."""
    kept = {name: value for name, value in recorded.get("headers", {}).items() if name in names}
    return {**recorded, "headers": kept}


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True)


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        tape = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there is no cassette {file}; record it with record=True and upstream=…"
        ) from None
    except ValueError as error:
        raise ValueError(f"{file} is no cassette: {error}") from error
    if not isinstance(tape, dict) or tape.get("cassette") != _FORMAT:
        raise ValueError(f"{file} is no cassette of format {_FORMAT}; record it again")
    return list(tape["interactions"])


def _write(file: Path, interactions: Sequence[dict[str, Any]]) -> None:
    text = json.dumps({"cassette": _FORMAT, "interactions": interactions}, ensure_ascii=False, indent=1)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(text + "\n", encoding="utf-8")
    fresh.replace(file)
