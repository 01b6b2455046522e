"""Stored shapes of inference tables: the tables, and the rows that have not been delivered to them yet."""

from __future__ import annotations

from fakebricks.state import Record


class PayloadTable(Record, frozen=True):
    """An inference table, stored under the table's id."""

    id: str
    endpoint_id: str
    legacy: bool


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
    requester: str
    endpoint_name: str
    served_entity_id: str
    model_name: str
    model_version: str
