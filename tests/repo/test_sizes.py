"""Small files and small functions. Clippy holds Rust functions to the same length (clippy.toml)."""

from __future__ import annotations

import ast

import workspace

FILE_LINES = 400
FUNCTION_LINES = 60
CODE = {".py", ".pyi", ".rs", ".sh", ".toml"}


def test_no_file_is_longer_than_400_lines():
    lengths = {path: len(path.read_bytes().splitlines()) for path in workspace.tree() if path.suffix in CODE}
    long = {str(path.relative_to(workspace.ROOT)): n for path, n in lengths.items() if n > FILE_LINES}
    assert len(lengths) > 30
    assert not long


def test_no_python_function_is_longer_than_60_lines():
    seen, long = 0, []
    for path in workspace.tree():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                seen += 1
                if (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES:
                    long.append(f"{path.relative_to(workspace.ROOT)}:{node.lineno} {node.name}")
    assert seen > 50
    assert not long


def test_clippy_holds_rust_functions_to_60_lines():
    assert f"too-many-lines-threshold = {FUNCTION_LINES}" in (workspace.ROOT / "clippy.toml").read_text()
