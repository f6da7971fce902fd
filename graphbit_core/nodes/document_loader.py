"""Document loader: a file to a list of documents."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.errors import DocumentError, Finding, PluginError, ValidationError
from graphbit_core.nodes.settings import require_text
from graphbit_core.rag.isolation import IsolatedLoader
from graphbit_core.rag.loading import Loaders, check_isolation
from graphbit_core.types.documents import Document
from graphbit_core.workflow.template import placeholders, render

if TYPE_CHECKING:
    from graphbit_core.host import Resources


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

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """A loader that is not installed; a file that is not there, if the path is no template."""
        literal = None if placeholders(self._path) else Path(render(self._path, str))
        missing = []
        if literal is not None and not literal.exists():
            fix = "correct the path; it counts from the folder in which the workflow is run"
            missing.append(Finding("missing_file", f"there is no file {str(literal)!r}", fix))
        if self._loader is not None:
            missing += resources.lacks_component("loader", self._loader)
        elif literal is not None:
            try:
                Loaders(resources.host, self._settings, self._isolation).for_file(literal)
            except (DocumentError, PluginError, ValidationError) as error:
                fix = "see 'graphbit plugins list --kind loader'; others come as graphbit-loader-…"
                missing.append(Finding("missing_loader", error.message, fix))
        return missing

    def run(self, context: NodeContext) -> list[Document] | Awaitable[list[Document]]:
        """The documents, in order. Raises DocumentError if the file cannot be read."""
        path = Path(context.render(self._path))
        loaders = Loaders(context.service("host"), self._settings, self._isolation)
        loader = loaders.named(self._loader) if self._loader else loaders.for_file(path)
        return loader.load_async(path) if isinstance(loader, IsolatedLoader) else list(loader.load(path))
