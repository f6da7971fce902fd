"""The JSON Schema of workflow files, made of the options and of the node types that are installed."""

from __future__ import annotations

import collections.abc as abc
import inspect
import re
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Union, get_args, get_origin

from graphbit_core.errors import PluginError
from graphbit_core.host import Host, default_host
from graphbit_core.host.arguments import is_for_host
from graphbit_core.host.schema import hints_of
from graphbit_core.tools.docstrings import read_docstring
from graphbit_core.workflow.edge import EDGE_KINDS, Edge
from graphbit_core.workflow.node import ID_PATTERN, Node
from graphbit_core.workflow.options import IMPORT_PATH, VARIABLE_NAME, NodeOptions, Port
from graphbit_core.workflow.reading import CONTAINERS
from graphbit_core.workflow.variables import REDUCERS, Variable

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "pattern": r"\S"}
_NAME: Schema = {"type": "string", "pattern": f"^{VARIABLE_NAME.pattern}$"}
_FUNCTION: Schema = {"type": "string", "pattern": f"^{IMPORT_PATH.pattern}$"}
_SECONDS: Schema = {"type": "number", "exclusiveMinimum": 0}
_SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def json_schema(host: Host | None = None) -> Schema:
    """See ``Workflow.json_schema``."""
    node_types = _node_types(host or default_host())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "GraphBit workflow",
        "$ref": "#/$defs/workflow",
        "required": ["name"],
        "$defs": {
            "workflow": _workflow(),
            "body": _body(),
            "variable": _variable(),
            "edge": _edge(),
            "id": {"type": "string", "pattern": f"^{ID_PATTERN.pattern}$"},
            "node": _node(node_types),
            **{f"option_{name}": schema for name, schema in _options().items()},
            **{f"type_{name}": schema for name, schema in node_types.items()},
        },
    }


def _object(properties: Mapping[str, Schema], required: tuple[str, ...] = (), **more: Any) -> Schema:
    wanted = {"required": list(required)} if required else {}
    return {"type": "object", **more, "properties": dict(properties), **wanted, "additionalProperties": False}


def _workflow() -> Schema:
    keys = {
        "name": {**_TEXT, "description": "What people call it."},
        "description": {"type": ["string", "null"], "description": "What it is for."},
        "variables": {
            "type": ["object", "null"],
            "description": "Names that nodes write, and how several writes become one value.",
            "propertyNames": _NAME,
            "additionalProperties": {"$ref": "#/$defs/variable"},
        },
        "nodes": {
            "type": "object",
            "description": "The nodes by id.",
            "minProperties": 1,
            "propertyNames": {"$ref": "#/$defs/id"},
            "additionalProperties": {"$ref": "#/$defs/node"},
        },
        "edges": {
            "type": ["array", "null"],
            "description": "What follows what.",
            "items": {"$ref": "#/$defs/edge"},
        },
    }
    return _object(keys, ("nodes",))


def _body() -> Schema:
    path = {**_TEXT, "description": "Path of a workflow file, from the folder of this one."}
    file = _object({"file": path}, ("file",))
    about = "What a container runs: a workflow, here or in a file of its own."
    return {"description": about, "anyOf": [{"$ref": "#/$defs/workflow"}, file]}


def _variable() -> Schema:
    reducer: Schema = {"anyOf": [{"enum": list(REDUCERS)}, _FUNCTION]}
    about = documented(Variable)
    initial = {"description": about["initial"]}
    return {
        "description": about["reducer"],
        "anyOf": [*reducer["anyOf"], _object({"reducer": reducer, "initial": initial})],
    }


def _edge() -> Schema:
    about = documented(Edge)
    end = {"type": ["string", "integer"]}
    tests = [_object({"if": _TEXT}, ("if",)), _object({"function": _FUNCTION}, ("function",))]
    keys: dict[str, Schema] = {
        "from": {**end, "description": "Id of the node where it starts."},
        "to": {**end, "description": "Id of the node where it ends."},
        "kind": {"enum": list(EDGE_KINDS), "description": about["kind"]},
        "when": {"anyOf": [{"type": "string"}, *tests], "description": about["when"]},
        "output": {"type": ["string", "integer"], "description": about["output"]},
        "port": {**_NAME, "description": about["port"]},
    }
    return _object(keys, ("from", "to"))


