"""What a node needs from outside, looked for before it runs: models with their keys, and installed tools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from graphbit_core.errors import ConfigError, Finding, PluginError, ValidationError
from graphbit_core.host.faults import divided

if TYPE_CHECKING:
    from graphbit_core.host import Host


def missing_model(llm: str, host: Host) -> Iterator[Finding]:
    """What keeps ``provider:model`` from being called, as far as it can be told without a call."""
    from graphbit_core.llm.client import LlmClient

    try:
        LlmClient(llm, host=host)
    except PluginError as error:
        message, fix = divided(error)
        yield Finding("unknown_model", f"{llm!r} cannot be had: {message}", fix or "install its provider")
    except ConfigError as error:
        code = "missing_key" if error.setting == "api_key" else "config"
        fix = f"set the environment variable {error.source}" if error.source else "correct the setting"
        yield Finding(code, error.message, fix)
    except ValidationError as error:
        yield Finding("unknown_model", error.message, "name a model that its provider has")


def missing_tools(names: Iterable[str], host: Host) -> Iterator[Finding]:
    """Installed tools that are named and cannot be had."""
    for name in names:
        try:
            host.create("tool", name)
        except PluginError as error:
            message, fix = divided(error)
            yield Finding("unknown_tool", message, fix or "see 'graphbit plugins list --kind tool'")
        except ValidationError as error:
            yield Finding("unknown_tool", error.message, f"see 'graphbit plugins show {name}'")
