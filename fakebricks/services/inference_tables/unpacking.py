"""From an inference table to features and predictions: one typed row for each row that was scored.

Real: what teams do in a job of their own between an inference table and its monitor. The columns are those of the
model's signature. What cannot be unpacked is a row too, without features, and with the reason in `error`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from fakebricks.services.inference_tables.payload_formats import (
    UNNAMED,
    Row,
    Unreadable,
    decoded,
    input_rows,
    output_rows,
)
from fakebricks.services.inference_tables.signature_types import (
    Column,
    Signature,
    arrow_type,
    converted,
    is_as_it_comes,
    is_required,
)

if TYPE_CHECKING:
    import pyarrow as pa

Version = tuple[str | None, str | None]
"""A model's name and its version, as far as a row of the table says them."""

_ABOUT = (
    "databricks_request_id",
    "client_request_id",
    "request_time",
    "status_code",
    "model_name",
    "model_version",
    "row",
    "error",
)
_NEEDED = ("databricks_request_id", "status_code", "request", "response")
_FIRST_ERROR = 400
_ANYTHING: tuple[Column, ...] = ({"type": "any"},)
"""What a model returns that does not say what: it is kept as JSON."""


def unpack(table: pa.Table, signature: Any, *, prefix: str = "") -> pa.Table:
    """The rows of an inference table of either kind, one for each row of the models' input.

    Columns: `databricks_request_id`, `client_request_id`, `request_time`, `status_code`, `model_name` and
    `model_version` (of an AI Gateway table, NULL), `row` (the position in its request); then one for each input of the
    signature; then `prediction`, or where there are several outputs `prediction_<name>` for each; and `error`: why
    something of the row is NULL that should not be, or NULL.

    Args:
        table: as `workspace.table` returns it, or `spark.table(...).toArrow()`.
        signature: of the model: MLflow's `ModelSignature`, or what its `to_dict` returns.
        prefix: of the names of inputs, where one of them is that of another column.

    Raises:
        ValueError: it is no inference table or no signature, or two columns would have one name.

    >>> import pyarrow as pa
    >>> request = '{"dataframe_split": {"columns": ["amount"], "data": [[1], [2]]}}'
    >>> row = {"databricks_request_id": "r", "request": request, "status_code": 200}
    >>> table = pa.Table.from_pylist([{**row, "response": '{"predictions": [3, 4]}'}])
    >>> signature = {"inputs": [{"type": "double", "name": "amount"}], "outputs": [{"type": "long"}]}
    >>> unpack(table, signature).select(["row", "amount", "prediction"]).to_pylist()
    [{'row': 0, 'amount': 1.0, 'prediction': 3}, {'row': 1, 'amount': 2.0, 'prediction': 4}]
    """
    one = Signature.of(signature)
    return unpacked(table, [one], lambda _: one, prefix=prefix)


def unpacked(
    table: pa.Table,
    signatures: Sequence[Signature],
    signature_of: Callable[[Version], Signature | None],
    *,
    entities: Mapping[str, Version] | None = None,
    prefix: str = "",
) -> pa.Table:
    """As `unpack`, of several versions of a model.

    Args:
        table: an inference table of either kind.
        signatures: those of all versions; where they differ about a column's type, the first one holds.
        signature_of: that of one version, or None where it is not known.
        entities: which version the served entity of an id is.
        prefix: of the names of inputs.

    Raises:
        ValueError: it is no inference table, or two columns would have one name.
    """
    missing = [name for name in _NEEDED if name not in table.column_names]
    if missing:
        message = f"this is no inference table: it has no column {', '.join(missing)}"
        raise ValueError(message)
    inputs = _union([one.inputs for one in signatures])
    outputs = _union([one.outputs or _ANYTHING for one in signatures])
    into = _Columns(inputs, outputs, prefix)
    for payload in _payloads(table, entities or {}):
        signature = signature_of(payload.version)
        for row in _rows(payload, signature):
            into.add(payload, row)
    return into.table()


class _Payload(NamedTuple):
    """A row of an inference table."""

    request_id: str | None
    client_request_id: str | None
    time: datetime | None
    status: int | None
    version: Version
    request: str | None
    response: str | None


class _Unpacked(NamedTuple):
    """A row of a request, with what went wrong."""

    number: int | None
    inputs: Row
    outputs: Row
    error: str | None


def _payloads(table: pa.Table, entities: Mapping[str, Version]) -> Iterator[_Payload]:
    import pyarrow as pa

    kept = [name for name in table.column_names if name not in ("logging_error_codes", "date", "request_date")]
    for batch in table.select(kept).to_batches():
        for one in pa.Table.from_batches([batch]).to_pylist():
            yield _Payload(
                one["databricks_request_id"],
                one.get("client_request_id"),
                _time(one),
                one["status_code"],
                _version(one, entities),
                one["request"],
                one["response"],
            )


def _time(row: Mapping[str, Any]) -> datetime | None:
    millis = row.get("timestamp_ms")
    if millis is not None:
        return datetime.fromtimestamp(millis / 1000, UTC)
    found: datetime | None = row.get("request_time")
    return found


