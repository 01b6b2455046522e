"""Requests and responses of MLflow's scoring protocol, as rows.

Real: the four formats of a request, `dataframe_split`, `dataframe_records`, `instances` and `inputs`, and what a
response has under `predictions`. What is none of these is said to be none; nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from fakebricks.services.inference_tables.signature_types import Column

Row = dict[str | None, Any]
"""A value for each column; a column without a name has the name None."""

_FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")
UNNAMED = None


class Unreadable(ValueError):
    """A request or a response is in no known format."""


def decoded(text: str | None, what: str) -> Any:
    """The JSON of a request or a response.

    Raises:
        Unreadable: it was not logged, or is no JSON.
    """
    if text is None:
        raise Unreadable(f"the {what} was not logged")
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        pass
    try:
        return json.loads(text)  # it knows NaN and Infinity too, as MLflow does
    except (ValueError, RecursionError):
        raise Unreadable(f"the {what} is no JSON") from None


def input_rows(request: Any, columns: Sequence[Column]) -> list[Row]:
    """The rows of a request.

    Raises:
        Unreadable: it has none that can be found.
    """
    if not isinstance(request, dict):
        raise Unreadable("the request is no JSON object")
    said = [name for name in _FORMATS if name in request]
    if len(said) != 1:
        raise Unreadable(f"the request must have exactly one of {', '.join(_FORMATS)}")
    (name,) = said
    value = request[name]
    if name == "dataframe_split":
        return _split(value, columns)
    if name == "inputs" and isinstance(value, dict):
        return _by_column(value, "inputs")
    return _records(value, columns, f"the {name}")


def output_rows(response: Any, columns: Sequence[Column], count: int) -> list[Row]:
    """The predictions of a response, one for each row of the request.

    Raises:
        Unreadable: it has none, or another number of them.
    """
    if not isinstance(response, dict) or "predictions" not in response:
        raise Unreadable("the response has no predictions")
    value = response["predictions"]
    rows = _by_column(value, "predictions") if isinstance(value, dict) else _records(value, columns, "the predictions")
    if len(rows) != count:
        raise Unreadable(f"the response has {len(rows)} predictions for {count} rows")
    return rows


def _split(value: Any, columns: Sequence[Column]) -> list[Row]:
    if not isinstance(value, dict) or not isinstance(value.get("data"), list):
        raise Unreadable("the dataframe_split has no data")
    names = value.get("columns", _names(columns))
    if not isinstance(names, list) or not all(isinstance(row, list) for row in value["data"]):
        raise Unreadable("the dataframe_split has no lists of columns and rows")
    if any(len(row) != len(names) for row in value["data"]):
        raise Unreadable("the dataframe_split has rows that are not as long as its columns")
    keys: list[str | None] = [name if isinstance(name, str) else json.dumps(name) for name in names]
    if keys and all(column.get("name") is None for column in columns) and len(columns) == len(keys):
        keys = _names(columns)
    return [dict(zip(keys, row, strict=True)) for row in value["data"]]


def _by_column(value: dict[Any, Any], what: str) -> list[Row]:
    """A value, or a list of values, for each column."""
    if not any(isinstance(one, list) for one in value.values()):
        return [dict(value.items())]
    lengths = {len(one) if isinstance(one, list) else -1 for one in value.values()}
    if len(lengths) != 1:
        raise Unreadable(f"the columns of the {what} are not of one length")
    return [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]


def _records(value: Any, columns: Sequence[Column], what: str) -> list[Row]:
    if not isinstance(value, list):
        raise Unreadable(f"{what} are no list")
    names = _names(columns)
    return [_record(one, names, what) for one in value]


def _record(value: Any, names: list[str | None], what: str) -> Row:
    """A row that says its columns' names, or has a value for each of them, or is the value of the only one."""
    if isinstance(value, dict) and names != [UNNAMED]:
        return dict(value.items())
    if len(names) <= 1:
        return {names[0] if names else UNNAMED: value}
    if isinstance(value, list) and len(value) == len(names):
        return dict(zip(names, value, strict=True))
    raise Unreadable(f"{what} have a row that is not as long as the signature")


def _names(columns: Sequence[Column]) -> list[str | None]:
    return [column.get("name") for column in columns]