def _options() -> dict[str, Schema]:
    """Per option the schema of its value. A new one without a schema here is a KeyError."""
    whole: Schema = {"type": "integer", "minimum": 1}
    retry = {
        "max_attempts": whole,
        "base": {"type": "number", "minimum": 0},
        "factor": {"type": "number", "minimum": 1},
        "cap": {"type": "number", "minimum": 0},
    }
    ports = [str(Port(required, collect)) for collect in (False, True) for required in (True, False)]
    shapes: dict[str, Schema] = {
        "join": _either(
            ("all", "first", "all_settled"), quorum=whole, tolerate={"type": "integer", "minimum": 0}
        ),
        "rest": {"enum": ["cancel", "ignore", "drain"]},
        "on_error": _either(("fail", "route", "skip"), value={}, fallback={"$ref": "#/$defs/id"}),
        "retry": {"anyOf": [whole, _object(retry)]},
        "timeout": _SECONDS,
        "deadline": _SECONDS,
        "priority": {"type": "integer"},
        "resource": _TEXT,
        "compensate": _FUNCTION,
        "writes": _NAME,
        "ports": {"type": "object", "propertyNames": _NAME, "additionalProperties": {"enum": ports}},
    }
    about = documented(NodeOptions)
    return {name: {"description": about[name], **shapes[name]} for name in NodeOptions.__annotations__}


def _either(words: tuple[str, ...], **single: Schema) -> Schema:
    """One of some words, or a mapping with one key."""
    return {"anyOf": [{"enum": list(words)}, *(_object({k: v}, (k,)) for k, v in single.items())]}


def _node(node_types: Mapping[str, Schema]) -> Schema:
    known = [{"const": name, "description": schema["description"]} for name, schema in node_types.items()]
    kind = {"description": "What kind of step it is.", "anyOf": [*known, {"type": "string"}]}
    rules = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/type_{name}"},
        }
        for name in node_types
    ]
    common = {**_common(), "type": kind}
    return {"type": "object", "properties": common, "required": ["type"], "allOf": rules}


def _common() -> dict[str, Schema]:
    """What every node may have."""
    name = {"type": ["string", "number"], "description": "Shown to people, and usable in templates."}
    options = {name: {"$ref": f"#/$defs/option_{name}"} for name in NodeOptions.__annotations__}
    return {"type": {}, "name": name, **options}


def _node_types(host: Host) -> dict[str, Schema]:
    """Per node type that can be loaded: its settings beside what every node may have."""
    found: dict[str, Schema] = {}
    for name in sorted({info.name for info in host.list("node_type")}):
        try:
            found[name] = _settings(name, host.component("node_type", name))
        except PluginError:
            continue  # files may still name it: of a type that is not known here, any setting goes
    return found


def _settings(name: str, component: Any) -> Schema:
    text = (inspect.getdoc(component) or "").partition("\n\n")[0]
    about: dict[str, str] = {}
    for owner in (component, getattr(component, "__init__", None), getattr(Node, name, None)):
        about |= documented(owner)
    schema = _object(_common(), description=" ".join(text.split()).replace("``", "'"))
    required = []
    try:
        parameters = list(inspect.signature(component).parameters.values())
    except (TypeError, ValueError):  # it has no signature, so it checks its settings itself
        parameters = []
        schema["additionalProperties"] = True
    hints = hints_of(component)
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            schema["additionalProperties"] = True
        elif parameter.kind is not parameter.VAR_POSITIONAL and not is_for_host(parameter):
            if parameter.default is parameter.empty:
                required.append(parameter.name)
            is_body = name in CONTAINERS and parameter.name == "body"
            value = {"$ref": "#/$defs/body"} if is_body else _of_hint(hints.get(parameter.name, Any))
            if parameter.name in about:
                value = {"description": about[parameter.name], **value}
            schema["properties"][parameter.name] = value
    return schema | ({"required": required} if required else {})


def _of_hint(hint: Any) -> Schema:
    """What a file may hold where the code asks for ``hint``; anything, where that is not known."""
    origin, arguments = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and hint in _SIMPLE:
        return {"type": _SIMPLE[hint]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        several = [_of_hint(argument) for argument in arguments]
        if {"type": "string"} in several:  # a path to a function is text, too
            several = [schema for schema in several if schema != _FUNCTION]
        return {} if {} in several else {"anyOf": several} if len(several) > 1 else several[0]
    kind = origin or hint
    if kind in (list, tuple, abc.Sequence):
        return {"type": "array", **({"items": _of_hint(arguments[0])} if arguments else {})}
    if kind in (dict, abc.Mapping):
        return {"type": "object", **({"additionalProperties": _of_hint(arguments[1])} if arguments else {})}
    return dict(_FUNCTION) if kind in (Callable, abc.Callable) else {}


def documented(owner: Any) -> dict[str, str]:
    """What the docstring says of each argument or attribute, and those of options that a function unpacks."""
    texts = dict(read_docstring(owner).parameters)
    for annotation in getattr(owner, "__annotations__", {}).values():
        if unpacked := re.fullmatch(r"Unpack\[(\w+)\]", str(annotation)):
            texts |= read_docstring(owner.__globals__[unpacked[1]]).parameters
    return {name: text.replace("``", "'") for name, text in texts.items()}
