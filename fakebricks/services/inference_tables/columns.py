"""The two schemas of inference tables, and a request as a row of each.

Real: columns, types, comments and properties of AI Gateway inference tables are those of a real table's DDL (observed);
its files have the change data feed. Of legacy tables the names are observed; that `status_code` is an INT and
`request_metadata` a MAP is inferred. Simulated: that a table is clustered by the date of the request (observed) is a
property of the catalog's (its name and form are inferred); rows are written in the order of their requests, which comes
to the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from fakebricks.services.inference_tables.records import Payload


class Column(NamedTuple):
    """A column as SQL has it."""

    name: str
    type: str
    comment: str | None = None


LEGACY = (
    Column("databricks_request_id", "STRING"),
    Column("client_request_id", "STRING"),
    Column("date", "DATE"),
    Column("timestamp_ms", "BIGINT"),
    Column("status_code", "INT"),
    Column("sampling_fraction", "DOUBLE"),
    Column("execution_time_ms", "BIGINT"),
    Column("request", "STRING"),
    Column("response", "STRING"),
    Column("request_metadata", "MAP<STRING,STRING>"),
)

GATEWAY = (
    Column("databricks_request_id", "STRING"),
    Column("request_date", "DATE", "The UTC date on which the model serving request was received."),
    Column(
        "client_request_id",
        "STRING",
        "The user-provided request identifier that can be specified in the model serving request body.",
    ),
    Column("request_time", "TIMESTAMP", "The timestamp at which the request is received."),
    Column("status_code", "INT", "The HTTP status code that was returned from the model."),
    Column(
        "sampling_fraction",
        "DOUBLE",
        "The sampling fraction used in the event that the request was down-sampled. This value is between 0 and 1, "
        "where 1 represents that 100% of incoming requests were included.",
    ),
    Column(
        "execution_duration_ms",
        "BIGINT",
        "The time in milliseconds for which the model performed inference. This does not include overhead network "
        "latencies and only represents the time it took for the model to generate predictions.",
    ),
    Column("request", "STRING", "The raw request JSON body that was sent to the model serving endpoint."),
    Column("response", "STRING", "The raw response JSON body that was returned by the model serving endpoint."),
    Column(
        "logging_error_codes",
        "ARRAY<STRING>",
        "The errors that occurred when the data could not be logged. Error codes include MAX_REQUEST_SIZE_EXCEEDED "
        "and MAX_RESPONSE_SIZE_EXCEEDED.",
    ),
    Column("served_entity_id", "STRING", "The unique ID of the served entity."),
    Column(
        "requester",
        "STRING",
        "The ID of the user or service principal whose permissions are used for the invocation request of the serving "
        "endpoint. This field returns NULL for route-optimized custom model endpoints.",
    ),
)

PROPERTIES = {
    "clusteringColumns": '[["request_date"]]',
    "delta.checkpointPolicy": "v2",
    "delta.enableChangeDataFeed": "true",
    "delta.enableDeletionVectors": "true",
    "delta.enableRowTracking": "true",
}
"""Of a real AI Gateway table (observed, but for the first); `delta.py` says what its files have of them."""


def columns(*, legacy: bool) -> tuple[Column, ...]:
    """The columns of an inference table."""
    return LEGACY if legacy else GATEWAY


def row(payload: Payload, *, legacy: bool) -> dict[str, Any]:
    """One request and its response as a row, with Python values."""
    received = datetime.fromtimestamp(payload.time, UTC)
    common: dict[str, Any] = {
        "databricks_request_id": payload.databricks_request_id,
        "client_request_id": payload.client_request_id,
        "status_code": payload.status_code,
        "sampling_fraction": payload.sampling_fraction,
        "request": payload.request,
        "response": payload.response,
    }
    if legacy:
        metadata = {
            "endpoint_name": payload.endpoint_name,
            "model_name": payload.model_name,
            "model_version": payload.model_version,
        }
        return common | {
            "date": received.date(),
            "timestamp_ms": int(payload.time * 1000),
            "execution_time_ms": payload.execution_ms,
            "request_metadata": list(metadata.items()),
        }
    return common | {
        "request_date": received.date(),
        "request_time": received,
        "execution_duration_ms": payload.execution_ms,
        "logging_error_codes": list(payload.logging_error_codes),
        "served_entity_id": payload.served_entity_id,
        "requester": payload.requester,
    }
