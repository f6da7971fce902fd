"""Options that every node takes, whatever its type: how it waits, fails, is tried again and is limited."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypedDict

from graphbit_core.errors import Finding, ValidationError
from graphbit_core.nearest import nearest

IMPORT_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
"""``package.module:function``."""
VARIABLE_NAME = re.compile(r"[A-Za-z_][\w-]*")


class NodeOptions(TypedDict, total=False):
    """Options of a node as users write them, in code and in files; each may be left out.

    Attributes:
        join: When it runs, if several edges lead to it: ``all`` (default), ``first``, ``all_settled``,
            ``{"quorum": k}`` or ``{"tolerate": n}``.
        rest: What becomes of branches that a ``first`` or ``quorum`` join needs no more: ``cancel``
            (default), ``ignore`` or ``drain``.
        on_error: What its failure means: ``fail`` (default), ``route`` (its error edges go on), ``skip``,
            ``{"value": v}`` (its output is ``v``) or ``{"fallback": id}`` (that node takes over).
        retry: How often it is tried, the first time counted; or a mapping with ``max_attempts``, ``base``
            (most seconds before the second attempt), ``factor`` (how they grow) and ``cap`` (most seconds).
        timeout: Most seconds per attempt.
        deadline: Most seconds from the first start, over all attempts and the waiting between them.
        priority: Higher ones start first where a limit makes nodes wait; default 0.
        resource: Name of the limit that it shares with others of the same resource.
        compensate: What undoes it when the workflow fails later: a function, or ``package.module:function``.
        writes: Name of the variable that its output is also written to.
        ports: Its input ports: name to ``required``, ``optional``, ``collect`` (a list of all that arrives)
            or ``optional collect``.
    """

    join: str | Mapping[str, int]
    rest: str
    on_error: str | Mapping[str, Any]
    retry: int | Mapping[str, float]
    timeout: float
    deadline: float
    priority: int
    resource: str
    compensate: Callable[..., Any] | str
    writes: str
    ports: Mapping[str, str]


OPTION_NAMES = frozenset(NodeOptions.__annotations__)


class AgentOptions(NodeOptions, total=False):
    """How an agent's model is asked; each may be left out.

    Attributes:
        fallbacks: Models that are asked when ``llm`` fails in a way that another one may mend.
        policy: Bounds of a model call, such as ``max_attempts``; they go before the client's.
        temperature: 0 to 2.
        max_tokens: Most tokens to generate, at least 1.
        reasoning_effort: The provider's own word, such as ``low`` or ``high``.
        parallel_tool_calls: Whether one answer may ask for several tools.
        cache: Ask for the provider's prompt caching, where that must be asked for.
    """

    fallbacks: Sequence[str]
    policy: Mapping[str, float | int]
    temperature: float
    max_tokens: int
    reasoning_effort: str
    parallel_tool_calls: bool
    cache: bool


@dataclass(frozen=True, slots=True)
class Retry:
    """How often a node is tried. Before attempt n + 1 it waits up to ``base * factor ** (n - 1)`` seconds,
    at most ``cap``.
    """

    max_attempts: int = 1
    base: float = 0.5
    factor: float = 2.0
    cap: float = 30.0


@dataclass(frozen=True, slots=True)
class Port:
    """An input port: whether it must get a value, and whether it gets a list of all that arrive."""

    required: bool = True
    collect: bool = False

    def __str__(self) -> str:
        words = ["optional"] * (not self.required) + ["collect"] * self.collect
        return " ".join(words) or "required"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of a node, checked. The names mean what they do in ``NodeOptions``.

    Attributes:
        join: ``all``, ``first``, ``all_settled``, ``quorum`` or ``tolerate``.
        count: The k of ``quorum`` (1 or more), the n of ``tolerate`` (0 or more); else None.
        on_error: ``("fail", None)``, ``("route", None)``, ``("skip", None)``, ``("value", v)`` or
            ``("fallback", node id)``.
    """

    join: str = "all"
    count: int | None = None
    rest: str = "cancel"
    on_error: tuple[str, Any] = ("fail", None)
    retry: Retry = Retry()
    timeout: float | None = None
    deadline: float | None = None
    priority: int = 0
    resource: str | None = None
    compensate: Callable[..., Any] | str | None = None
    writes: str | None = None
    ports: Mapping[str, Port] = field(default_factory=lambda: MappingProxyType({}))

    def written(self) -> dict[str, Any]:
        """As users write them, without those that have their default; ``parse_options`` reads it again."""
        data: dict[str, Any] = {
            name: getattr(self, name)
            for name in ("rest", "timeout", "deadline", "priority", "resource", "compensate", "writes")
            if getattr(self, name) != getattr(DEFAULTS, name)
        }
        if self.join != "all":
            data["join"] = self.join if self.count is None else {self.join: self.count}
        kind, value = self.on_error
        if kind != "fail":
            data["on_error"] = {kind: value} if kind in ("value", "fallback") else kind
        if self.retry != DEFAULTS.retry:
            changed = {
                name: getattr(self.retry, name)
                for name in ("max_attempts", "base", "factor", "cap")
                if getattr(self.retry, name) != getattr(DEFAULTS.retry, name)
            }
            data["retry"] = changed["max_attempts"] if list(changed) == ["max_attempts"] else changed
        if self.ports:
            data["ports"] = {name: str(port) for name, port in self.ports.items()}
        return data


