"""The host of this process."""

from __future__ import annotations

import threading

from graphbit_core.host.host import Host
from graphbit_core.host.settings import HostSettings

_lock = threading.Lock()
_host: Host | None = None


def default_host() -> Host:
    """The process's host, made at first use from the environment and the nearest configuration file.

    Raises:
        ConfigError: A variable or the file is wrong; the next call reads them again.
    """
    global _host
    with _lock:
        if _host is None or _host.closed:
            _host = Host(HostSettings.load())
        return _host
