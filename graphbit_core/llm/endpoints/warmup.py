"""Which hosts a client connects to before its first call, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from graphbit_core.errors import GraphBitError
from graphbit_core.llm.endpoints.endpoint import Endpoint
from graphbit_core.types.messages import ChatRequest, Message

_ANY = ChatRequest((Message("user", "Hi"),))
"""Never sent; where it would go tells the host, as a codec knows no other way to say it."""


def hosts_of(endpoints: Sequence[Endpoint]) -> dict[str, str]:
    """Scheme and host by the endpoint's name; models of this process have none."""
    return {one.name: host_of(one.codec.encode(_ANY, stream=False).url) for one in endpoints if one.codec}


def host_of(url: str) -> str:
    """The root of the host of ``url``."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def unreached(
    endpoints: Sequence[Endpoint], hosts: Mapping[str, str], errors: Mapping[str, GraphBitError]
) -> Mapping[str, GraphBitError]:
    """The endpoints whose host has an error. Raises it if that is all of them."""
    found = {name: errors[host] for name, host in hosts.items() if host in errors}
    if len(found) < len(endpoints):
        return found
    raise found[endpoints[0].name]
