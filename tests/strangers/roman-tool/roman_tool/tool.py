"""The tool ``roman``."""

from __future__ import annotations

from graphbit_core import ToolError, tool

_VALUES = {
    "M": 1000,
    "CM": 900,
    "D": 500,
    "CD": 400,
    "C": 100,
    "XC": 90,
    "L": 50,
    "XL": 40,
    "X": 10,
    "IX": 9,
    "V": 5,
    "IV": 4,
    "I": 1,
}


@tool(idempotent=True)
def roman(number: int | None = None, numeral: str | None = None) -> str | int:
    """Writes a number as a Roman numeral, or reads one.

    Args:
        number: The number to write, 1 to 3999.
        numeral: The numeral to read instead, such as MCMXCIV.
    """
    if number is not None and numeral is None:
        return _written(number)
    if number is not None or numeral is None:
        raise ToolError("give either number or numeral")
    read = _read(numeral.strip().upper())
    if not 0 < read < 4000 or _written(read) != numeral.strip().upper():
        raise ToolError(f"{numeral!r} is no Roman numeral as the Romans would have written it")
    return read


def _written(number: int) -> str:
    if not 0 < number < 4000:
        raise ToolError(f"number is {number}; give 1 to 3999")
    text = ""
    for numeral, value in _VALUES.items():
        times, number = divmod(number, value)
        text += numeral * times
    return text


def _read(numeral: str) -> int:
    values = [_VALUES.get(letter, 0) for letter in numeral]
    return sum(
        -value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True)
    )
