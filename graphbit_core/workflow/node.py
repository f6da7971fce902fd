"""Nodes as users write them: a type, a name and a configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from graphbit_core.errors import ValidationError

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,128}")


def _id_from(name: str) -> str:
    slug = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_").lower()
    return slug[:128]


class Node:
    """One step of a workflow: what kind it is, what it is called, and how it is set up. It never changes.

    ``Node.agent(…)`` and its neighbours make the standard kinds; ``Node(type, name, …)`` makes one of
    any installed kind. What the configuration means is the node type's business, and is checked by
    ``Workflow.validate``.

    Args:
        type: Name of the node type, as ``graphbit plugins list --kind node_type`` shows it.
        name: Shown to people, and usable in templates.
        id: Unique in the workflow; letters, digits, ``_`` and ``-``. Default: made from the name.
        config: The node type's settings.
    """

    __slots__ = ("config", "id", "name", "type")

    def __init__(self, type: str, name: str, *, id: str | None = None, **config: Any) -> None:  # noqa: A002
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
        self.config: Mapping[str, Any] = MappingProxyType({k: v for k, v in config.items() if v is not None})

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
        )

    @staticmethod
    def transform(
        name: str,
        function: Callable[..., Any] | str | None = None,
        *,
        template: str | None = None,
        expression: str | None = None,
        inline: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Computes a value with a Python function or an expression, or fills a template.

        A function with one parameter gets the output of the node before it, or a dict by node name where
        there are several. Of more parameters, and in a node that nothing precedes, each gets the value of
        its name: an earlier node's output or a run input.

        Args:
            name: Name of the node.
            function: The function, plain or coroutine, or where it is: ``package.module:function``.
            template: Instead of a function: the output is this text, filled.
            expression: Instead of a function: the output is its value, as of ``round(value.score * 10)``.
                ``value`` is what the node before gave; other names are what they are in a template.
            inline: Run a plain function on the event loop; only for one that is quick and never waits.
            id: See ``Node``.
        """
        return Node(
            "transform",
            name,
            id=id,
            function=function,
            template=template,
            expression=expression,
            inline=inline or None,
        )

    @staticmethod
    def condition(
        name: str,
        function: Callable[..., Any] | str | None = None,
        *,
        expression: str | None = None,
        inline: bool = False,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Chooses which edges go on: the function returns the label or target of one edge, or a list.

        Parameters of the function are as in ``transform``; what it got passes on to the chosen nodes. An
        expression does as well: a text is a label, a list of texts several, of any other value the label is
        ``true`` or ``false``, as with ``expression="value.score >= 7"`` and ``when="true"``.
        """
        return Node("condition", name, id=id, function=function, expression=expression, inline=inline or None)

    @staticmethod
    def delay(name: str, seconds: float, *, id: str | None = None) -> Node:  # noqa: A002
        """Waits, and passes on what it got."""
        return Node("delay", name, id=id, seconds=seconds)

    @staticmethod
    def document_loader(
        name: str,
        path: str,
        *,
        loader: str | None = None,
        settings: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Loads a file. The output is a list of documents.

        Args:
            name: Name of the node.
            path: Template of the file's path.
            loader: Name of a loader; default: the one that reads the file's ending.
            settings: The loader's settings.
            id: See ``Node``.
        """
        return Node("document_loader", name, id=id, path=path, loader=loader, settings=settings)

    @staticmethod
    def retrieve(
        name: str,
        query: str = "{question}",
        *,
        k: int = 5,
        where: Sequence[Mapping[str, Any]] | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Finds the passages nearest to a query in the executor's vector store.

        Args:
            name: Name of the node.
            query: Template of the query.
            k: How many passages at most, at least 1.
            where: Conditions on metadata: mappings with ``key``, ``operator`` and ``value``.
            id: See ``Node``.
        """
        return Node("retrieve", name, id=id, query=query, k=k, where=where)

    @staticmethod
    def split(
        name: str,
        by: Callable[..., Any] | str | None = None,
        *,
        separator: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Takes what came in apart. The output is a list or a mapping.

        Args:
            name: Name of the node.
            by: A function or an expression that gives the list or mapping, or the text to cut; default:
                what came in.
            separator: Cuts a text wherever this stands in it.
            id: See ``Node``.
        """
        return Node("split", name, id=id, by=by, separator=separator)

    @staticmethod
    def join(
        name: str,
        mode: str = "mapping",
        *,
        separator: str | None = None,
        id: str | None = None,  # noqa: A002
    ) -> Node:
        """Puts together what the nodes before it gave, those that ran, in the order of the edges.

        Args:
            name: Name of the node.
            mode: ``mapping`` by node name; ``list``; ``concat``: their texts; ``first``: that of the first
                edge alone; ``merge``: mappings made one, also those inside them; a later edge wins.
            separator: Stands between the texts of ``concat``; default: an empty line.
            id: See ``Node``.
        """
        return Node("join", name, id=id, mode=mode, separator=separator)
