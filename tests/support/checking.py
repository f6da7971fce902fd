"""Packages to be checked by ``graphbit plugins check``, and the form of its report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sites import Site

from graphbit_core import default_host
from graphbit_core.cli import main

RERANKER = '''
class Shuffle:
    """Orders matches by length."""

    graphbit_api = (1, 0)

    def rerank(self, query, matches, k):
        return sorted(matches, key=len)[:k]
'''
TESTS = """
from graphbit_core.testing.rules.component import ComponentConformance
from {module} import Shuffle


class TestShuffle(ComponentConformance):
    kind = "reranker"
    component = Shuffle
"""
LOADER = '''
from graphbit_loader_text import TextLoader


class Lines(TextLoader):
    """Reads lines."""

    suffixes = frozenset({".lines"})
'''
QUICK = ("--only", "docstring")
"""For tests in which it does not matter how many rules are tried."""


class Packages:
    """Writes packages into a folder of ``sys.path``, each as an editable install of a project with tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = Site(folder / "site")

    def write(
        self,
        name: str,
        source: str = RERANKER,
        tests: Mapping[str, str] | None = None,
        *,
        entries: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Path:
        """Writes one; its project's folder. ``{module}`` in a test becomes the name of its module."""
        module = name.replace("-", "_")
        entries = entries or {"graphbit.rerankers": {name: f"{module}:Shuffle"}}
        self.site.install(name, entries, {module: source})
        project = self.folder / name
        project.mkdir()
        for file, text in (tests or {}).items():
            place = project / "tests" / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text.replace("{module}", module), encoding="utf-8")
        origin = {"url": project.as_uri(), "dir_info": {"editable": True}}
        info = self.folder / "site" / f"{module}-1.2.dist-info"
        (info / "direct_url.json").write_text(json.dumps(origin))
        return project

    def check(self, *words: str | Path, status: int = 0) -> dict[str, Any]:
        """Runs the command and returns its report."""
        file = self.folder / "report.json"
        default_host().close()
        assert main(["plugins", "check", *map(str, words), "--report", str(file)]) == status
        report: dict[str, Any] = json.loads(file.read_text())
        assert_documented(report)
        assert report["passed"] == (status == 0)
        return report


def outcomes(component: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["outcome"] for rule in component["rules"]}


def rule(component: dict[str, Any], name: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in component["rules"] if one["rule"] == name]
    (only,) = found
    return only


TEXT, MAYBE = (str,), (str, type(None))
SCHEMA: dict[str, Any] = {
    "format": (int,),
    "started": TEXT,
    "seconds": (int, float),
    "versions": dict.fromkeys(("graphbit_core", "plugin_api", "python", "platform", "pytest"), TEXT),
    "components": [
        {
            **{"kind": TEXT, "name": TEXT, "distribution": TEXT, "version": MAYBE, "entry_point": MAYBE},
            **{"source": TEXT, "conformance": MAYBE},
            "tested_by": [{"name": TEXT, "file": MAYBE, "base": TEXT}],
            "rules": [
                {
                    **{"rule": TEXT, "outcome": ("passed", "failed", "accepted", "skipped")},
                    **{"seconds": (int, float), "tested_by": MAYBE, "message": MAYBE, "where": MAYBE},
                    "rerun": MAYBE,
                }
            ],
            "not_tried": [{"rule": TEXT, "needs": TEXT}],
        }
    ],
    "others": [{"name": TEXT, "file": TEXT, "tests": TEXT}],
    "problems": [{"message": TEXT, "file": MAYBE, "line": (int, type(None))}],
    "totals": dict.fromkeys(
        ("components", "passed", "failed", "accepted", "skipped", "not_tried", "problems"), (int,)
    ),
    "passed": (bool,),
}


def assert_documented(value: Any, schema: Any = SCHEMA, where: str = "report") -> None:
    """The report has the keys and types of the schema, and no other."""
    if isinstance(schema, dict):
        assert sorted(value) == sorted(schema), where
        for key, part in schema.items():
            assert_documented(value[key], part, f"{where}.{key}")
    elif isinstance(schema, list):
        for item in value:
            assert_documented(item, schema[0], where)
    elif isinstance(schema[0], str):
        assert value in schema, where
    else:
        assert type(value) in schema, where