DEFAULTS = Options()


def parse_options(given: Mapping[str, Any], node: str) -> Options:
    """The options of the node with this id, checked; those that are None count as left out.

    Raises:
        ValidationError: Some are wrong; ``findings`` lists them all.
    """
    parsed: dict[str, Any] = {}
    wrong: dict[str, Finding] = {}
    for key, value in given.items():
        if value is None:
            continue
        try:
            parsed |= _PARSERS[key](value) if key in _SEVERAL else {key: _PARSERS[key](value)}
        except ValueError as error:
            wrong[key] = Finding("bad_option", f"{key} is {value!r:.80}", str(error), node)
    if wrong:
        findings = tuple(wrong.values())
        raise ValidationError(f"node {node!r} has wrong options:", findings=findings, field=next(iter(wrong)))
    return Options(**parsed) if parsed else DEFAULTS


def _one_of(known: tuple[str, ...], others: str = "") -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if isinstance(value, str) and value in known:
            return value
        hint = nearest(value, known) if isinstance(value, str) else ""
        raise ValueError(f"write {', '.join(map(repr, known))}{others}{hint}")

    return parse


_PLAIN_JOIN = _one_of(("all", "first", "all_settled"), " or {'quorum': k} or {'tolerate': n}")
_PLAIN_ON_ERROR = _one_of(("fail", "route", "skip"), " or {'value': v} or {'fallback': node id}")


def _single(value: Any, known: Mapping[str, Any], otherwise: Callable[[Any], str]) -> tuple[str, Any]:
    """The key and value of a mapping with one key out of ``known``; else what ``otherwise`` makes of it."""
    if isinstance(value, Mapping) and len(value) == 1:
        key, inner = next(iter(value.items()))
        if key in known:
            return key, inner
        if isinstance(key, str):
            raise ValueError(f"use one of {', '.join(map(repr, known))}{nearest(key, known)}")
    return otherwise(value), None


def _join(value: Any) -> dict[str, Any]:
    lowest = {"quorum": 1, "tolerate": 0}
    kind, count = _single(value, lowest, _PLAIN_JOIN)
    return {"join": kind, "count": _whole(lowest[kind])(count) if kind in lowest else None}


def _on_error(value: Any) -> tuple[str, Any]:
    kind, inner = _single(value, {"value": None, "fallback": None}, _PLAIN_ON_ERROR)
    if kind == "fallback":
        inner = _text("the id of a node")(getattr(inner, "id", inner))
    return kind, inner


def _retry(value: Any) -> Retry:
    if not isinstance(value, Mapping):
        return Retry(_whole(1)(value))
    parsers: dict[str, Callable[[Any], Any]] = {
        "max_attempts": _whole(1), "base": _number(0), "factor": _number(1), "cap": _number(0),
    }  # fmt: skip
    parsed = {}
    for key, inner in value.items():
        if key not in parsers:
            raise ValueError(f"a mapping has {', '.join(parsers)}; not {key!r}{nearest(str(key), parsers)}")
        try:
            parsed[key] = parsers[key](inner)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return Retry(**parsed)


def _whole(lowest: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value < 2**31:
            raise ValueError(f"give a whole number, at least {lowest}")
        return value

    return parse


def _number(lowest: float, *, above: bool = False) -> Callable[[Any], float]:
    def parse(value: Any) -> float:
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < lowest or (above and value == lowest):
            raise ValueError(f"give a finite number, {'more than' if above else 'at least'} {lowest:g}")
        return float(value)

    return parse


def _text(what: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"give {what}, as text")
        return value

    return parse


def variable_name(value: Any) -> str:
    """``value``, which must be a name that templates can use; else a ValueError says what one looks like."""
    if not isinstance(value, str) or not VARIABLE_NAME.fullmatch(value):
        raise ValueError("give a name: letters, digits, '_' and '-', and no digit first")
    return value


def function_or_path(value: Any) -> Callable[..., Any] | str:
    """``value``, which must be callable or an import path; else a ValueError says what to give."""
    if isinstance(value, str) and IMPORT_PATH.fullmatch(value):
        return value
    if callable(value):
        function: Callable[..., Any] = value
        return function
    raise ValueError("give a function, or where it is: 'package.module:function'")


_PORTS = {str(port): port for port in (Port(), Port(False), Port(True, True), Port(False, True))}


def _ports(value: Any) -> Mapping[str, Port]:
    if not isinstance(value, Mapping):
        raise ValueError("give a mapping: {name: 'required'}")
    kind = _one_of(tuple(_PORTS))
    try:
        return MappingProxyType({variable_name(name): _PORTS[kind(port)] for name, port in value.items()})
    except ValueError as error:
        raise ValueError(f"for each port, by name: {error}") from None


_seconds = _number(0, above=True)
_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "join": _join,
    "rest": _one_of(("cancel", "ignore", "drain")),
    "on_error": _on_error,
    "retry": _retry,
    "timeout": _seconds,
    "deadline": _seconds,
    "priority": _whole(-(2**31)),
    "resource": _text("the name of a resource"),
    "compensate": function_or_path,
    "writes": variable_name,
    "ports": _ports,
}
_SEVERAL = frozenset({"join"})
"""Options that set more than the field of their name."""
