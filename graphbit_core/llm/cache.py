"""Answers that were given before: exact matches, kept in SQLite, shared by threads and processes."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sqlite3
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from graphbit_core.errors import ConfigError, DecodeError, ValidationError
from graphbit_core.llm.answers import read_answer, write_answer
from graphbit_core.llm.endpoints.endpoint import Endpoint
from graphbit_core.llm.redact import is_secret_name
from graphbit_core.types.messages import ChatRequest, ChatResponse

Key = bytes
T = TypeVar("T")

_log = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS answers (
    key BLOB PRIMARY KEY, value TEXT NOT NULL, digest BLOB NOT NULL, size INTEGER NOT NULL,
    created REAL NOT NULL, used REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_use ON answers (used);
"""
_FORMAT = 1
"""Of keys and values; answers of another format are not found."""
_BUSY_SECONDS = 2.0
_TOUCH_AFTER = 60.0
"""Seconds after which a hit is noted: a read need not write each time."""
_KEPT = 0.9
"""Share of ``max_bytes`` that stays when room is made."""


class ResponseCache:
    """Keeps complete answers. Safe to share between threads, clients and, as a file, processes.

    A request is the same if the provider would be sent the same: URL, body and headers but for credentials.
    Kept are answers that ended by themselves. What asks for variety (``temperature`` above 0) and answers
    that ask for tools are kept only where that is asked for. A row that cannot be read, and a file that
    cannot be used, are logged as warnings, counted, and otherwise as if nothing were there.

    Args:
        path: The file; None: ``default_cache_path()``; ``":memory:"`` keeps answers in this process only.
        ttl: Seconds for which an answer holds, above 0; None: for ever.
        max_bytes: Most bytes of answers; those unused for longest make room. At least 65,536.
        sampled: Keep answers to requests with a ``temperature`` above 0, too.
        tool_calls: Keep answers that ask for tools, too.
        clock: Seconds since the epoch.

    Raises:
        ValidationError: A value is out of range.
        ConfigError: The folder of the file cannot be made.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        ttl: float | None = 86_400.0,
        max_bytes: int = 256 * 1024 * 1024,
        sampled: bool = False,
        tool_calls: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if ttl is not None and not ttl > 0:
            raise ValidationError(f"ttl is {ttl}; it must be above 0 seconds, or None", field="ttl")
        if max_bytes < 65_536:
            raise ValidationError(f"max_bytes is {max_bytes}; it must be at least 65,536", field="max_bytes")
        self.path = str(default_cache_path() if path is None else path)
        self._ttl, self._max_bytes, self._clock = ttl, max_bytes, clock
        self._sampled, self._tool_calls = sampled, tool_calls
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._grown = 0
        self._counts = {"hits": 0, "misses": 0, "stored": 0, "corrupt": 0, "faults": 0}
        if self.path != ":memory:":
            _make_folder(Path(self.path))

    def key(self, endpoint: Endpoint, request: ChatRequest) -> Key | None:
        """What names the request, whatever the credential; None if the API cannot express it."""
        try:
            identity = _identity(endpoint, endpoint.completed(request))
        except ValidationError:
            return None  # whoever sends it is told
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).digest()

    def keeps(self, request: ChatRequest, answer: ChatResponse) -> bool:
        """Whether the answer is one to keep."""
        if request.temperature and not self._sampled:
            return False
        if answer.tool_calls:
            return self._tool_calls and answer.finish_reason in ("tool_calls", "stop")
        return answer.finish_reason == "stop"

    def get(self, key: Key) -> ChatResponse | None:
        """The answer for ``key``; it costs nothing and is ``cached``."""
        found = self._do(lambda connection: self._read(connection, key))
        with self._lock:
            self._counts["misses" if found is None else "hits"] += 1
        return found

    def put(self, key: Key, answer: ChatResponse) -> None:
        """Keeps ``answer``, in place of what was there."""
        value = write_answer(answer)
        size, now = len(value.encode()), self._clock()
        if size > self._max_bytes:
            return

        def write(connection: sqlite3.Connection) -> None:
            row = (key, value, _digest(value), size, now, now)
            connection.execute("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)", row)
            self._counts["stored"] += 1
            self._grown += size
            if self._grown > self._max_bytes // 32:
                self._grown = 0
                self._make_room(connection)

        self._do(write)

    def clear(self) -> None:
        """Forgets all answers."""
        self._do(lambda connection: connection.execute("DELETE FROM answers"))

    def close(self) -> None:
        """Closes the file; it is opened again when it is needed. What is in memory is gone."""
        if self._process == os.getpid():
            with self._lock:
                self._close()

    def get_stats(self) -> dict[str, int]:
        """``hits``, ``misses``, ``stored``, ``corrupt`` (rows) and ``faults`` (of the file)."""
        return dict(self._counts)

    def __repr__(self) -> str:
        return f"ResponseCache({self.path!r})"

    # --- the file ---

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """Works on the file, in one transaction; a fault of the file is logged, counted, and gives None."""
        if self._process != os.getpid():
            self._begin_in_child()
        with self._lock:
            try:
                with self._opened() as connection:
                    return work(connection)
            except (sqlite3.Error, OSError) as error:
                self._counts["faults"] += 1
                _log.warning("the response cache %s cannot be used: %s", self.path, error)
                self._close()
                return None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            if self.path != ":memory:":
                Path(self.path).touch(mode=0o600)  # a new file is nobody else's to read
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, check_same_thread=False)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.executescript(_SCHEMA)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _begin_in_child(self) -> None:
        """A forked child must not touch its parent's connection, nor wait for a lock that nobody frees."""
        if self._connection is not None:
            _of_parent.append(self._connection)
        self._lock, self._connection, self._process = threading.Lock(), None, os.getpid()

    def _read(self, connection: sqlite3.Connection, key: Key) -> ChatResponse | None:
        query = "SELECT value, digest, created, used FROM answers WHERE key = ?"
        row = connection.execute(query, (key,)).fetchone()
        if row is None:
            return None
        value, digest, created, used = row
        now = self._clock()
        try:
            if _digest(value) != digest:
                raise DecodeError("a stored answer is not what was stored")
            if self._ttl is not None and not 0 <= now - created < self._ttl:
                connection.execute("DELETE FROM answers WHERE key = ?", (key,))
                return None
            answer = read_answer(value)
        except (DecodeError, TypeError, AttributeError) as error:
            self._counts["corrupt"] += 1
            _log.warning("an answer in the response cache %s is left out: %s", self.path, error)
            connection.execute("DELETE FROM answers WHERE key = ?", (key,))
            return None
        if now - used > _TOUCH_AFTER:
            connection.execute("UPDATE answers SET used = ? WHERE key = ?", (now, key))
        return answer

    def _make_room(self, connection: sqlite3.Connection) -> None:
        """Deletes what is too old, then what was not used for longest, until it fits."""
        if self._ttl is not None:
            connection.execute("DELETE FROM answers WHERE created <= ?", (self._clock() - self._ttl,))
        (total,) = connection.execute("SELECT COALESCE(SUM(size), 0) FROM answers").fetchone()
        if total <= self._max_bytes:
            return
        excess = total - int(self._max_bytes * _KEPT)
        connection.execute(
            """DELETE FROM answers WHERE key IN (
                SELECT key FROM (
                    SELECT key, SUM(size) OVER (ORDER BY used, key) - size AS before FROM answers
                ) WHERE before < ?
            )""",
            (excess,),
        )


