"""The names that follow from a new plugin's kind and name, and which names it may have."""

from __future__ import annotations

import builtins
import keyword
import re
import sys
import unicodedata
from dataclasses import dataclass
from importlib.util import find_spec

from graphbit_core.contracts import ENTRY_POINT_GROUPS, HOOK_GROUP
from graphbit_core.errors import ConfigError
from graphbit_core.host.faults import package_of
from graphbit_core.host.records import PLUGIN

LONGEST = 28
"""Characters of a name. Up to this, lines of the templates that hold it twice are of a legal length."""

_LEGAL = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_PREFIX = "graphbit-"
_SUFFIX = {"node_type": "Node", "vector_store": "Store", "tool": "", PLUGIN: ""}
_FILE = {"node_type": "node", "vector_store": "store", PLUGIN: "hooks"}


@dataclass(frozen=True, slots=True)
class Names:
    """What a plugin and its parts are called.

    Attributes:
        kind: Its kind.
        name: What users write.
        in_house: Whether it is a file beside a configuration instead of a package.
    """

    kind: str
    name: str
    in_house: bool = False

    @property
    def snake(self) -> str:
        """The name as an identifier."""
        return self.name.replace("-", "_")

    @property
    def stem(self) -> str:
        """The name in CamelCase, without the kind's suffix."""
        stem = "".join(word.capitalize() for word in self.snake.split("_"))
        return stem.removesuffix(self.suffix) or stem

    @property
    def suffix(self) -> str:
        """What the names of classes of this kind end with; empty if it has no class."""
        return _SUFFIX.get(self.kind, self.kind.capitalize())

    @property
    def attribute(self) -> str:
        """What its reference names in its file: a class, a tool's function; empty for a file of hooks."""
        return {"tool": self.snake, PLUGIN: ""}.get(self.kind, self.stem + self.suffix)

    @property
    def distribution(self) -> str:
        """The name under which it is installed."""
        return package_of(self.kind, self.name)

    @property
    def module(self) -> str:
        """What the test imports it from."""
        return self.snake if self.in_house else self.distribution.replace("-", "_")

    @property
    def file(self) -> str:
        """The file's name, without ``.py``."""
        return self.snake if self.in_house else _FILE.get(self.kind, self.kind)

    @property
    def reference(self) -> str:
        """What the entry point or the configuration says it is."""
        if self.in_house:
            return f"{self.file}.py:{self.attribute}".rstrip(":")
        return f"{self.module}:{self.attribute}" if self.attribute else f"{self.module}.{self.file}"

    def placeholders(self, description: str) -> dict[str, str]:
        """What the templates may name."""
        from graphbit_core.contracts import API_VERSION

        return {
            "api": repr(API_VERSION),
            "attribute": self.attribute,
            "class_name": self.stem + self.suffix,
            "description": description,
            "distribution": self.distribution,
            "file": self.file,
            "group": HOOK_GROUP if self.kind == PLUGIN else ENTRY_POINT_GROUPS[self.kind],
            "import_hooks": f"import {self.snake} as hooks"
            if self.in_house
            else f"from {self.module} import hooks",
            "kind": self.kind,
            "module": self.module,
            "name": self.name,
            "reference": self.reference,
            "snake": self.snake,
            "stem": self.stem,
            "variable": self.snake.upper(),
        }


def check_name(names: Names) -> None:
    """Raises ConfigError, with the nearest name that is one, if a plugin cannot be called that."""
    name = names.name
    if name.startswith(_PREFIX) or not _LEGAL.fullmatch(name) or len(name) > LONGEST:
        near = nearest_legal(name)
        raise ConfigError(
            f"{name!r} is no name for a plugin{f'; {near!r} would be one' if near else ''}. A name has small "
            f"letters, digits and single - or _ between them, begins with a letter, has at most {LONGEST} "
            f"characters, and does not begin with {_PREFIX!r}, which the package's name gets by itself",
            setting="name",
        )
    if (why := _taken(names)) is not None:
        raise ConfigError(f"{name!r} cannot be its name: {why}; try 'my-{name}'", setting="name")


def nearest_legal(name: str) -> str:
    """The name made legal; empty where nothing of it can be kept."""
    plain = unicodedata.normalize("NFKD", name.strip()).encode("ascii", "ignore").decode()
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", plain).lower()
    words = re.sub(r"[^a-z0-9_]+", "-", apart).strip("-_").removeprefix(_PREFIX)
    short = re.sub(r"[-_]{2,}", "-", words)[:LONGEST].rstrip("-_")
    return short if not short or short[0].isalpha() else f"my-{short}"[:LONGEST].rstrip("-_")


def _taken(names: Names) -> str | None:
    if names.kind != "tool" and not names.in_house:
        return None
    if keyword.iskeyword(names.snake):
        return f"{names.snake!r} is a word of Python's own"
    if names.kind == "tool" and hasattr(builtins, names.snake):
        return f"its function would hide Python's own {names.snake}()"
    if names.in_house and names.snake in sys.stdlib_module_names:
        return f"{names.snake}.py would hide a module of Python's own"
    if names.in_house and find_spec(names.snake) is not None:
        return f"{names.snake}.py would hide the module {names.snake!r}, which is there already"
    return None
