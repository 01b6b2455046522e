"""Columns of a new table: what is asked for, made sure of.

Real: the type may be given as SQL text, or by its name alone where that says it all, and is told in all forms; forms
that contradict each other are refused. The platform does not look at the specification (documented), and then cannot
read such a table; here it is refused at once. Refused: masks, intervals.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fakebricks.services.unity_catalog.column_types import ColumnType, column_type, word_of
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.wire.errors import InvalidParameterValue

# What Delta does not allow in the names of columns (documented).
_FORBIDDEN = frozenset(" ,;{}()\n\t=")
_LONGEST = 255


@dataclass(frozen=True, slots=True)
class AskedColumn:
    """A column as a client describes it; every part is optional to them."""

    name: str | None = None
    type_text: str | None = None
    type_name: str | None = None
    type_json: str | None = None
    type_precision: int | None = None
    type_scale: int | None = None
    position: int | None = None
    partition_index: int | None = None
    nullable: bool = True
    comment: str | None = None


def checked_columns(asked: Sequence[AskedColumn]) -> tuple[ColumnRecord, ...]:
    """The columns of a table in their order.

    Raises:
        InvalidParameterValue: there are none, one of them is not valid, or two have one name or place.
        NotImplementedByFakebricks: fakebricks does not store columns of such a type.
    """
    if not asked:
        raise InvalidParameterValue("A table must have at least one column.")
    columns = tuple(_checked(one) for one in _in_order(asked))
    if len({one.name.lower() for one in columns}) < len(columns):
        raise InvalidParameterValue("Two columns of a table cannot have the same name.")
    partitions = sorted(one.partition_index for one in columns if one.partition_index is not None)
    if partitions != list(range(len(partitions))):
        raise InvalidParameterValue("The values of partition_index must be 0, 1, 2 and so on.")
    if len(partitions) == len(columns):
        raise InvalidParameterValue("A table cannot be partitioned by all of its columns.")
    return columns


def partition_columns(columns: Sequence[ColumnRecord]) -> list[str]:
    """The names of the columns that a table is partitioned by, in that order."""
    chosen = [(one.partition_index, one.name) for one in columns if one.partition_index is not None]
    return [name for _, name in sorted(chosen)]


def spark_json(column: ColumnRecord) -> str:
    """A column as Spark's JSON says it, which is how the platform tells `type_json` (observed)."""
    described = {
        "name": column.name,
        "type": column_type(column.type_text).json,
        "nullable": column.nullable,
        "metadata": {} if column.comment is None else {"comment": column.comment},
    }
    return json.dumps(described, separators=(",", ":"))


def _in_order(asked: Sequence[AskedColumn]) -> Sequence[AskedColumn]:
    placed = [(one.position, one) for one in asked if one.position is not None]
    if not placed:
        return asked
    if sorted(position for position, _ in placed) != list(range(len(asked))):
        raise InvalidParameterValue("The positions of columns must be 0, 1, 2 and so on, or none must be given.")
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _checked(asked: AskedColumn) -> ColumnRecord:
    name = asked.name or ""
    if not name or len(name) > _LONGEST or not _FORBIDDEN.isdisjoint(name):
        message = (
            f"Invalid column name '{name[:_LONGEST]}': it must not be empty or have any of ' ,;{{}}()\\n\\t=' in it."
        )
        raise InvalidParameterValue(message)
    found = _type_of(asked, name)
    if asked.partition_index is not None and (found.parts or found.fields):
        raise InvalidParameterValue(f"Column '{name}' of the type {found.text} cannot partition a table.")
    return ColumnRecord(
        name=name,
        type_name=found.name,
        type_text=found.text,
        nullable=asked.nullable,
        comment=asked.comment,
        partition_index=asked.partition_index,
    )


def _type_of(asked: AskedColumn, name: str) -> ColumnType:
    found = column_type(_text_of(asked, name))
    contradictions = {
        "type_name": asked.type_name not in (None, found.name),
        "type_precision": bool(asked.type_precision) and asked.type_precision != found.precision,
        "type_scale": bool(asked.type_scale) and asked.type_scale != found.scale,
        "type_json": asked.type_json is not None and _type_in(asked.type_json, name) != found.json,
    }
    for field, contradicts in contradictions.items():
        if contradicts:
            raise InvalidParameterValue(
                f"Column '{name}': {field} '{getattr(asked, field)}' contradicts the type {found.text}."
            )
    return found


def _text_of(asked: AskedColumn, name: str) -> str:
    if asked.type_text:
        return asked.type_text
    if asked.type_name == "DECIMAL" and asked.type_precision is not None:
        return f"decimal({asked.type_precision},{asked.type_scale or 0})"
    word = word_of(asked.type_name or "")
    if word is None:
        raise InvalidParameterValue(f"Column '{name}': its type must be given as type_text, such as 'array<string>'.")
    return word


def _type_in(type_json: str, name: str) -> Any:
    """The type that Spark's JSON says, of a field or alone."""
    try:
        said = json.loads(type_json)
    except (ValueError, RecursionError):
        raise InvalidParameterValue(f"Column '{name}': its type_json is not JSON.") from None
    return said["type"] if isinstance(said, dict) and "name" in said and "type" in said else said
