"""``@node`` and ``@condition``: functions that are nodes.

    @node
    def load(path: str) -> str: ...

    @node(after=load, retry=3)
    async def summarise(text: str) -> str: ...

    workflow = Workflow.of("Summary", load, summarise)

A decorated function is the function it was; it can be called and tested as ever. Edges come from ``after``
alone, never from the names of parameters: renaming a parameter must not connect other nodes, and a name may
as well mean an input of the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, Unpack, cast, overload

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.options import NodeOptions

Step = str | Node | Callable[..., Any]
"""A node: itself, its id or name, or the function that it was made of."""
F = TypeVar("F", bound=Callable[..., Any])
_MARK = "__graphbit_node__"


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorator says of a function: the node, and what it comes after."""

    node: Node
    after: tuple[Step, ...]
    when: Any


def declared(step: Step) -> Declared:
    """What is known of a node that is given as itself or as its function.

    Raises:
        ValidationError: It is neither.
    """
    if isinstance(step, Node):
        return Declared(step, (), None)
    found = getattr(step, _MARK, None)
    if isinstance(found, Declared):
        return found
    what = getattr(step, "__qualname__", None) or repr(step)[:80]
    raise ValidationError(
        f"{what} is no node; decorate the function with @node, or make one with Node.transform", field="node"
    )


def node_of(value: Any) -> Any:
    """The node of a decorated function; anything else as it is."""
    found = getattr(value, _MARK, None)
    return found.node if isinstance(found, Declared) else value


@overload
def node(function: F, /) -> F: ...
@overload
def node(
    *,
    after: Step | Sequence[Step] = (),
    when: Any = None,
    name: str | None = None,
    id: str | None = None,
    inline: bool = False,
    isolation: str | None = None,
    memory_mb: int | None = None,
    **options: Unpack[NodeOptions],
) -> Callable[[F], F]: ...
def node(
    function: F | None = None,
    /,
    *,
    after: Step | Sequence[Step] = (),
    when: Any = None,
    name: str | None = None,
    id: str | None = None,  # noqa: A002
    inline: bool = False,
    isolation: str | None = None,
    memory_mb: int | None = None,
    **options: Unpack[NodeOptions],
) -> F | Callable[[F], F]:
    """Makes a transform node of a function, plain or coroutine; ``Workflow.of`` connects such nodes.

    Args:
        function: The function, when used without parentheses. Its parameters are as in ``Node.transform``.
        after: What it comes after: decorated functions, nodes, ids or names; one, or several.
        when: Label by which a condition that it comes after chooses it, or a test; see ``Workflow.connect``.
        name: Name of the node; default: the function's.
        id: See ``Node``.
        inline: See ``Node.transform``, as for the next two.
        isolation: ``process``: it runs in a child process, which a timeout or a cancelled run kills.
        memory_mb: Most memory of that process, in MiB.
        options: See ``NodeOptions``.

    Raises:
        ValidationError: The function has no name of its own, an option is wrong, or ``when`` is given
            without ``after``.
    """
    settings = {"inline": inline or None, "isolation": isolation, "memory_mb": memory_mb, **options}
    decorate = _decorator("transform", name, id, after, when, settings)
    return decorate if function is None else decorate(function)


@overload
def condition(function: F, /) -> F: ...
@overload
def condition(
    *,
    after: Step | Sequence[Step] = (),
    when: Any = None,
    name: str | None = None,
    id: str | None = None,
    inline: bool = False,
    isolation: str | None = None,
    memory_mb: int | None = None,
    **options: Unpack[NodeOptions],
) -> Callable[[F], F]: ...
def condition(
    function: F | None = None,
    /,
    *,
    after: Step | Sequence[Step] = (),
    when: Any = None,
    name: str | None = None,
    id: str | None = None,  # noqa: A002
    inline: bool = False,
    isolation: str | None = None,
    memory_mb: int | None = None,
    **options: Unpack[NodeOptions],
) -> F | Callable[[F], F]:
    """Makes a condition node of a function that returns the label or the target of an edge, or a list.

    The arguments are as in ``node``.
    """
    settings = {"inline": inline or None, "isolation": isolation, "memory_mb": memory_mb, **options}
    decorate = _decorator("condition", name, id, after, when, settings)
    return decorate if function is None else decorate(function)


def _decorator(
    kind: str,
    name: str | None,
    id: str | None,  # noqa: A002
    after: Step | Sequence[Step],
    when: Any,
    settings: Mapping[str, Any],
) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        made = Node(kind, name or _name(function), id=id, function=function, **settings)
        return _mark(function, made, after, when)

    return decorate


def _name(function: Callable[..., Any]) -> str:
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise ValidationError(f"{function!r:.80} has no name; write a function with def", field="function")
    return name


def _mark(function: F, made: Node, after: Step | Sequence[Step], when: Any) -> F:
    several = isinstance(after, Sequence) and not isinstance(after, str)
    steps = tuple(cast("Sequence[Step]", after) if several else [cast("Step", after)])
    if when is not None and not steps:
        raise ValidationError(f"node {made.id!r} has when= and no after=; say what chooses it", field="after")
    try:
        setattr(function, _MARK, Declared(made, steps, when))
    except AttributeError as error:
        raise ValidationError(
            f"{function!r:.80} cannot be decorated; write a function with def, or use Node.transform",
            field="function",
        ) from error
    return function
