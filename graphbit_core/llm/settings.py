"""Settings that all network providers share: where the key comes from, which URLs are allowed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from graphbit_core.errors import ConfigError
from graphbit_core.types.secret import Secret


def resolve_key(provider: str, value: str | Secret | None, env: str | Sequence[str]) -> Secret:
    """The API key: ``value``, or the environment variable ``env``; of several the first that is set.

    Raises:
        ConfigError: None is set, or the key holds characters that no HTTP header can carry.
    """
    env = _first_set(env)
    key = value if value is not None else os.environ.get(env, "")
    secret = key if isinstance(key, Secret) else Secret(key.strip())
    if not secret:
        raise ConfigError(
            f"{provider} needs an API key: set the environment variable {env} or pass api_key=…",
            setting="api_key",
            source=env,
        )
    if not all("!" <= character <= "~" for character in secret.reveal()):
        raise ConfigError(
            f"the API key of {provider} holds a space, a line break or a non-ASCII character; copy it again",
            setting="api_key",
            source=env if value is None else "api_key",
        )
    return secret


def optional_key(provider: str, value: str | Secret | None, env: str | Sequence[str]) -> Secret | None:
    """As ``resolve_key``, but None where no key is set, for servers that need none. Raises ConfigError."""
    found = value is not None or os.environ.get(_first_set(env), "").strip()
    return resolve_key(provider, value, env) if found else None


def _first_set(env: str | Sequence[str]) -> str:
    """The first variable that is set; else the first, for messages to name."""
    names = (env,) if isinstance(env, str) else env
    return next((name for name in names if os.environ.get(name, "").strip()), next(iter(names), ""))


def check_base_url(url: str, allow_insecure: bool = False) -> str:
    """``url`` without a slash at its end.

    Raises:
        ConfigError: Not an http(s) URL with a host; or it carries a user, query or fragment; or it is plain
            http to a host that is not this machine, and ``allow_insecure`` is False. No message shows it.
    """
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _bad_url("is not a URL") from error
    if parts.scheme not in ("http", "https") or not host:
        raise _bad_url("must look like https://host/path")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad_url("must not hold a user name, a query or a fragment; pass the key as api_key=…")
    if parts.scheme == "http" and not allow_insecure and not _is_loopback(host):
        raise _bad_url(
            "is plain http to another machine, where anyone on the way can read the key; use https, or pass "
            "allow_insecure=True"
        )
    return url.strip().rstrip("/")


def resource_name(provider: str, base_url: str, key: Secret | None = None) -> str:
    """Names what shares a breaker and limits, without showing the URL or the key."""
    return f"{provider}:{_mark(base_url)}:{key.fingerprint() if key else 'no-key'}"


def server_mark(base_url: str, usual: str) -> str:
    """What a fingerprint ends with where vectors come from another server than the ``usual`` one."""
    return "" if base_url == usual else f":{_mark(base_url)}"


def _mark(base_url: str) -> str:
    return hashlib.blake2b(base_url.encode(), digest_size=4).hexdigest()


def _bad_url(what: str) -> ConfigError:
    return ConfigError(f"base_url {what}", setting="base_url")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
