"""Errors are caught broadly in few places, and drawn as they are."""

from __future__ import annotations

import ast
import re
from pathlib import PurePosixPath

import workspace

from graphbit_core import GraphBitError, errors

MAY_CATCH_BROADLY = {
    "graphbit_core/host/*.py": "a broken plugin harms only itself; the host reports it",
    "graphbit_core/host/doctor/*.py": "what a plugin's hooks and checks raise is what the doctor reports",
    "graphbit_core/cli/main.py": "a plugin's command harms only itself, and is reported",
    "graphbit_core/llm/calls/worker.py": "carries an error to the coroutine that waits, which raises it",
    "graphbit_core/processes/child.py": "what the function raised is told to the parent, which raises it",
    "graphbit_core/workflow/bodies.py": "whatever a node's body raises becomes that node's failure",
    "graphbit_core/workflow/failures.py": "an error that cannot say what it is is told of all the same",
    "graphbit_core/workflow/reducers.py": "what a user's reducer raises is told as a fault of the variable",
    "graphbit_core/workflow/driver.py": "whatever a node's body raises becomes that node's failure",
    "graphbit_core/workers.py": "the driver's threads: what the body raised is handed to the driver",
    "graphbit_core/workflow/loops.py": "what a helper thread raised is raised again in the caller's",
    "graphbit_core/workflow/publishing.py": "a plugin's event subscriber harms only itself, and is reported",
    "graphbit_core/types/plain.py": "a value that cannot even be shown is described as that",
    "graphbit_core/tools/running.py": "whatever a tool raises becomes its result, or fails the agent",
    "tests/hostile/test_misdeeds.py": "which error a body raises is what the test asks",
    "graphbit_core/testing/rules/refused_files.py": "what a loader raised in its thread goes to the test",
}
"""Patterns of files, and why. Elsewhere a broad handler must end by raising again."""


def broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})
        for kind in kinds
    )


def raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise)


def test_only_the_host_and_the_node_driver_swallow_unknown_errors():
    found = []
    for path in workspace.tree():
        relative = PurePosixPath(path.relative_to(workspace.ROOT))
        if path.suffix != ".py" or any(relative.match(pattern) for pattern in MAY_CATCH_BROADLY):
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ExceptHandler) and broad(node) and not raises_again(node):
                found.append(f"{relative}:{node.lineno}")
    assert not found


def test_the_drawn_error_tree_is_the_real_one():
    drawn: dict[str, tuple[str, ...]] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([│├└─ ]*)([A-Z]\w*Error)(?: \((\w+)\))?(?:\s|$)", line):
            branch, name, builtin = match.groups()
            path = [*path[: len(branch) // 4], name]
            parent = path[-2] if len(path) > 1 else "Exception"
            drawn[name] = (parent, builtin) if builtin else (parent,)
    classes = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, GraphBitError)
    ]
    assert drawn == {kind.__name__: tuple(base.__name__ for base in kind.__bases__) for kind in classes}


def test_every_error_class_ends_in_error_and_is_public():
    import graphbit_core

    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, BaseException):
            assert kind.__name__.endswith("Error")
            assert kind.__name__ in graphbit_core.__all__
