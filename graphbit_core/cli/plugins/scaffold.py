"""What ``graphbit plugins new`` writes: the templates, filled in.

Each folder in ``templates`` beside ``package`` is a kind, or a kind and how it is made (``provider_local``).
It has ``component.py.tmpl``, ``test.py.tmpl``, ``usage.md.tmpl`` (whose first block is the example),
``description.txt``, and maybe a file that replaces the one of ``package``. What they may name:
``Names.placeholders``, and in the README ``usage``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from string import Template

from graphbit_core.cli.plugins.naming import Names
from graphbit_core.errors import ConfigError
from graphbit_core.nearest import nearest

LONGEST_DESCRIPTION = 80
"""Characters; it stands in lines of code."""

_PACKAGE = "package"
_LOCAL = "_local"
_ALSO = {
    "hooks": "plugin",
    "hook": "plugin",
    "store": "vector_store",
    "node": "node_type",
    "model": "provider",
}
"""What a kind is called in conversation."""


def flavours() -> list[str]:
    """The kinds that there are templates for, and ``<kind>_local`` where they can be made in another way."""
    return sorted(folder.name for folder in _templates().iterdir() if folder.name != _PACKAGE)


def flavour_of(kind: str, *, local: bool) -> str:
    """The folder of templates for a kind.

    Raises:
        ConfigError: There is none.
    """
    kinds = [flavour for flavour in flavours() if not flavour.endswith(_LOCAL)]
    if kind not in kinds:
        near = f" (did you mean {_ALSO[kind]!r}?)" if kind in _ALSO else nearest(kind, kinds)
        raise ConfigError(
            f"there is no template of kind {kind!r}{near}. Kinds: {', '.join(kinds)}", setting="kind"
        )
    if local and kind + _LOCAL not in flavours():
        both = ", ".join(one.removesuffix(_LOCAL) for one in flavours() if one.endswith(_LOCAL))
        raise ConfigError(
            f"a {kind} is made in one way only; leave out --local, which is for: {both}", setting="local"
        )
    return kind + _LOCAL if local else kind


def render(flavour: str, names: Names, description: str = "") -> dict[str, str]:
    """Path → content of each file to write, relative to the folder that gets them.

    Args:
        flavour: What ``flavour_of`` gave.
        names: What the plugin is called.
        description: What it does; by default what the template does.

    Raises:
        ConfigError: The description cannot stand where it has to.
    """
    source = _templates() / flavour
    about = _description(description) or (source / "description.txt").read_text(encoding="utf-8").strip()
    known = names.placeholders(about)
    component, test = _filled(source, "component.py", known), _filled(source, "test.py", known)
    if names.in_house:
        return {f"{names.file}.py": component, f"test_{names.file}.py": test}
    code = PurePosixPath(names.distribution, names.module)
    common = {
        "pyproject.toml": code.parent / "pyproject.toml",
        "README.md": code.parent / "README.md",
        "__init__.py": code / "__init__.py",
        "py.typed": code / "py.typed",
    }
    known["usage"] = _filled(source, "usage.md", known).strip()
    written = {str(path): _filled(source, name, known) for name, path in common.items()}
    written[str(code / f"{names.file}.py")] = component
    written[str(code.parent / "tests" / "test_conformance.py")] = test
    return written


def example(flavour: str, names: Names) -> str:
    """A program that uses the plugin."""
    usage = _filled(_templates() / flavour, "usage.md", names.placeholders(""))
    found = re.search(r"```python\n(.*?)\n```", usage, re.S)
    return found.group(1) if found else ""


def write(folder: Path, contents: Mapping[str, str]) -> list[Path]:
    """Writes all files, or none if one of them is there.

    Raises:
        ConfigError: A file is there already, or cannot be written.
    """
    targets = {folder / name: text for name, text in contents.items()}
    for path in targets:
        if path.exists() or path.is_symlink():
            raise ConfigError(f"{path} is there already; choose another name, or remove it", setting="name")
    for path, text in targets.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written: {error}", source=str(path)) from error
    return list(targets)


def _templates() -> Traversable:
    return files("graphbit_core.cli") / "templates"


def _filled(source: Traversable, name: str, known: Mapping[str, str]) -> str:
    own = source / f"{name}.tmpl"
    file = own if own.is_file() else _templates() / _PACKAGE / f"{name}.tmpl"
    return Template(file.read_text(encoding="utf-8")).substitute(known)


def _description(text: str) -> str:
    """As it stands in a docstring, a TOML file and a README: with a capital, without a full stop."""
    text = text.strip().rstrip(".").rstrip()
    wrong = sorted({char for char in text if char in '"\\' or not char.isprintable()})
    if wrong:
        listed = " ".join(map(repr, wrong))
        raise ConfigError(f"the description has {listed}; leave that out", setting="description")
    if len(text) > LONGEST_DESCRIPTION:
        raise ConfigError(
            f"the description has {len(text)} characters; use at most {LONGEST_DESCRIPTION}, "
            "and tell more in the README",
            setting="description",
        )
    return text[:1].upper() + text[1:]
