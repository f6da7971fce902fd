"""Document loader: a file to a list of documents."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.rag.isolation import IsolatedLoader
from graphbit_core.rag.loading import Loaders, check_isolation
from graphbit_core.types.documents import Document
from graphbit_core.workflow.template import placeholders


class DocumentLoaderNode(NodeType):
    """Loads the file that ``path`` (a template) names, with ``loader`` or the one for its ending.

    ``isolation`` says whether it is read in a child process, see ``Loaders``.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        path: str,
        loader: str | None = None,
        settings: Mapping[str, Any] | None = None,
        isolation: str | None = None,
    ) -> None:
        check_isolation(isolation)
        require_text("path", path)
        require_text("loader", loader)
        if not isinstance(settings, Mapping | None):
            raise ValidationError(f"settings is {settings!r:.80}; give a mapping", field="settings")
        self._path = path
        self._loader = loader
        self._settings = dict(settings or {})
        self._isolation = isolation

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the path."""
        return placeholders(self._path)

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def run(self, context: NodeContext) -> list[Document] | Awaitable[list[Document]]:
        """The documents, in order. Raises DocumentError if the file cannot be read."""
        path = Path(context.render(self._path))
        loaders = Loaders(context.service("host"), self._settings, self._isolation)
        loader = loaders.named(self._loader) if self._loader else loaders.for_file(path)
        return loader.load_async(path) if isinstance(loader, IsolatedLoader) else list(loader.load(path))
