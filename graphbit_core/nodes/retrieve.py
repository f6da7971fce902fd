"""Retrieve: the passages of a vector store that are nearest to a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nodes.settings import require_number, require_text
from graphbit_core.types.documents import Condition, Match, Query
from graphbit_core.workflow.template import placeholders

if TYPE_CHECKING:
    from graphbit_core.contracts.provider import Vectors
    from graphbit_core.host import Resources
    from graphbit_core.llm.embeddings.client import EmbeddingClient


class RetrieveNode(NodeType):
    """Searches the executor's ``store`` with the vector that its ``embedder`` gives for ``query``."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self, *, query: str = "{question}", k: int = 5, where: Sequence[Mapping[str, Any]] | None = None
    ) -> None:
        require_text("query", query)
        require_number("k", k, 1, whole=True)
        if not isinstance(where, list | tuple | None):
            raise ValidationError(f"where is {where!r:.80}; give a list of conditions", field="where")
        self._query = query
        self._k = k
        self._where = [_condition(item) for item in where or ()]

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the query."""
        return placeholders(self._query)

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """An executor without an embedder or a store."""
        return [found for name in ("embedder", "store") for found in resources.lacks_service(name)]

    def run(self, context: NodeContext) -> list[Match]:
        """The matches, best first."""
        text = context.render(self._query)
        (vector,) = self._embed(context, text).vectors
        matches: list[Match] = context.service("store").search(Query(vector, self._k, self._where, text))
        return matches

    @staticmethod
    def _embed(context: NodeContext, text: str) -> Vectors:
        """The query's vector, counted and told as a call of a model."""
        answered: dict[str, Any] = {}

        def observe(kind: str, facts: Mapping[str, Any]) -> None:
            if kind == "llm.answered":
                answered.update(facts)
            else:
                context.emit(kind, facts)

        client: EmbeddingClient = context.service("embedder")
        found = client.embed_full([text], deadline=context.deadline, observe=observe)
        context.add_usage(found.usage)
        context.spend("usd", answered["usd"], answered["model"])
        return found


def _condition(item: Mapping[str, Any]) -> Condition:
    try:
        return Condition(**item)
    except TypeError as error:
        raise ValidationError(
            f"where holds {item!r:.80}; each condition has the keys key, operator and value", field="where"
        ) from error
