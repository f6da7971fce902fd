"""Answers as instances of a type: the schema goes out, what comes is checked, and asked for again."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

from graphbit_core.errors import Finding, StructuredOutputError, ValidationError
from graphbit_core.kernel import Schema
from graphbit_core.llm.wanted import Wanted
from graphbit_core.tools.shapes import Shape, Shapes
from graphbit_core.types.messages import ChatRequest, ChatResponse, Message

T = TypeVar("T")

_WRAPPED = "value"
"""The field that holds what is not an object by itself: APIs want an object."""
_REFUSALS = (TypeError, ValueError, LookupError, AttributeError, OverflowError)
"""What the constructor of a class, or a model of pydantic, may raise of fields that it does not want."""
_SHOWN = 80
"""Characters of an answer in the text of an error."""
_CUT_OFF = ("length", "content_filter", "refusal")
"""Reasons to end after which another try would end alike."""
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*", re.S)


class Form(Generic[T]):
    """How a type is asked for and read.

    Attributes:
        output: What a request asks for.

    Args:
        kind: A type, or a JSON Schema; what is read is plain JSON then.

    Raises:
        ValidationError: JSON cannot carry the type, or the schema is none.
    """

    def __init__(self, kind: type[T] | Mapping[str, Any]) -> None:
        shapes = Shapes()
        name = "answer" if isinstance(kind, Mapping) else getattr(kind, "__name__", "answer")
        if isinstance(kind, Mapping):
            self._shape = Shape({key: value for key, value in kind.items() if key != "$defs"})
            shapes.defs.update(kind.get("$defs", {}))
        else:
            self._shape = shapes.of(kind, f"the answer, a {name},")
        self._wraps = _target(self._shape.schema, shapes.defs).get("type") != "object"
        if self._wraps:
            schema: dict[str, Any] = {
                "type": "object",
                "properties": {_WRAPPED: self._shape.schema},
                "required": [_WRAPPED],
                "additionalProperties": False,
            }
        else:
            schema = _target(self._shape.schema, shapes.defs)
        schema = shapes.with_defs(schema)
        self._check = Schema(json.dumps(schema))
        self.output = Wanted(schema, re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64], strict=_is_strict(schema))

    def read(self, text: str) -> tuple[T | None, Sequence[Finding]]:
        """The instance, or what is wrong with the text."""
        fenced = _FENCED.fullmatch(text)
        text = fenced.group(1) if fenced else text
        if faults := self._check.check(text):
            return None, [Finding("output", f"{where or 'the answer'}: {what}", "") for where, what in faults]
        found = json.loads(text)
        try:
            value: T = self._shape(found[_WRAPPED] if self._wraps else found)
        except _REFUSALS as error:
            return None, [Finding("output", f"{type(error).__name__}: {error}", "")]
        return value, ()


class Answers(Generic[T]):
    """Asks for one value, and again, until it fits. Send ``request``, ``read`` what comes, until ``done``.

    Args:
        form: The form of what is wanted.
        request: What to do.
        repairs: How often the model is told what is wrong and asked again, 0 or more.

    Raises:
        ValidationError: The request asks for an output of its own.
    """

    def __init__(self, form: Form[T], request: ChatRequest, repairs: int = 2) -> None:
        if request.output is not None:
            raise ValidationError("the output is given twice; leave it to the type", field="output")
        if not isinstance(repairs, int) or repairs < 0:
            raise ValidationError(f"repairs is {repairs}; it must be 0 or more", field="repairs")
        self._form = form
        self._repairs = repairs
        self._asked = 0
        self.done = False
        self._last: tuple[ChatResponse, T | None, Sequence[Finding]] | None = None
        self.request = replace(request, output=form.output)

    @property
    def value(self) -> T:
        """What was asked for."""
        return self._value

    def fits(self, response: ChatResponse) -> bool:
        """Whether the answer is one to keep for later; what fits not would spoil the same request again.

        One that asks for tools is: it is not the value yet.
        """
        if response.tool_calls:
            return True
        return response.finish_reason not in _CUT_OFF and not self._reading(response)[1]

    def _reading(self, response: ChatResponse) -> tuple[T | None, Sequence[Finding]]:
        """As ``Form.read``, once for each answer."""
        if self._last is None or self._last[0] is not response:
            self._last = (response, *self._form.read(response.text))
        return self._last[1:]

    def read(self, response: ChatResponse, asked: ChatRequest | None = None) -> None:
        """Takes an answer; ``done`` if it fits, else ``request`` asks for another.

        Args:
            response: The answer.
            asked: The request that it answers, where that is not ``request`` but goes on from it.

        Raises:
            StructuredOutputError: It does not fit, and asking again is of no use or not allowed.
        """
        self._asked += 1
        if response.finish_reason in _CUT_OFF:
            what = Finding(
                "output", f"it ended with {response.finish_reason!r}", _fix(response.finish_reason)
            )
            raise self._given_up(response, [what])
        value, findings = self._reading(response)
        if not findings:
            self._value: T = value  # type: ignore[assignment]
            self.done = True
            return
        if self._asked > self._repairs:
            raise self._given_up(response, findings)
        told = "\n".join(f"- {finding.message}" for finding in findings)
        again = f"That does not fit:\n{told}\nAnswer again, with the corrected JSON and nothing else."
        request = asked or self.request
        messages = (*request.messages, replace(response.message, tool_calls=()), Message("user", again))
        self.request = replace(request, messages=messages)

    def _given_up(self, response: ChatResponse, findings: Sequence[Finding]) -> StructuredOutputError:
        return StructuredOutputError(
            f"the model gave no answer that fits, in {self._asked} tr{'y' if self._asked == 1 else 'ies'}; "
            f"of the last one, {response.text[:_SHOWN]!r}: {findings[0].message}",
            model=response.model or None,
            attempts=self._asked,
            text=response.text,
            findings=findings,
        )


def _fix(finish_reason: str) -> str:
    return "raise max_tokens" if finish_reason == "length" else "see the text of the answer"


def _target(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    """The schema itself, or what it refers to."""
    reference = schema.get("$ref", "")
    return dict(defs[reference.removeprefix("#/$defs/")]) if reference else dict(schema)


def _is_strict(schema: Any) -> bool:
    """Whether APIs take the schema in their strict form: every object closed, every field of it required."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" or "properties" in schema:
        fields = schema.get("properties", {})
        if schema.get("additionalProperties", True) is not False or set(schema.get("required", ())) != set(
            fields
        ):
            return False
    if not schema or any(key in schema for key in ("default", "uniqueItems", "prefixItems")):
        return False
    return all(
        all(map(_is_strict, value.values())) if key in ("properties", "$defs") else _is_strict(value)
        for key, value in schema.items()
        if key not in ("enum", "const", "required")
    )
