"""Every way in which an add-on can be broken, as projects that are really built and installed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

VERSION = "3.1.4"

HEALTHY = '''
class Component:
    """A loader."""

    graphbit_api = (1, 0)

    def load(self, path):
        yield path
'''

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{distribution}"
version = "{version}"
description = "Broken on purpose"
requires-python = ">=3.11"
dependencies = {dependencies}

[project.entry-points."{group}"]
{name} = "{module}{attribute}"
"""


@dataclass(frozen=True)
class Broken:
    """One add-on.

    Attributes:
        source: Its module.
        said: What the error says is wrong.
        fix: What the error says mends it; default: upgrading the add-on.
        name: The entry point's name; default: the add-on's own.
        cause: The type of the error that is chained, or ``NoneType``.
    """

    label: str
    source: str
    said: str
    cause: str = "NoneType"
    fix: str = ""
    name: str = ""
    group: str = "graphbit.loaders"
    needs: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """The distribution's name."""
        return f"graphbit-broken-{self.label}"

    @property
    def entry(self) -> str:
        """What users write."""
        return self.name or self.label

    @property
    def mend(self) -> str:
        """What the error says mends it."""
        return self.fix or f"pip install --upgrade {self.distribution}"

    def write(self, folder: Path) -> Path:
        """Writes the project and returns its folder."""
        project = folder / self.distribution
        module = self.distribution.replace("-", "_")
        (project / module).mkdir(parents=True)
        (project / module / "__init__.py").write_text(self.source)
        text = PYPROJECT.format(
            distribution=self.distribution,
            version=VERSION,
            dependencies=["graphbit-core>=0.1,<2", *self.needs],
            group=self.group,
            name=self.entry,
            module=module,
            attribute="" if self.group == "graphbit.plugins" else ":Component",
        )
        (project / "pyproject.toml").write_text(text)
        return project


IMPORTED = (
    Broken("import-error", "raise ImportError('half installed')", "half installed", "ImportError"),
    Broken("syntax-error", "def broken(:\n", "SyntaxError", "SyntaxError"),
    Broken("exit", "raise SystemExit(0)", "SystemExit: 0", "SystemExit"),
    Broken("interrupt", "raise KeyboardInterrupt", "KeyboardInterrupt", "KeyboardInterrupt"),
    Broken("missing-attribute", "Reader = 1", "has no attribute 'Component'", "AttributeError"),
    Broken(
        "wrong-type", "Component = 42", "must be a class or a frozen dataclass instance, not 42 of type int"
    ),
    Broken(
        "missing-dependency",
        "import graphbit_test_absent",
        "its import of 'graphbit_test_absent' failed",
        "ModuleNotFoundError",
        needs=("graphbit-test-absent>=2",),
    ),
    Broken(
        "newer-api",
        HEALTHY.replace("(1, 0)", "(1, 99)"),
        "needs plugin API 1.99; this graphbit-core offers 1.0",
        fix="pip install --upgrade graphbit-core",
    ),
)
"""Broken add-ons whose error shows as soon as their component is used."""

HANG = Broken("hang", "import time; time.sleep(600)", "its import had not ended after")
HOOKS = Broken(
    "hooks", "raise ImportError('no hooks')", "no hooks", "ImportError", name="main", group="graphbit.plugins"
)
TAKEN = tuple(
    Broken(label, HEALTHY, "is offered by", name="taken", fix="[plugins.prefer] loader.taken = ")
    for label in ("taken-one", "taken-two")
)
ALL = (*IMPORTED, HANG, HOOKS, *TAKEN)
WELL = Broken("not-at-all", HEALTHY, "")
"""Installed beside the others: it must go on working."""
