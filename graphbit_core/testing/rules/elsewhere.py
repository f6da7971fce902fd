"""Finds a component again in another process, which has nothing but its name and its file."""

from __future__ import annotations

import os
import sys
from typing import Any

PRELUDE = """
import importlib, importlib.util, json, sys

def find_module(name, file):
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # its package is not there
        found = None
    if found is not None:
        return importlib.import_module(name)
    spec = importlib.util.spec_from_file_location(name, file)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

def find(name, file, attribute):
    found = find_module(name, file)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
"""
"""What a script for ``python -c`` begins with: ``find(*place_of(component))`` is the component."""


def place_of(component: Any) -> tuple[str, str, str]:
    """Its module, the module's file, and its name in there.

    Raises:
        AssertionError: It is not at the top of a module, so that no other process can have it.
    """
    name = getattr(component, "__qualname__", "<none>")
    assert "<" not in name, f"define {name} at the top of a module, so that another process can import it"
    return component.__module__, file_of(component.__module__), name


def file_of(module: str) -> str:
    """The file of a module that is imported here, which another process may have under no name."""
    return getattr(sys.modules.get(module), "__file__", None) or ""


def environment() -> dict[str, str]:
    """Variables with which another process finds the modules that this one finds; pytest adds folders."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
