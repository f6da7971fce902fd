"""Document loader: a file to a list of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.rag.loading import load_file
from graphbit_core.types.documents import Document
from graphbit_core.workflow.template import placeholders


class DocumentLoaderNode(NodeType):
    """Loads the file that ``path`` (a template) names, with ``loader`` or the one for its ending."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self, *, path: str, loader: str | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        require_text("path", path)
        require_text("loader", loader)
        if not isinstance(settings, Mapping | None):
            raise ValidationError(f"settings is {settings!r:.80}; give a mapping", field="settings")
        self._path = path
        self._loader = loader
        self._settings = dict(settings or {})

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the path."""
        return placeholders(self._path)

    def run(self, context: NodeContext) -> list[Document]:
        """The documents, in order. Raises DocumentError if the file cannot be read."""
        path = Path(context.render(self._path))
        return load_file(path, host=context.service("host"), loader=self._loader, settings=self._settings)