def default_cache_path() -> Path:
    """Where answers are kept unless a path is given: in the user's cache folder."""
    home = Path.home()
    if sys.platform == "darwin":
        folder = home / "Library" / "Caches"
    elif sys.platform == "win32":
        folder = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return folder / "graphbit" / "responses.sqlite"


def cache_of(cache: ResponseCache | bool | str | os.PathLike[str]) -> ResponseCache | None:
    """The cache that is meant: one, the default one (True), a file's, or none."""
    if cache is False:
        return None
    if isinstance(cache, ResponseCache):
        return cache
    if cache is True:
        return ResponseCache()
    if not isinstance(cache, str | os.PathLike):
        raise ValidationError(f"cache is {cache!r}; it is a ResponseCache, a path, or True", field="cache")
    return ResponseCache(cache)


def _identity(endpoint: Endpoint, request: ChatRequest) -> list[Any]:
    if endpoint.codec is None:
        return [_FORMAT, endpoint.provider, endpoint.model, _plain(request)]
    http = endpoint.codec.encode(request, stream=False)
    headers = {name: value for name, value in http.headers.items() if not is_secret_name(name)}
    return [_FORMAT, endpoint.provider, http.method, http.url, headers, http.body.decode("latin-1")]


def _plain(value: Any) -> Any:
    """A request of a model of this process as JSON; two that differ never look alike."""
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    if hasattr(value, "__dataclass_fields__"):
        found = {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
        return {"type": type(value).__name__, **found}
    if isinstance(value, dict):
        return [[str(key), _plain(one)] for key, one in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _digest(value: str) -> bytes:
    return hashlib.blake2b(value.encode(), digest_size=16).digest()


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"the folder of the response cache, {path.parent}, cannot be made: {error.strerror}"
        raise ConfigError(problem, setting="cache", source=str(path)) from error


_of_parent: list[sqlite3.Connection] = []
"""What a forked child inherited; kept, because dropping it would close it."""
