"""REST operations of traces, as MLflow 2 speaks them to a workspace: begun, ended, read and searched.

Real: they are the same traces as those of MLflow 3, seen through the older shape, which knows no assessments and calls
the state a status, and the metadata the request's.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.privileges import of_experiment, of_experiments, of_trace
from fakebricks.services.tracking.rate_limits import CREATE_TRACES, MLFLOW
from fakebricks.services.tracking.shapes import KeyValue, KeyValueAnswer, Long
from fakebricks.services.tracking.traces.records import Trace
from fakebricks.services.tracking.traces.search import TraceSearch
from fakebricks.services.tracking.traces.traces import Started, Traces
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_TRACES = "/api/2.0/mlflow/traces"

TraceStatus: TypeAlias = Literal["TRACE_STATUS_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"]

_UNSPECIFIED = ("TRACE_STATUS_UNSPECIFIED", "STATE_UNSPECIFIED")


class BeginTrace(Shape):
    experiment_id: str
    timestamp_ms: Long
    request_metadata: tuple[KeyValue, ...] = ()
    tags: tuple[KeyValue, ...] = ()


class EndTrace(Shape):
    request_id: str
    timestamp_ms: Long
    status: TraceStatus = "TRACE_STATUS_UNSPECIFIED"
    request_metadata: tuple[KeyValue, ...] = ()
    tags: tuple[KeyValue, ...] = ()


class OfRequest(Shape):
    request_id: str


class SearchTracesOfExperiments(Shape):
    experiment_ids: tuple[str, ...] = ()
    filter: str = ""
    max_results: Long = 100
    order_by: tuple[str, ...] = ()
    page_token: str | None = None


class TraceInfoAnswer(Answer):
    request_id: str
    experiment_id: str
    timestamp_ms: int
    status: str
    execution_time_ms: int | None = None
    request_metadata: tuple[KeyValueAnswer, ...] = ()
    tags: tuple[KeyValueAnswer, ...] = ()

    @classmethod
    def of(cls, traces: Traces, trace: Trace) -> TraceInfoAnswer:
        status, state = _UNSPECIFIED
        return cls(
            request_id=trace.trace_id,
            experiment_id=trace.experiment_id,
            timestamp_ms=trace.request_time,
            status=status if trace.state == state else trace.state,
            execution_time_ms=trace.execution_duration,
            request_metadata=KeyValueAnswer.all(traces.metadata(trace.trace_id)),
            tags=KeyValueAnswer.all(traces.tags(trace.trace_id)),
        )


@routes.post(_TRACES, rate_limit=CREATE_TRACES, privilege=of_experiment(EDIT))
def begin_trace(traces: Traces, call: Call, body: BeginTrace) -> dict[str, Any]:
    started = Started(
        experiment_id=body.experiment_id,
        request_time=body.timestamp_ms,
        tags=dict(one.pair for one in body.tags),
        metadata=dict(one.pair for one in body.request_metadata),
    )
    return {"trace_info": TraceInfoAnswer.of(traces, traces.start(started))}


@routes.patch(f"{_TRACES}/<request_id>", privilege=of_trace(EDIT, "request_id"))
def end_trace(traces: Traces, call: Call, body: EndTrace) -> dict[str, Any]:
    status, state = _UNSPECIFIED
    trace = traces.end(
        body.request_id,
        body.timestamp_ms,
        state if body.status == status else body.status,
        dict(one.pair for one in body.request_metadata),
        dict(one.pair for one in body.tags),
    )
    return {"trace_info": TraceInfoAnswer.of(traces, trace)}


@routes.get(f"{_TRACES}/<request_id>/info", privilege=of_trace(VIEW, "request_id"))
def get_trace_info_v2(traces: Traces, call: Call, body: OfRequest) -> dict[str, Any]:
    return {"trace_info": TraceInfoAnswer.of(traces, traces.get(body.request_id))}


@routes.get(_TRACES, privilege=of_experiments(VIEW))
def search_traces_v2(search: TraceSearch, call: Call, body: SearchTracesOfExperiments) -> dict[str, Any]:
    if not body.experiment_ids:
        raise InvalidParameterValue("At least one experiment must be specified for searching traces.")
    found, token = search.search(
        body.experiment_ids,
        filter_string=body.filter,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    infos = [TraceInfoAnswer.of(search.traces, trace) for trace in found]
    return {"traces": infos, **({"next_page_token": token} if token else {})}
