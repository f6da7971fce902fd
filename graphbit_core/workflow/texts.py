"""YAML and JSON to data and back. Nothing is lost on the way: a key that stands twice is an error."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ValidationError

if TYPE_CHECKING:
    import yaml

_RARE_BREAK = re.compile("[\r\x85\u2028\u2029]")
MAX_VALUES = 1_000_000
"""Most values that a file may hold, with YAML's aliases written out."""


def read(path: Path) -> Mapping[str, Any]:
    """What a workflow file holds; its shape is not looked at.

    Raises:
        ValidationError: It cannot be read, or holds no mapping.
    """
    parse = _parsers().get(path.suffix.lower())
    if parse is None:
        raise ValidationError(f"{str(path)!r} ends in {path.suffix!r}; name it .yaml, .yml or .json")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"the workflow file {str(path)!r} cannot be read: {error}") from error
    return parse(text, repr(str(path)))


def _parsers() -> dict[str, Callable[[str, str], Mapping[str, Any]]]:
    return {".yaml": parse_yaml, ".yml": parse_yaml, ".json": parse_json}


def parse_yaml(text: str, source: str = "the text") -> Mapping[str, Any]:
    """The mapping that ``text`` is. Dates stay text.

    Raises:
        ValidationError: It is no YAML, no mapping, or says a key twice.
    """
    import yaml

    try:
        return _mapping(yaml.load(text, _loader()), source)  # noqa: S506 - made of SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            raise
        raise ValidationError(f"{source} is not YAML: {error}") from error


def parse_json(text: str, source: str = "the text") -> Mapping[str, Any]:
    """The mapping that ``text`` is.

    Raises:
        ValidationError: It is no JSON, no mapping, or says a key twice.
    """
    try:
        return _mapping(json.loads(text, object_pairs_hook=_unique), source)
    except (ValueError, RecursionError) as error:
        if isinstance(error, ValidationError):
            raise
        raise ValidationError(f"{source} is not JSON: {error}") from error


def to_yaml(data: Mapping[str, Any]) -> str:
    """``data`` as YAML, in the order it has."""
    import yaml

    return yaml.dump(data, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100)


def to_json(data: Mapping[str, Any]) -> str:
    """``data`` as JSON, in the order it has."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def _mapping(data: Any, source: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValidationError(f"{source} holds a {type(data).__name__}, not a mapping with name and nodes")
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands twice in one mapping; rename or remove one")
    return found


@cache
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        """A safe loader that refuses keys said twice, and more values than a workflow can have."""

        def get_single_node(self) -> Any:
            node = super().get_single_node()
            if node is not None:
                _weigh(node, {})
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = [(key.tag, key.value) for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            for place, key in enumerate(keys):
                if key in keys[:place] and key[0] != "tag:yaml.org,2002:merge":
                    line = node.value[place][0].start_mark.line + 1
                    raise ValueError(f"line {line}: the key {key[1]!r} stands twice; rename or remove one")
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


@cache
def _dumper() -> type[yaml.SafeDumper]:
    import yaml

    class Dumper(yaml.SafeDumper):
        """A safe dumper that escapes the rarer line breaks: a reader would make spaces of them."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if _RARE_BREAK.search(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)

    Dumper.add_representer(str, represent)
    return Dumper


def _weigh(node: Any, known: dict[int, int | None]) -> int:
    """How many values ``node`` stands for; an alias counts as often as it is used."""
    if id(node) in known:
        weight = known[id(node)]
        if weight is None:
            raise ValueError("an alias stands inside what it names")
        return weight
    known[id(node)] = None
    children = node.value if isinstance(node.value, list) else []
    weight = 1
    for child in children:
        weight += sum(_weigh(part, known) for part in (child if isinstance(child, tuple) else (child,)))
    if weight > MAX_VALUES:
        raise ValueError(f"its aliases stand for more than {MAX_VALUES:,} values")
    known[id(node)] = weight
    return weight
