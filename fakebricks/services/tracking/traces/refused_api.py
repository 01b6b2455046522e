"""What MLflow's clients know about traces and fakebricks does not serve, each refused by name.

Refused: traces in tables of Unity Catalog, which need a SQL warehouse; traces of serving endpoints in inference tables;
and what MLflow's own server offers on top, of which it is not known whether a workspace does.
"""

from __future__ import annotations

from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.wire.operations import Call, Routes
from fakebricks.wire.refusals import Anything, refusal

routes = Routes()

_TABLES = "it keeps no traces in tables; log them to an experiment instead"
_SERVED = "it keeps no traces of serving endpoints; log them to an experiment instead"
_OPEN_SOURCE = "it is known of MLflow's own server only, and not whether a Databricks workspace serves it"


@routes.get("/api/4.0/mlflow/traces/<path:rest>", "/api/5.0/mlflow/tracing/<path:rest>", raw=True)
def read_traces_in_tables(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _TABLES)


@routes.post(
    "/api/4.0/mlflow/traces/<path:rest>",
    "/api/5.0/mlflow/tracing/locations",
    "/api/5.0/mlflow/experiments/<experiment_id>/trace-location:link",
    "/api/2.0/otel/v1/traces",
    "/api/2.0/tracing/traces",
    raw=True,
)
def write_traces_in_tables(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _TABLES)


@routes.patch("/api/4.0/mlflow/traces/<path:rest>", raw=True)
def update_traces_in_tables(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _TABLES)


@routes.delete("/api/4.0/mlflow/traces/<path:rest>", raw=True)
def delete_from_traces_in_tables(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _TABLES)


@routes.get("/api/2.0/mlflow/unified-traces", "/api/2.0/mlflow/get-online-trace-details", raw=True)
def read_traces_of_endpoints(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _SERVED)


@routes.get("/api/3.0/mlflow/traces/get", "/api/3.0/mlflow/traces/batchGet", raw=True)
def get_traces_with_spans(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _OPEN_SOURCE)


@routes.post(
    "/api/3.0/mlflow/traces/batchGetInfos",
    "/api/3.0/mlflow/traces/calculate-filter-correlation",
    "/api/3.0/mlflow/traces/metrics",
    "/api/2.0/mlflow/traces/link-prompts",
    raw=True,
)
def analyse_traces(traces: Traces, call: Call, body: Anything) -> None:
    raise refusal(call, _OPEN_SOURCE)