def _version(row: Mapping[str, Any], entities: Mapping[str, Version]) -> Version:
    if "request_metadata" in row:
        metadata = dict(row["request_metadata"] or ())
        return metadata.get("model_name"), metadata.get("model_version")
    return entities.get(row.get("served_entity_id") or "", (None, None))


def _rows(payload: _Payload, signature: Signature | None) -> Iterator[_Unpacked]:
    try:
        if signature is None:
            name, version = payload.version
            raise Unreadable(f"the signature of model '{name}', version '{version}', is not known")  # noqa: TRY301
        rows = input_rows(decoded(payload.request, "request"), signature.inputs)
    except Unreadable as unreadable:
        yield _Unpacked(None, {}, {}, str(unreadable))
        return
    outputs: list[Row] = [{}] * len(rows)
    error = None
    try:
        if payload.status is not None and payload.status >= _FIRST_ERROR:
            raise Unreadable(f"the request was answered with status {payload.status}")  # noqa: TRY301
        outputs = output_rows(decoded(payload.response, "response"), signature.outputs or _ANYTHING, len(rows))
    except Unreadable as unreadable:
        error = str(unreadable)
    if not rows:
        yield _Unpacked(None, {}, {}, error or "the request has no rows")
    required = [column.get("name") for column in signature.inputs if is_required(column)]
    for number, row in enumerate(rows):
        absent = [str(name or "input") for name in required if name not in row]
        lacking = f"the row has no {', '.join(absent)}" if absent else None
        yield _Unpacked(number, row, outputs[number], _joined(error, lacking))


class _Columns:
    """The columns of the result, as they grow."""

    def __init__(self, inputs: Sequence[Column], outputs: Sequence[Column], prefix: str) -> None:
        self._about: dict[str, list[Any]] = {name: [] for name in _ABOUT}
        self._inputs = [(f"{prefix}{one.get('name') or 'input'}", one) for one in inputs]
        self._outputs = [(_output_name(one, len(outputs)), one) for one in outputs]
        self._values: list[list[Any]] = [[] for _ in (*self._inputs, *self._outputs)]
        names = [*_ABOUT, *(name for name, _ in (*self._inputs, *self._outputs))]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"two columns would be called {', '.join(twice)}; give the inputs a prefix"
            raise ValueError(message)

    def add(self, payload: _Payload, row: _Unpacked) -> None:
        """One more row."""
        name, version = payload.version
        about = (
            payload.request_id,
            payload.client_request_id,
            payload.time,
            payload.status,
            name,
            version,
            row.number,
            row.error,
        )
        for values, value in zip(self._about.values(), about, strict=True):
            values.append(value)
        place = 0
        for values_of_row, columns in ((row.inputs, self._inputs), (row.outputs, self._outputs)):
            only = _only(values_of_row) if len(columns) == 1 and columns is self._outputs else None
            for _, column in columns:
                self._values[place].append(only if only is not None else values_of_row.get(column.get("name")))
                place += 1

    def table(self) -> pa.Table:
        """The result."""
        import pyarrow as pa

        typed = [
            self._typed(name, column, values)
            for (name, column), values in zip((*self._inputs, *self._outputs), self._values, strict=True)
        ]
        types = {
            "request_time": pa.timestamp("us", tz="UTC"),
            "status_code": pa.int32(),
            "row": pa.int32(),
        }
        about = {name: pa.array(values, types.get(name, pa.string())) for name, values in self._about.items()}
        error = about.pop("error")
        names = [name for name, _ in (*self._inputs, *self._outputs)]
        return pa.table({**about, **dict(zip(names, typed, strict=True)), "error": error})

    def _typed(self, name: str, column: Column, values: list[Any]) -> Any:
        """The values of a column; all at once where they are as they should be, else one by one."""
        import pyarrow as pa

        kind = arrow_type(column)
        if is_as_it_comes(column):
            try:
                return pa.array(values, kind, from_pandas=True)
            except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
                pass
        return pa.array([self._value(name, column, number, one) for number, one in enumerate(values)], kind)

    def _value(self, name: str, column: Column, number: int, value: Any) -> Any:
        try:
            return converted(column, value)
        except ValueError:
            errors = self._about["error"]
            errors[number] = _joined(errors[number], f"{name} is no {column.get('type')}: {str(value)[:100]}")
            return None


def _union(parts: Sequence[Sequence[Column]]) -> list[Column]:
    """The columns of all signatures, each once."""
    found: dict[Any, Column] = {}
    for part in parts:
        for column in part:
            found.setdefault(column.get("name"), column)
    return list(found.values())


def _output_name(column: Column, count: int) -> str:
    name = column.get("name")
    return "prediction" if count <= 1 or name is UNNAMED else f"prediction_{name}"


def _only(row: Row) -> Any:
    """The value of a prediction that is the only one, whatever it is called."""
    return next(iter(row.values())) if len(row) == 1 else None


def _joined(*errors: str | None) -> str | None:
    return "; ".join(one for one in errors if one) or None
