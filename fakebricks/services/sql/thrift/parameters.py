"""Parameters of statements as the connector sends them: named ones, and those whose markers are `?`.

Refused: nested values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakebricks.services.sql import Parameter
from fakebricks.wire.errors import NotImplementedByFakebricks


def parameters_of(told: Sequence[Any]) -> tuple[Parameter, ...]:
    """The parameters as the engine takes them; those of `?` have no names, and are in the markers' order.

    Raises:
        NotImplementedByFakebricks: a value is nested.
    """
    return tuple(_parameter(one) for one in told)


def _parameter(told: Any) -> Parameter:
    if told.arguments:
        raise NotImplementedByFakebricks("fakebricks does not implement parameters that are arrays or maps.")
    name = "" if told.ordinal else told.name or ""
    kind = told.type or "STRING"
    if kind == "VOID" or told.value is None:
        return Parameter(name, None)
    values = (told.value.stringValue, told.value.doubleValue, told.value.booleanValue)
    value = next((one for one in values if one is not None), None)
    return Parameter(name, None if value is None else str(value), kind)
