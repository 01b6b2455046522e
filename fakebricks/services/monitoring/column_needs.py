"""What an analysis needs of the columns of a table: looked at when a monitor is made, and again by each refresh.

Real: what is named must exist, and be of a type that can be computed with; a table may have changed since the monitor
was made. Inferred: the texts. Refused: a column of times that is not of a type of times, which the platform would
convert; classes, models and probabilities of nested types or times.
"""

from __future__ import annotations

from collections.abc import Iterable

from fakebricks.services.monitoring.metric_columns import TAKEN
from fakebricks.services.monitoring.records import Analysis, InferenceLog, Snapshot
from fakebricks.services.unity_catalog.column_types import ColumnType, column_type
from fakebricks.services.unity_catalog.records import ColumnRecord, TableRecord
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks

_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_NTZ", "DATE"})
_NUMBERS = frozenset({"BYTE", "SHORT", "INT", "LONG", "FLOAT", "DOUBLE", "DECIMAL"})
_CLASSES = _NUMBERS | {"STRING", "BOOLEAN"}
_MODELS = _CLASSES | {"DATE"}


def check_windows(analysis: Analysis, table: TableRecord, baseline: TableRecord | None = None) -> None:
    """Refuse a table whose rows cannot be cut into windows and models, without which there are no metrics.

    Raises:
        InvalidParameterValue: a column is missing.
        NotImplementedByFakebricks: a column is of another type.
    """
    if isinstance(analysis, Snapshot):
        return
    require_columns(table, [analysis.timestamp_col], "The monitored table")
    kind = _type_of(table, analysis.timestamp_col)
    if kind not in _TIMES:
        raise NotImplementedByFakebricks(
            f"fakebricks does not convert the column '{analysis.timestamp_col}' of the type {kind} to times; give a "
            "column of the type TIMESTAMP, TIMESTAMP_NTZ or DATE as the one of timestamps."
        )
    if isinstance(analysis, InferenceLog):
        for one, who in ((table, "The monitored table"), (baseline, "The baseline table")):
            if one is not None:
                _check_model(analysis.model_id_col, one, who)


def check_quality(analysis: Analysis, table: TableRecord) -> None:
    """Refuse a table of which the quality of a model cannot be told.

    Raises:
        InvalidParameterValue: a column is missing, or that of a regression is not one of numbers.
        NotImplementedByFakebricks: a column is of another type.
    """
    if not isinstance(analysis, InferenceLog):
        return
    judged = [one for one in (analysis.prediction_col, analysis.label_col) if one is not None]
    probabilities = analysis.prediction_proba_col
    require_columns(table, judged if probabilities is None else [*judged, probabilities], "The monitored table")
    for column in judged:
        kind = _type_of(table, column)
        if analysis.problem_type == "REGRESSION" and kind not in _NUMBERS:
            raise InvalidParameterValue(f"Column '{column}' of a regression must be of a numeric type.")
        if kind not in _CLASSES:
            raise NotImplementedByFakebricks(
                f"fakebricks does not tell classes by the column '{column}' of the type {kind}; give a column of "
                "strings, numbers or booleans."
            )
    if probabilities is not None and not tells_probabilities(_column(table, probabilities)):
        raise NotImplementedByFakebricks(
            f"fakebricks does not read probabilities from the column '{probabilities}' of the type "
            f"{_type_of(table, probabilities)}; give a column of numbers, or a map or struct of a number by class."
        )


def tells_probabilities(column: ColumnRecord) -> bool:
    """Whether a column holds a probability, or one of each class by its name."""
    kind = column_type(column.type_text)
    if kind.word == "map":
        key, value = kind.parts
        return key.word == "string" and _is_number(value)
    if kind.word == "struct":
        return all(_is_number(one.type) for one in kind.fields)
    return _is_number(kind)


def require_columns(table: TableRecord, names: Iterable[str], who: str) -> None:
    """Refuse a table that lacks one of some columns.

    Raises:
        InvalidParameterValue: it does.
    """
    known = {column.name for column in table.columns}
    for name in names:
        if name not in known:
            raise InvalidParameterValue(f"{who} '{table.full_name}' has no column '{name}'.")


def _check_model(name: str, table: TableRecord, who: str) -> None:
    require_columns(table, [name], who)
    if name.lower() in TAKEN:
        raise InvalidParameterValue(
            f"The column '{name}' of models must have another name: the metric tables have such a column already."
        )
    if _type_of(table, name) not in _MODELS:
        raise NotImplementedByFakebricks(
            f"fakebricks does not tell models apart by the column '{name}' of the type {_type_of(table, name)}; give a "
            "column of strings, numbers, booleans or dates."
        )


def _is_number(kind: ColumnType) -> bool:
    return kind.name in _NUMBERS


def _type_of(table: TableRecord, name: str) -> str:
    return _column(table, name).type_name


def _column(table: TableRecord, name: str) -> ColumnRecord:
    return next(column for column in table.columns if column.name == name)
