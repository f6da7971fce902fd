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
HOOK = """
from graphbit_core import hookimpl

graphbit_api = (1, 0)


@hookimpl
def {signature}:
    {body}
"""

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
        warned: What is said of it in the log when hooks are used; nothing if empty.
    """

    label: str
    source: str
    said: str
    cause: str = "NoneType"
    fix: str = ""
    name: str = ""
    group: str = "graphbit.loaders"
    needs: tuple[str, ...] = ()
    warned: str = ""

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

    def write(self, folder: Path, version: str = VERSION) -> Path:
        """Writes the project and returns its folder."""
        project = folder / f"{self.distribution}-{version}"
        module = self.distribution.replace("-", "_")
        (project / module).mkdir(parents=True)
        (project / module / "__init__.py").write_text(self.source)
        text = PYPROJECT.format(
            distribution=self.distribution,
            version=version,
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
    Broken("missing-method", HEALTHY.replace("load(", "read("), "Component is not a loader: it has no load"),
    Broken(
        "abstract",
        HEALTHY.replace("class Component:", "import abc\nclass Component(abc.ABC):").replace(
            "    def", "    @abc.abstractmethod\n    def"
        ),
        "Component cannot be made: load is still abstract",
    ),
    Broken(
        "unmakeable",
        HEALTHY + "\n    def __init__(self, file, /): ...",
        "it cannot be made: settings are given by name, and 'file' can only be given by position",
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
    Broken(
        "older-api", HEALTHY.replace("(1, 0)", "(0, 9)"), "needs plugin API 0.9; this graphbit-core offers"
    ),
    Broken("absent-api", HEALTHY.replace("graphbit_api", "api"), "declares no plugin API version"),
)
"""Broken add-ons whose error shows as soon as their component is used."""


def _hooks(label: str, source: str, said: str, cause: str = "NoneType", warned: str = "") -> Broken:
    return Broken(label, source, said, cause, name=label, group="graphbit.plugins", warned=warned or said)


def _raising(hook: str, signature: str = "") -> Broken:
    label = f"raising-{hook.replace('_', '-')}"
    source = HOOK.format(signature=f"graphbit_{hook}({signature})", body=f"raise OSError('no {hook} today')")
    return _hooks(label, source, f"its graphbit_{hook} failed and is left out (OSError: no {hook} today)")


HOOKS = (
    _hooks("hooks-import-error", "raise ImportError('no hooks')", "no hooks"),
    _hooks(
        "hook-with-wrong-arguments",
        HOOK.format(signature="graphbit_wrap_component(kind, label)", body="return None"),
        "its hooks cannot be registered",
    ),
    _hooks(
        "misspelled-hook",
        HOOK.format(signature="graphbit_subscribe_event()", body="return None"),
        "there is no hook 'graphbit_subscribe_event' (did you mean 'graphbit_subscribe_events'?)",
    ),
    _raising("register_components"),
    _raising("wrap_component", "kind, name"),
    _raising("workflow_compiled", "workflow"),
    _raising("subscribe_events"),
)
"""Modules of hooks that cannot be used: each is warned of when a workflow is run."""

ASKED_ELSEWHERE = (
    _raising("add_cli_commands"),
    _raising("doctor_checks"),
    _hooks(
        "unmarked-hook",
        "graphbit_api = (1, 0)\ndef graphbit_subscribe_events(): ...",
        "graphbit_subscribe_events is never called: it is not marked with @hookimpl",
    ),
    _hooks(
        "unmarked-misspelled-hook",
        "graphbit_api = (1, 0)\ndef graphbit_doctor_check(): ...",
        "graphbit_doctor_check is never called: there is no such hook (did you mean 'graphbit_doctor_checks",
    ),
    _hooks("no-hook", "graphbit_api = (1, 0)", "no function in it is marked with @hookimpl"),
)
"""Modules of hooks of which a workflow has nothing to say."""

HANG = Broken(
    "hang", "import time\ntime.sleep(600)", "its import had not ended after 3 s; it stood in line 2 of"
)
DEADLY = Broken(
    "deadly", "import os\nos._exit(7)", "its import ended the process with status 7 (it wrote nothing)"
)
TAKEN = tuple(
    Broken(label, HEALTHY, "is offered by", name="taken", fix="[plugins.prefer] loader.taken = ")
    for label in ("taken-one", "taken-two")
)
UNMET = Broken(
    "unmet-version", HEALTHY, "requires 'pluggy>=99', and ", needs=("pluggy>=99", "pluggy<99; extra == 'x'")
)
STRAY = Broken(
    "misspelled-group",
    HEALTHY,
    "there is no group of entry points 'graphbit.loadres' (did you mean 'graphbit.loaders'?)",
    group="graphbit.loadres",
)

COSTLY = (
    Broken(
        "slow-import",
        "import time\ntime.sleep(1.2)" + HEALTHY,
        "its import takes 1.",
        fix="ask its author to",
    ),
    Broken(
        "prints",
        "import os\nprint('Welcome to {prints}!', flush=True)\nos.system('echo and from a child')" + HEALTHY,
        "it prints at import: 'Welcome to {prints}!'",
        fix="ask its author to print nothing at import",
    ),
    Broken(
        "writes-to-standard-error",
        "import sys\nsys.stderr.write('Careful\\n')" + HEALTHY,
        "it writes to standard error at import: 'Careful'",
        fix="ask its author to use logging",
    ),
    Broken(
        "starts-a-thread",
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(600,), name='poller', daemon=True).start()" + HEALTHY,
        "its import starts a thread: poller",
        fix="ask its author to start threads when they are first needed",
    ),
    Broken(
        "changes-the-path",
        "import sys\nsys.path.insert(0, '/nowhere')" + HEALTHY,
        "its import changes sys.path",
        fix="ask its author to leave that to the program",
    ),
    Broken(
        "configures-logging",
        "import logging\nlogging.basicConfig(level='DEBUG')" + HEALTHY,
        "its import changes the handlers or the level of the root logger",
        fix="ask its author to leave that to the program",
    ),
    Broken(
        "reserved-name",
        HEALTHY + "\n    __graphbit_loader__ = 1",
        "it uses __graphbit_loader__; such names are reserved",
        fix="ask its author to choose names",
    ),
)
"""Add-ons that work, and that users pay for: the doctor warns of them."""

ALL = (*IMPORTED, *HOOKS, *ASKED_ELSEWHERE, HANG, DEADLY, *TAKEN, UNMET, STRAY)
"""Those with a fault."""
WELL = Broken("not-at-all", HEALTHY, "")
"""Installed beside the others: it must go on working."""
NOISY_HOOKS = _hooks(
    "prints-in-a-hook",
    "import os\nprint('at import')\n"
    + HOOK.format(
        signature="graphbit_workflow_compiled(workflow)",
        body="print('in a hook'); os.system('echo by a child')",
    ),
    "it prints at import: 'at import'",
)
"""Prints whenever a workflow is run."""
