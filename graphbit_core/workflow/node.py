"""Nodes as users write them: a type, a name and a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.container_makers import closed_body
from graphbit_core.workflow.makers import Makers
from graphbit_core.workflow.options import DEFAULTS, OPTION_NAMES, Options, parse_options

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")


def _id_from(name: str) -> str:
    slug = name if ID_PATTERN.fullmatch(name) else _OTHERS.sub("_", name)
    return slug.strip("_").lower()[:128]


class Node(Makers):
    """One step of a workflow: what kind it is, what it is called, and how it is set up. It never changes.

    ``Node.agent(…)`` and its neighbours make the standard kinds; ``Node(type, name, …)`` makes one of
    any installed kind. Settings that ``NodeOptions`` names, such as ``retry`` and ``on_error``, are the same
    for all types and become ``options``; the others become ``config``. What those mean is the node type's
    business, and is checked by ``Workflow.validate``.

    Args:
        type: Name of the node type, as ``graphbit plugins list --kind node_type`` shows it.
        name: Shown to people, and usable in templates.
        id: Unique in the workflow; letters, digits, ``_`` and ``-``. Default: made from the name.
        settings: Options and the node type's settings; those that are None count as left out.

    Raises:
        ValidationError: The name, the id or an option is wrong; ``findings`` lists every wrong option.
    """

    __slots__ = ("config", "id", "name", "options", "type")

    def __init__(self, type: str, name: str, *, id: str | None = None, **settings: Any) -> None:  # noqa: A002
        if not name.strip():
            raise ValidationError("a node needs a name; give it one people recognise", field="name")
        self.type = type
        self.name = name
        self.id = id if id is not None else _id_from(name)
        if not ID_PATTERN.fullmatch(self.id):
            raise ValidationError(
                f"node id {self.id!r} is not 1 to 128 of the letters A-Z, a-z, digits, '_' and '-'; "
                f"pass id= for the node named {name!r}",
                field="id",
            )
        self.options: Options = DEFAULTS
        if found := OPTION_NAMES & settings.keys():
            given = {key: settings.pop(key) for key in list(settings) if key in found}
            self.options = parse_options(given, self.id)
        config = {key: value for key, value in settings.items() if value is not None}
        if "body" in config:
            config["body"] = closed_body(config["body"], name)
        self.config: Mapping[str, Any] = MappingProxyType(config)

    def __repr__(self) -> str:
        return f"Node({self.type!r}, {self.name!r}, id={self.id!r})"
