"""Stored shapes of inference tables: the tables, and the rows that have not been delivered to them yet."""

from __future__ import annotations

from fakebricks.state import Record


class PayloadTable(Record, frozen=True):
    """An inference table, stored under the table's id."""

    id: str
    endpoint_id: str
    legacy: bool
    delay: float = 0.0
    """How many seconds after a request its row is delivered."""
    begun: bool = False
    """Rows were about to be written, and it is not known whether they were."""
    corrupted: str | None = None
    """Why no more rows can be written."""


class Payload(Record, frozen=True):
    """One request and its response, stored under its table's id, the time it is delivered (in ms) and its number."""

    databricks_request_id: str
    client_request_id: str | None
    time: float
    status_code: int
    execution_ms: int
    request: str | None
    response: str | None
    logging_error_codes: tuple[str, ...]
    requester: str | None
    endpoint_name: str
    served_entity_id: str
    model_name: str
    model_version: str
    sampling_fraction: float = 1.0


class ServedVersion(Record, frozen=True):
    """Which model version the served entity of a row was, stored under the table's id and the entity's."""

    model_name: str
    model_version: str
