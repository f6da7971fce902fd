"""Nodes as users write them: a type, a name and a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Unpack

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.makers import ContainerMakers, closed_body
from graphbit_core.workflow.options import DEFAULTS, OPTION_NAMES, NodeOptions, Options, parse_options

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,128}")
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")


def _id_from(name: str) -> str:
    slug = name if ID_PATTERN.fullmatch(name) else _OTHERS.sub("_", name)
    return slug.strip("_").lower()[:128]


class Node(ContainerMakers):
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

    @staticmethod
    def agent(
        name: str,
        prompt: str,
        *,
        system_prompt: str | None = None,
        llm: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Asks a model. The output is the text of its answer.

        Args:
            name: Name of the node.
            prompt: Template of the user's message.
            system_prompt: Template of the system message.
            llm: ``provider:model``; default: the executor's.
            temperature: 0 to 2.
            max_tokens: Most tokens to generate, at least 1.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node(
            "agent",
            name,
            id=id,
            prompt=prompt,
            system_prompt=system_prompt,
            llm=llm,
            temperature=temperature,
            max_tokens=max_tokens,
            **options,
        )

    @staticmethod
    def transform(
        name: str,
        function: Callable[..., Any] | str | None = None,
        *,
        template: str | None = None,
        inline: bool = False,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Computes a value with a Python function, or fills a template.

        A function with one parameter gets the output of the node before it, or a dict by node name where
        there are several. Of more parameters, and in a node that nothing precedes, each gets the value of
        its name: an earlier node's output or a run input.

        Args:
            name: Name of the node.
            function: The function, plain or coroutine, or where it is: ``package.module:function``.
            template: Instead of a function: the output is this text, filled.
            inline: Run a plain function on the event loop; only for one that is quick and never waits.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node(
            "transform", name, id=id, function=function, template=template, inline=inline or None, **options
        )

    @staticmethod
    def condition(
        name: str,
        function: Callable[..., Any] | str,
        *,
        inline: bool = False,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Chooses which edges go on: the function returns the label or target of one edge, or a list.

        Parameters of the function are as in ``transform``; what it got passes on to the chosen nodes.

        Args:
            name: Name of the node.
            function: The function, plain or coroutine, or where it is: ``package.module:function``.
            inline: Run a plain function on the event loop; only for one that is quick and never waits.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node("condition", name, id=id, function=function, inline=inline or None, **options)

    @staticmethod
    def delay(
        name: str,
        seconds: float,
        *,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Waits, and passes on what it got.

        Args:
            name: Name of the node.
            seconds: 0 to 30 days.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node("delay", name, id=id, seconds=seconds, **options)

    @staticmethod
    def document_loader(
        name: str,
        path: str,
        *,
        loader: str | None = None,
        settings: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Loads a file. The output is a list of documents.

        Args:
            name: Name of the node.
            path: Template of the file's path.
            loader: Name of a loader; default: the one that reads the file's ending.
            settings: The loader's settings.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node("document_loader", name, id=id, path=path, loader=loader, settings=settings, **options)

    @staticmethod
    def retrieve(
        name: str,
        query: str = "{question}",
        *,
        k: int | None = None,
        where: Sequence[Mapping[str, Any]] | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Finds the passages nearest to a query in the executor's vector store.

        Args:
            name: Name of the node.
            query: Template of the query.
            k: How many passages at most, at least 1; default: 5.
            where: Conditions on metadata: mappings with ``key``, ``operator`` and ``value``.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return Node("retrieve", name, id=id, query=query, k=k, where=where, **options)
