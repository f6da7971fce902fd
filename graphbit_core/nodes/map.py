"""Map: runs a workflow per item of a list or stream."""

from __future__ import annotations

import inspect
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Container, FrameResult, Frames, NodeContext, NodeType
from graphbit_core.errors import NodeError, ValidationError
from graphbit_core.nodes.settings import require_choice, require_number, require_workflow
from graphbit_core.workflow.calculation import bind
from graphbit_core.workflow.values import fresh

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow


class MapNode(NodeType):
    """Runs ``body`` per item. The output is the list of its outputs: in the order of the items, or as they
    were completed. An item whose last nodes were all skipped gives nothing, which makes a filter.

    What ``over`` gives may be a list, a tuple, or an iterator, plain or async, which is read as items end.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        body: Workflow,
        over: Callable[..., Any] | str | Sequence[Any] | None = None,
        item: str = "item",
        max_concurrency: int | None = None,
        ordered: bool = True,
        on_item_error: str = "fail",
    ) -> None:
        require_workflow("body", body)
        require_number("max_concurrency", max_concurrency, 1, whole=True)
        require_choice("on_item_error", on_item_error, ("fail", "collect"))
        if not isinstance(item, str) or not item.isidentifier():
            raise ValidationError(f"item is {item!r:.80}; give a name, such as 'page'", field="item")
        if not isinstance(ordered, bool):
            raise ValidationError(f"ordered is {ordered!r:.80}; give true or false", field="ordered")
        self._item = item
        self._items = list(over) if isinstance(over, list | tuple) else None
        computed = over is not None and self._items is None
        self._over = bind(over, "over") if computed else None  # type: ignore[arg-type]
        self._ordered = ordered
        self._collect = on_item_error == "collect"
        self.inline = self._over is None or self._over.is_quick
        self._container = Container(
            body, "map", (item, "index"), item, max_concurrency, keep_going=self._collect
        )

    def container(self) -> Container:
        """The body, and what it sees."""
        return self._container

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names that ``over`` needs."""
        return self._over.placeholders(first) if self._over is not None else ()

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def run(self, context: NodeContext) -> Any:
        """The frames, one per item; awaitable if ``over`` is a coroutine function."""
        if self._over is None:
            return self._frames(context.value if self._items is None else fresh(self._items))
        items = self._over(context)
        return self._later(items) if inspect.isawaitable(items) else self._frames(items)

    def resume(self, context: NodeContext, results: Sequence[FrameResult]) -> list[Any]:
        """The outputs. Raises the error of the failed item with the lowest index, not of a cancelled one."""
        failed = [result for result in results if result.error is not None]
        if failed and not self._collect:
            raise _cause(failed)
        ended = sorted(results, key=lambda result: result.index) if self._ordered else results
        return [
            result.output if result.error is None else result.error
            for result in ended
            if result.has_output or result.error is not None
        ]

    async def _later(self, items: Any) -> Frames:
        return self._frames(await items)

    def _frames(self, items: Any) -> Frames:
        if isinstance(items, list | tuple):
            return Frames(_Entries(tuple(items), self._item))  # a list may change
        if isinstance(items, AsyncIterable):
            return Frames(_named_async(items, self._item))
        if isinstance(items, Iterable) and not isinstance(items, str | bytes | Mapping | set | frozenset):
            return Frames(_named(items, self._item))
        raise ValidationError(
            f"it maps over a {type(items).__name__}; give a list, a tuple or an iterator, "
            "with over= if the node before gives something else",
            field="over",
        )


def _cause(failed: Sequence[FrameResult]) -> Exception:
    """The error of the first item that failed by itself; others were cancelled because of it."""
    errors = [result.error for result in sorted(failed, key=lambda one: one.index) if result.error]
    return next((error for error in errors if isinstance(error, NodeError)), errors[0])


class _Entries(Sequence[Mapping[str, Any]]):
    """What each frame sees; made when it is asked for, as there may be many."""

    def __init__(self, items: Sequence[Any], name: str) -> None:
        self._items = items
        self._name = name

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        return {self._name: self._items[index], "index": index}


def _named(items: Iterable[Any], name: str) -> Iterator[Mapping[str, Any]]:
    source = iter(items)
    try:
        for index, item in enumerate(source):
            yield {name: item, "index": index}
    finally:
        if isinstance(source, Generator):
            source.close()


async def _named_async(items: AsyncIterable[Any], name: str) -> AsyncIterator[Mapping[str, Any]]:
    source, index = aiter(items), 0
    try:
        async for item in source:
            yield {name: item, "index": index}
            index += 1
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()
