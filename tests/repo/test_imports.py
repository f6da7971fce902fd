"""Who may import what, beyond the layers that import-linter checks (root pyproject.toml)."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import workspace

import graphbit_core

CORE = workspace.ROOT / "graphbit_core"
PUBLIC_MODULES = {"graphbit_core.records", "graphbit_core.text", "graphbit_core.wire"}
NOT_AT_IMPORT = {
    "importlib_metadata",
    "asyncio",
    "pydantic",
    "numpy",
    "pluggy",
    "yaml",
    "graphbit_core._native",
}


def imports(path: Path) -> Iterator[tuple[int, str, str | None]]:
    """Line, module, and the name imported from it (None for ``import module``)."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (node.lineno, "." * node.level + (node.module or ""), alias.name) for alias in node.names
            )


def python_files(folder: Path) -> list[Path]:
    return [path for path in workspace.sources(folder) if path.suffix == ".py"]


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(workspace.ROOT)}:{line}"


def test_only_the_kernel_wrapper_imports_the_native_module():
    found = set()
    for path in python_files(CORE):
        for _, module, name in imports(path):
            if module == "graphbit_core._native" or (module, name) == ("graphbit_core", "_native"):
                found.add(path.relative_to(CORE).parts[0].removesuffix(".py"))
    assert found <= {"kernel"}


def test_core_modules_import_each_other_by_module_and_not_through_the_public_face():
    """The face hides where a name lives, so the layers could not be checked. The kit imports as users do."""
    found = [
        where(path, line)
        for path in python_files(CORE)
        if "testing" not in path.relative_to(CORE).parts
        for line, module, name in imports(path)
        if module == "graphbit_core"
        and not (CORE / f"{name}.py").exists()
        and not (CORE / f"{name}").is_dir()
    ]
    assert not found


@pytest.mark.parametrize("folder", workspace.packages(), ids=workspace.distribution)
def test_an_add_on_imports_only_public_names(folder: Path):
    found = []
    for path in python_files(folder):
        in_tests = "tests" in path.relative_to(folder).parts
        for line, module, name in imports(path):
            if module.split(".")[0] != "graphbit_core":
                continue
            public = module == "graphbit_core" and (
                name is None or name in {*graphbit_core.__all__, "text", "*"}
            )
            kit = in_tests and f"{module}.{name}.".startswith("graphbit_core.testing.")
            if not (public or kit or module in PUBLIC_MODULES):
                found.append(f"{where(path, line)} {module} {name or ''}")
    assert not found


def test_only_the_bindings_use_pyo3():
    users = [path for path in workspace.sources(workspace.ROOT / "native") if path.suffix == ".rs"]
    users = [path for path in users if re.search(r"\bpyo3::", path.read_text(encoding="utf-8"))]
    assert users
    assert all(path.is_relative_to(workspace.ROOT / "native" / "bindings") for path in users)


def test_importing_graphbit_core_loads_no_add_on_and_no_heavy_library(tmp_path: Path):
    code = "import json, sys; old = {*sys.modules}; import graphbit_core as _; "
    code += "print(json.dumps([*{*sys.modules} - old]))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    loaded = set(json.loads(done.stdout))
    assert "graphbit_core" in loaded
    add_ons = {workspace.module(folder).name for folder in workspace.packages()}
    assert not loaded & (NOT_AT_IMPORT | add_ons)
