"""What is wrong with installed packages and is told by the doctor, or once in a warning."""

from __future__ import annotations

import json
import re

from message_scene import Case, Scene, logged
from sites import LOADER, Site

from graphbit_core.host import Host

ONE = {"graphbit.loaders": {"ini": "graphbit_audit:Loader"}}, {"graphbit_audit": LOADER}
"""Entry points of a package, and its modules."""
THREAD = """
import threading, time
threading.Thread(target=time.sleep, args=(9,), daemon=True, name="cleaner").start()
"""
WRITTEN = '[project.entry-points."graphbit.loaders"]\nini = "graphbit_audit:Loader"'


def _unreadable(scene: Scene) -> str:
    broken = scene.site.path / "graphbit_audit-1.2.dist-info"
    broken.mkdir()
    (broken / "entry_points.txt").write_text("[graphbit.loaders]\nini = x:Y\n")
    return logged(lambda: scene.host().call("graphbit_doctor_checks"))


def _required(scene: Scene, requirement: str) -> str:
    scene.site.install("graphbit-audit", *ONE, requires=(requirement,))
    return scene.examined(scene.host())


def _second_copy(scene: Scene) -> str:
    second = Site(scene.site.path / "second")
    second.install("graphbit-audit", *ONE, version="1.1")
    scene.site.install("graphbit-audit", *ONE)
    return scene.examined(Host(path=[str(scene.site.path), str(second.path)]))


def _two_versions(scene: Scene) -> str:
    for version in ("1.1", "1.2"):
        scene.site.install("graphbit-audit", *ONE, version=version)
    told = scene.examined(scene.host())
    if told.startswith("graphbit-audit 1.1"):
        return told
    return re.sub(r"1\.[12]", lambda found: "1.1" if found[0] == "1.2" else "1.2", told)  # chance, as it says


def _editable(scene: Scene, written: str | None) -> str:
    """A package that was installed from a project which now says something else, or is gone."""
    project = scene.site.path / "graphbit-audit"
    scene.site.install("graphbit-audit", *ONE)
    origin = json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}})
    (scene.site.path / "graphbit_audit-1.2.dist-info" / "direct_url.json").write_text(origin)
    if written is not None:
        project.mkdir()
        (project / "pyproject.toml").write_text(f'[project]\nname = "graphbit-audit"\n{written}\n')
    return scene.examined(scene.host())


def _stray(scene: Scene) -> str:
    scene.site.install("graphbit-audit", {"graphbit.loader": {"ini": "graphbit_audit:Loader"}})
    return scene.examined(scene.host())


def _slow(scene: Scene) -> str:
    told = scene.doctor(f"import time\ntime.sleep(0.3)\n{LOADER}", budget=0.2)
    return re.sub(r"takes [\d.]+ s", "takes 0.3 s", told)  # more, where the machine is busy


def _hooks(scene: Scene, source: str) -> str:
    scene.site.hooks("graphbit-audit", f"graphbit_api = (1, 0)\n{source}")
    return scene.examined(scene.host())


GROUPS: dict[str, list[Case]] = {
    "Metadata": [
        Case("It cannot be read", _unreadable),
        Case("What a distribution requires is missing", lambda scene: _required(scene, "configobj")),
        Case("It is there in another version", lambda scene: _required(scene, "pluggy>=99")),
        Case("A distribution is on the path twice", _second_copy),
        Case("A distribution has two versions in one folder", _two_versions),
        Case(
            "The entry points of an editable install are old",
            lambda scene: _editable(scene, WRITTEN.replace("ini", "cfg")),
        ),
        Case("Its version is old", lambda scene: _editable(scene, f'version = "1.3"\n{WRITTEN}')),
        Case("Its folder is gone", lambda scene: _editable(scene, None)),
        Case("A group of entry points is misspelt", _stray),
    ],
    "Only the doctor tells": [
        Case("An import does not end", lambda scene: scene.doctor("import time\ntime.sleep(60)", limit=3.0)),
        Case("An import ends the process", lambda scene: scene.doctor("import os\nos._exit(3)")),
        Case("An import prints", lambda scene: scene.doctor(f"print('Thank you!')\n{LOADER}")),
        Case("An import starts a thread", lambda scene: scene.doctor(f"{THREAD}\n{LOADER}")),
        Case(
            "An import changes what all share",
            lambda scene: scene.doctor(f"import sys\nsys.path.append('x')\n{LOADER}"),
        ),
        Case("An import is slow", _slow),
        Case("A hook lacks its mark", lambda scene: _hooks(scene, "def graphbit_doctor_checks(): return []")),
        Case("A module has no hook", lambda scene: _hooks(scene, "")),
    ],
}
"""Heading → cases, in the order of the page."""
