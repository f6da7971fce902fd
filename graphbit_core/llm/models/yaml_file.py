"""YAML to data that knows the line of every key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ConfigError

if TYPE_CHECKING:
    import yaml

MAX_VALUES = 100_000
"""Most values that a file may hold, with YAML's aliases written out."""
MAX_DEPTH = 20


class Table(dict[str, Any]):
    """A mapping, with the line on which each of its keys stands."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, int] = {}


def read_table(path: Path) -> Table:
    """The mapping that a file holds; an empty file is an empty one.

    Raises:
        ConfigError: It cannot be read, is no YAML, no mapping, or says a key twice.
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file of models {path} cannot be read: {error}", source=str(path)) from error
    # The loader in C does the same in a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        value = Table() if node is None else _Reader(loader, path).value(node)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path} is not YAML: {error}", source=str(path)) from error
    finally:
        loader.dispose()
    if not isinstance(value, Table):
        problem = f"holds a {type(value).__name__}, not a mapping with models, aliases or providers"
        raise ConfigError(f"{path} {problem}", source=str(path))
    return value


class _Reader:
    """Makes values of nodes; mappings become tables."""

    def __init__(self, loader: yaml.SafeLoader, path: Path) -> None:
        self._loader = loader
        self._path = path
        self._left = MAX_VALUES

    def value(self, node: yaml.Node, depth: int = 0) -> Any:
        import yaml

        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            what = f"stands for more than {MAX_VALUES:,} values" if self._left < 0 else "is nested too deeply"
            raise self._wrong(node, what)
        if isinstance(node, yaml.MappingNode):
            return self._table(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        made = self._loader.construct_object(node)
        return made.isoformat() if isinstance(made, date) else made

    def _table(self, node: yaml.MappingNode, depth: int) -> Table:
        import yaml

        table = Table()
        own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(own) != len(node.value):
            raise self._wrong(node, "has a key that is no text")
        if len(set(own)) != len(own):
            twice = next(key for key in own if own.count(key) > 1)
            raise self._wrong(node, f"says the key {twice!r} twice; rename or remove one")
        self._loader.flatten_mapping(node)  # what `<<` takes in stands first, so that own keys go over it
        for key, item in node.value:
            table[str(key.value)] = self.value(item, depth + 1)
            table.lines[str(key.value)] = key.start_mark.line + 1
        return table

    def _wrong(self, node: yaml.Node, what: str) -> ConfigError:
        place = f"{self._path}, line {node.start_mark.line + 1}"
        return ConfigError(f"{place}: the mapping {what}", source=place)


def plain(value: Any) -> Any:
    """``value`` with plain mappings."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
