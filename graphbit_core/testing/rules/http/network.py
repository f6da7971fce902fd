"""Rules for whatever calls a server: keys, addresses, and what an error may show."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import (
    AuthError,
    BadRequestError,
    ConfigError,
    GraphBitError,
    ProviderError,
    RateLimitError,
    UnavailableError,
)
from graphbit_core.testing.rules.component import CANARY, ComponentConformance

ONCE = {"max_attempts": 1}
STATUSES: dict[int, type[ProviderError]] = {
    400: BadRequestError,
    401: AuthError,
    403: AuthError,
    404: BadRequestError,
    408: UnavailableError,
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitError,
    500: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    529: UnavailableError,
}
GARBAGE = (b"", b"{}", b"[]", b"null", b'"text"', b"17", b"<html>busy</html>", b"\x00\xff\xfe", b'{"a":')


class ResourceConformance(ComponentConformance):
    """Rules about the address and the key of a component behind HTTP. They need ``component`` alone."""

    def make(self, **settings: Any) -> Any:
        """A fresh instance, with a key."""
        return super().make(**{**self.secret_settings(), **settings})

    def secret_settings(self) -> dict[str, Any]:
        return {"api_key": CANARY}

    def test_refuses_plain_http_to_another_machine_unless_it_is_allowed(self) -> None:
        with pytest.raises(ConfigError, match="allow_insecure"):
            self.make(base_url="http://models.example/v1", api_key=CANARY)
        self.make(base_url="http://models.example/v1", api_key=CANARY, allow_insecure=True)
        self.make(base_url="https://models.example/v1", api_key=CANARY)

    def test_another_key_or_address_is_another_resource(self) -> None:
        names = {
            self.make(api_key=key, base_url=url).resource()
            for key in ("sk-one-1234567", "sk-two-1234567")
            for url in ("https://a.example", "https://b.example")
        }
        assert len(names) == 4, "resource() names two keys or addresses alike; use resource_name()"


class NetworkConformance(ResourceConformance):
    """Rules that providers and embedders behind HTTP have in common."""

    needs: ClassVar[tuple[str, ...]] = ("key_env", "error_body")
    key_env: ClassVar[str]
    """The environment variable the key is read from; empty where there is none."""
    key_required: ClassVar[bool] = True
    """Whether the API wants a key at all."""

    def error_body(self, message: str) -> Any:
        """An error reply that says ``message``."""
        pytest.fail(f"{type(self).__name__} needs `error_body(message)`: how its API says {message!r}")

    def test_takes_its_key_from_the_environment_and_names_the_variable_when_it_is_missing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not hasattr(self, "key_env"):
            pytest.fail(f"{type(self).__name__} needs `key_env`: the environment variable of its key")
        if not self.key_env:
            assert not self.key_required, "say key_required = False, or which variable the key is read from"
            return
        monkeypatch.setenv(self.key_env, "sk-from-the-environment")
        with_key = self.component(**self.settings)
        monkeypatch.delenv(self.key_env)
        if self.key_required:
            with pytest.raises(ConfigError, match=self.key_env):
                self.component(**self.settings)
        else:
            without = self.component(**self.settings)
            assert with_key.resource() != without.resource(), f"it does not read {self.key_env}"


def check_error(error: BaseException, status: int) -> None:
    """An error says all that the reply told, which has this ``status`` and the words of the status rules."""
    told = {"status": status, "provider": "tested", "attempts": 1, "retry_after": 7.0, "request_id": "r-1"}
    for name, value in told.items():
        found = getattr(error, name, None)
        assert found == value, f"{status}: `{name}` of the error is {found!r}, not {value!r}"
    assert "scripted" in str(error), f"{status}: the error does not say what the API said: {error}"


def raised(call: Callable[[], Any]) -> GraphBitError:
    """The error that ``call`` must raise."""
    with pytest.raises(GraphBitError) as caught:
        call()
    return caught.value


def everything(error: BaseException) -> str:
    """All that a user, a log or another process could see of an error."""
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))
    return shown + pickle.dumps(error).decode("latin-1")


_VALUES: tuple[Any, ...] = (None, 7, -1, 10**400, True, "text", [], [7], {}, {"a": 1})


def spoiled(value: Any) -> Iterator[Any]:
    """``value`` with one part of it replaced or left out, for each part and each replacement."""
    yield from _VALUES
    if isinstance(value, dict):
        for name, part in value.items():
            yield {other: kept for other, kept in value.items() if other != name}
            yield from ({**value, name: other} for other in spoiled(part))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield from ([*value[:at], other, *value[at + 1 :]] for other in spoiled(part))
