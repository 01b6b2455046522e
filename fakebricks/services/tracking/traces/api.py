"""REST operations of traces, as MLflow 3 speaks them to a workspace.

Real: export, reading, search, tags, links to runs, deletion, and signed URLs for spans and attachments. Tags, links and
deletion have kept the paths of the second version (observed: MLflow 3 calls those); both are served where both exist.
Simulated: the long-running search of the fourth version, which is done when it is answered. MLflow 3.17 asks it first,
for experiments too; that the platform answers for experiments there is inferred.
Spans inside an exported trace are not used, as on the platform (documented in MLflow's client): they are uploaded.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fakebricks.services.tracking.experiment_permissions import EDIT, VIEW
from fakebricks.services.tracking.privileges import (
    of_experiment,
    of_linked_traces,
    of_locations,
    of_new_trace,
    of_trace,
)
from fakebricks.services.tracking.rate_limits import CREATE_TRACES, MLFLOW
from fakebricks.services.tracking.shapes import Long
from fakebricks.services.tracking.traces.data import TraceData
from fakebricks.services.tracking.traces.search import TraceSearch
from fakebricks.services.tracking.traces.shapes import TraceInfo, TraceInfoAnswer, TraceLocation
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes(rate_limit=MLFLOW)

_V2 = "/api/2.0/mlflow/traces"
_V3 = "/api/3.0/mlflow/traces"
_V4 = "/api/4.0/mlflow/traces"
_SIGNED = "AWS_PRESIGNED_URL"


class TraceShape(Shape):
    trace_info: TraceInfo
    spans: tuple[Any, ...] = ()


class StartTrace(Shape):
    trace: TraceShape


class OfTrace(Shape):
    trace_id: str


class SearchTraces(Shape):
    locations: Annotated[tuple[TraceLocation, ...], msgspec.Meta(max_length=1000)] = ()
    filter: str = ""
    max_results: Long = 100
    order_by: tuple[str, ...] = ()
    page_token: str | None = None
    sql_warehouse_id: str | None = None
    """Which warehouse looks into tables; traces of experiments need none."""


class SetTraceTag(OfTrace, kw_only=True):
    key: str
    value: str = ""


class DeleteTraceTag(OfTrace, kw_only=True):
    key: str


class LinkTraces(Shape):
    trace_ids: tuple[str, ...]
    run_id: str


class DeleteTraces(Shape):
    experiment_id: str
    max_timestamp_millis: Long | None = None
    max_traces: Long | None = None
    request_ids: tuple[str, ...] = ()


class TraceFile(OfTrace, kw_only=True):
    path: str = ""


@routes.post(_V3, rate_limit=CREATE_TRACES, privilege=of_new_trace)
def start_trace(search: TraceSearch, call: Call, body: StartTrace) -> dict[str, Any]:
    info = body.trace.trace_info
    if body.trace.spans:
        call.notes.append("The spans in this request are not used, as on the platform; clients upload them as a file.")
    trace = search.traces.start(info.started)
    for assessment in info.assessments:
        search.assessments.create_with_trace(trace.trace_id, assessment.given(trace.trace_id), call.millis)
    return _trace(search, trace.trace_id)


@routes.get(f"{_V3}/<trace_id>", f"{_V2}/<trace_id>", privilege=of_trace(VIEW))
def get_trace_info(search: TraceSearch, call: Call, body: OfTrace) -> dict[str, Any]:
    return _trace(search, body.trace_id)


@routes.post(f"{_V3}/search", privilege=of_locations)
def search_traces(search: TraceSearch, call: Call, body: SearchTraces) -> dict[str, Any]:
    infos, token = _found(search, body)
    return {"traces": infos, **token}


@routes.post(f"{_V4}/search", privilege=of_locations)
def search_traces_of_locations(search: TraceSearch, call: Call, body: SearchTraces) -> dict[str, Any]:
    infos, token = _found(search, body)
    return {"trace_infos": infos, **token}


@routes.post(f"{_V4}/search-long-running", privilege=of_locations)
def start_trace_search(search: TraceSearch, call: Call, body: SearchTraces) -> dict[str, Any]:
    infos, token = _found(search, body)
    return {"name": f"operations/{call.request_id}", "done": True, "response": {"trace_infos": infos, **token}}


@routes.patch(f"{_V2}/<trace_id>/tags", f"{_V3}/<trace_id>/tags", privilege=of_trace(EDIT))
def set_trace_tag(traces: Traces, call: Call, body: SetTraceTag) -> None:
    traces.set_tag(body.trace_id, body.key, body.value)


@routes.delete(f"{_V2}/<trace_id>/tags", f"{_V3}/<trace_id>/tags", privilege=of_trace(EDIT))
def delete_trace_tag(traces: Traces, call: Call, body: DeleteTraceTag) -> None:
    traces.delete_tag(body.trace_id, body.key)


@routes.post(f"{_V2}/link-to-run", privilege=of_linked_traces)
def link_traces_to_run(traces: Traces, call: Call, body: LinkTraces) -> None:
    traces.link_to_run(body.trace_ids, body.run_id)


@routes.post(f"{_V2}/delete-traces", f"{_V3}/delete-traces", privilege=of_experiment(EDIT))
def delete_traces(data: TraceData, call: Call, body: DeleteTraces) -> dict[str, int]:
    deleted = data.delete(body.experiment_id, body.request_ids, body.max_timestamp_millis, body.max_traces)
    return {"traces_deleted": deleted}


@routes.get(f"{_V2}/<trace_id>/credentials-for-data-upload", privilege=of_trace(EDIT))
def get_credentials_for_trace_data_upload(data: TraceData, call: Call, body: TraceFile) -> dict[str, Any]:
    return _credential(data.url("PUT", body.trace_id, body.path, call.base_url))


@routes.get(f"{_V2}/<trace_id>/credentials-for-data-download", privilege=of_trace(VIEW))
def get_credentials_for_trace_data_download(data: TraceData, call: Call, body: TraceFile) -> dict[str, Any]:
    return _credential(data.url("GET", body.trace_id, body.path, call.base_url))


def _credential(url: str) -> dict[str, Any]:
    return {"credential_info": {"signed_uri": url, "type": _SIGNED}}


def _trace(search: TraceSearch, trace_id: str) -> dict[str, Any]:
    trace = search.traces.get(trace_id)
    return {"trace": {"trace_info": TraceInfoAnswer.of(search.traces, search.assessments, trace)}}


def _found(search: TraceSearch, body: SearchTraces) -> tuple[list[TraceInfoAnswer], dict[str, str]]:
    if not body.locations:
        raise InvalidParameterValue("At least one location must be specified for searching traces.")
    found, token = search.search(
        [location.experiment_id for location in body.locations],
        filter_string=body.filter,
        max_results=body.max_results,
        order_by=body.order_by,
        page_token=body.page_token,
    )
    infos = [TraceInfoAnswer.of(search.traces, search.assessments, trace) for trace in found]
    return infos, {"next_page_token": token} if token else {}
