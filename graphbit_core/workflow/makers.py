"""Makers of the standard kinds of nodes: what each takes, by name, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from graphbit_core.types.secret import Secret
from graphbit_core.workflow.container_makers import ContainerMakers
from graphbit_core.workflow.options import AgentOptions, NodeOptions

if TYPE_CHECKING:
    from graphbit_core.workflow.node import Node


def _node(type: str, name: str, **settings: Any) -> Node:  # noqa: A002 - as Node has it
    from graphbit_core.workflow.node import Node

    return Node(type, name, **settings)


class Makers(ContainerMakers):
    """What ``Node`` inherits its makers from."""

    __slots__ = ()

    @staticmethod
    def agent(
        name: str,
        prompt: str,
        *,
        system_prompt: str | None = None,
        llm: str | None = None,
        tools: Sequence[Any] | None = None,
        max_iterations: int | None = None,
        tool_choice: str | None = None,
        context: str | None = None,
        output: Any = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[AgentOptions],
    ) -> Node:
        """Asks a model, and calls the tools it asks for. The output is its last answer: text, or ``output``.

        Args:
            name: Name of the node.
            prompt: Template of the user's message.
            system_prompt: Template of the system message.
            llm: ``provider:model``, an alias or a model's name; default: the executor's.
            tools: What the model may call, and nothing else: functions, what ``@tool`` made,
                ``package.module:function``, or names of installed tools.
            max_iterations: Model calls at most, 1 to 100; default 10.
            tool_choice: ``auto``, ``none``, ``required`` or a tool's name; the last two hold for the first
                model call only.
            context: Template of a text that is put before the prompt.
            output: A type (a dataclass, a TypedDict, a pydantic model, …) or a JSON Schema: the answer has
                that form. One that does not is asked for again, at most twice.
            id: See ``Node``.
            options: See ``AgentOptions``, which holds how a model is asked, and ``NodeOptions``.
        """
        return _node(
            "agent",
            name,
            id=id,
            prompt=prompt,
            system_prompt=system_prompt,
            llm=llm,
            tools=tools,
            max_iterations=max_iterations,
            tool_choice=tool_choice,
            context=context,
            output=output,
            **options,
        )

    @staticmethod
    def transform(
        name: str,
        function: Callable[..., Any] | str | None = None,
        *,
        template: str | None = None,
        expression: str | None = None,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
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
            isolation: ``process`` runs the function in a child process, which a timeout or a cancelled run
                kills. It stands in a module, and values go there and back as JSON, bytes or documents.
            memory_mb: With it: most memory that process may map, in MiB, at least 64 (Linux).
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node(
            "transform",
            name,
            id=id,
            function=function,
            template=template,
            expression=expression,
            inline=inline or None,
            isolation=isolation,
            memory_mb=memory_mb,
            **options,
        )

    @staticmethod
    def condition(
        name: str,
        function: Callable[..., Any] | str | None = None,
        *,
        expression: str | None = None,
        inline: bool = False,
        isolation: str | None = None,
        memory_mb: int | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Chooses which edges go on: the function, or the expression, gives the label or target of one
        edge, or a list; True and False choose the labels ``true`` and ``false``.

        Parameters of the function are as in ``transform``; what it got passes on to the chosen nodes. Of an
        expression, a text is a label, a list of texts several, and any other value chooses the label ``true``
        or ``false``, as with ``expression="value.score >= 7"`` and ``when="true"``.

        Args:
            name: Name of the node.
            function: The function, plain or coroutine, or where it is: ``package.module:function``.
            expression: Instead of a function: a safe expression; what came in is called ``value`` in it.
            inline: Run a plain function on the event loop; only for one that is quick and never waits.
            isolation: As in ``transform``.
            memory_mb: As in ``transform``.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node(
            "condition",
            name,
            id=id,
            function=function,
            expression=expression,
            inline=inline or None,
            isolation=isolation,
            memory_mb=memory_mb,
            **options,
        )

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
        return _node("delay", name, id=id, seconds=seconds, **options)

    @staticmethod
    def document_loader(
        name: str,
        path: str,
        *,
        loader: str | None = None,
        settings: Mapping[str, Any] | None = None,
        isolation: str | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Loads a file. The output is a list of documents.

        Args:
            name: Name of the node.
            path: Template of the file's path.
            loader: Name of a loader; default: the one that reads the file's ending.
            settings: The loader's settings.
            isolation: ``process`` reads it in a child process, within 10 s and 512 MiB; ``none`` does not.
                Default: PDF, DOCX and XLSX files are.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node(
            "document_loader",
            name,
            id=id,
            path=path,
            loader=loader,
            settings=settings,
            isolation=isolation,
            **options,
        )

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
        return _node("retrieve", name, id=id, query=query, k=k, where=where, **options)

    @staticmethod
    def http_request(
        name: str,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str | int | Secret] | None = None,
        query: Mapping[str, Any] | None = None,
        body: str | None = None,
        json: Mapping[str, Any] | Sequence[Any] | None = None,
        allow_hosts: Sequence[str] | None = None,
        expect_status: int | str | Sequence[int | str] | None = None,
        max_response_bytes: int | None = None,
        idempotent: bool | None = None,
        proxy: bool = False,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Calls a web address. The output is a mapping: ``status``, ``headers``, ``text``, ``url``, ``json``.

        Only public addresses are reached unless ``allow_hosts`` lists others; this holds for every redirect.

        Args:
            name: Name of the node.
            url: Template of the URL. Values are percent-encoded, so none can leave its place; only with
                ``allow_hosts`` may one decide the host, or be the whole URL.
            method: GET, HEAD, OPTIONS, PUT, DELETE, POST or PATCH.
            headers: Values are templates, a ``Secret``, or ``env:NAME`` (also ``Bearer env:NAME``), which is
                read from the environment when the request is sent.
            query: Parameters to add to the URL; texts among the values are templates.
            body: Template of a text body.
            json: Instead of a body: sent as JSON; its texts are templates.
            allow_hosts: The only hosts that may be reached, private ones among them: names, ``*.name``,
                addresses, networks (``10.0.0.0/8``), and ``*`` for all public ones. Default: any public host.
            expect_status: Statuses that are a success: 200, ``"2xx"``, or a list; default ``"2xx"``. A
                redirect is followed unless it is named here.
            max_response_bytes: Largest reply, after decompression; default 10 MiB, at most 100 MiB.
            idempotent: Whether sending it twice does no harm, so that it may be retried; default: yes but for
                POST and PATCH. Where those are, they carry an ``idempotency-key``, the same at each attempt.
            proxy: Use the proxies that the environment names.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        config: dict[str, Any] = {
            "url": url,
            "method": method,
            "headers": headers,
            "query": query,
            "body": body,
        }
        config |= {"json": json, "allow_hosts": allow_hosts, "expect_status": expect_status}
        config |= {"max_response_bytes": max_response_bytes, "idempotent": idempotent, "proxy": proxy or None}
        return _node("http_request", name, id=id, **config, **options)

    @staticmethod
    def tool(
        name: str,
        tool: Any,
        arguments: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Calls one tool. The output is what it returns; its failure fails the node.

        Args:
            name: Name of the node.
            tool: A function, what ``@tool`` made, ``package.module:function``, or the name of an installed
                tool.
            arguments: Its arguments. Texts are templates; one that is a single placeholder, such as
                ``"{draft}"``, stands for the value itself.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node("tool", name, id=id, tool=tool, arguments=arguments, **options)

    @staticmethod
    def split(
        name: str,
        by: Callable[..., Any] | str | None = None,
        *,
        separator: str | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Takes what came in apart. The output is a list or a mapping.

        Args:
            name: Name of the node.
            by: A function or an expression that gives the list or mapping, or the text to cut; default:
                what came in.
            separator: Cuts a text wherever this stands in it.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node("split", name, id=id, by=by, separator=separator, **options)

    @staticmethod
    def join(
        name: str,
        mode: str = "mapping",
        *,
        separator: str | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Puts together what the nodes before it gave, those that ran, in the order of the edges.

        Args:
            name: Name of the node.
            mode: ``mapping`` by node name; ``list``; ``concat``: their texts; ``first``: that of the first
                edge alone; ``merge``: mappings made one, also those inside them; a later edge wins.
            separator: Stands between the texts of ``concat``; default: an empty line.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _node("join", name, id=id, mode=mode, separator=separator, **options)
