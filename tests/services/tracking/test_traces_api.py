"""Traces over REST: their life, their tags, their links and their files."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from conftest import RefusedError

V2 = "/api/2.0/mlflow/traces"
V3 = "/api/3.0/mlflow/traces"
V4 = "/api/4.0/mlflow/traces"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def experiment_id(rest):
    return rest.post(f"{MLFLOW}/experiments/create", name="/Shared/traces")["experiment_id"]


def location(experiment_id: str) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}


def info(experiment_id: str, trace_id: str = "tr-1", **more: Any) -> dict[str, Any]:
    return {
        "trace_id": trace_id,
        "trace_location": location(experiment_id),
        "request_time": "2026-01-01T00:00:00.500Z",
        "execution_duration": "1.250s",
        "state": "OK",
        **more,
    }


def export(rest, experiment_id: str, trace_id: str = "tr-1", **more: Any) -> dict[str, Any]:
    trace = rest.post(V3, trace={"trace_info": info(experiment_id, trace_id, **more)})["trace"]["trace_info"]
    assert isinstance(trace, dict)
    return trace


def test_an_exported_trace_is_read_back(rest, experiment_id):
    made = export(
        rest,
        experiment_id,
        request_preview='{"a": 1}',
        response_preview="2",
        client_request_id="mine",
        trace_metadata={"mlflow.user": "jane"},
        tags={"mlflow.traceName": "predict"},
    )

    assert made == rest.get(f"{V3}/tr-1")["trace"]["trace_info"]
    assert made == {
        **info(experiment_id),
        "request_preview": '{"a": 1}',
        "response_preview": "2",
        "client_request_id": "mine",
        "trace_metadata": {"mlflow.user": "jane"},
        "tags": {
            "mlflow.traceName": "predict",
            "mlflow.artifactLocation": f"dbfs:/databricks/mlflow-tracking/{experiment_id}/tr-1/artifacts",
        },
    }


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        (("2026-01-01T00:00:00Z", "0s"), ("2026-01-01T00:00:00Z", "0s")),
        (("2026-01-01T01:00:00.123456789+01:00", "2.0009s"), ("2026-01-01T00:00:00.123Z", "2s")),
        (("1970-01-01T00:00:00Z", "-1.5s"), ("1970-01-01T00:00:00Z", "-1.500s")),
    ],
)
def test_times_and_durations_are_to_the_millisecond(rest, experiment_id, given, answered):
    request_time, execution_duration = given

    made = export(rest, experiment_id, request_time=request_time, execution_duration=execution_duration)

    assert (made["request_time"], made["execution_duration"]) == answered


def test_a_trace_is_begun_and_ended(rest, experiment_id):
    begun = rest.post(
        V2,
        experiment_id=experiment_id,
        timestamp_ms=1000,
        request_metadata=[{"key": "mlflow.user", "value": "jane"}],
        tags=[{"key": "team", "value": "fraud"}],
    )["trace_info"]
    assert (begun["status"], "execution_time_ms" in begun) == ("IN_PROGRESS", False)
    assert begun["request_id"].startswith("tr-")

    ended = rest.patch(
        f"{V2}/{begun['request_id']}",
        timestamp_ms=1750,
        status="ERROR",
        request_metadata=[{"key": "mlflow.traceInputs", "value": "{}"}],
        tags=[{"key": "team", "value": "risk"}],
    )["trace_info"]

    assert (ended["status"], ended["execution_time_ms"]) == ("ERROR", 750)
    assert ended["request_metadata"] == [
        {"key": "mlflow.traceInputs", "value": "{}"},
        {"key": "mlflow.user", "value": "jane"},
    ]
    assert {"key": "team", "value": "risk"} in ended["tags"]
    assert rest.get(f"{V2}/{begun['request_id']}/info")["trace_info"] == ended


def test_both_versions_see_the_same_trace(rest, experiment_id):
    export(rest, experiment_id, state="STATE_UNSPECIFIED", trace_metadata={"a": "b"})

    old = rest.get(f"{V2}/tr-1/info")["trace_info"]
    assert (old["status"], old["timestamp_ms"], old["execution_time_ms"]) == (
        "TRACE_STATUS_UNSPECIFIED",
        1767225600500,
        1250,
    )
    rest.patch(f"{V2}/tr-1", timestamp_ms=1767225600500, status="TRACE_STATUS_UNSPECIFIED")
    new = rest.get(f"{V2}/tr-1")["trace"]["trace_info"]
    assert (new["state"], new["execution_duration"]) == ("STATE_UNSPECIFIED", "0s")


def test_a_trace_exported_again_takes_its_own_place(rest, experiment_id):
    export(rest, experiment_id, tags={"a": "1", "b": "1"})
    rest.post(f"{V3}/tr-1/assessments", assessment={"assessment_name": "ok", "source": {}, "feedback": {"value": True}})

    again = export(rest, experiment_id, state="ERROR", request_time="2026-01-02T00:00:00Z", tags={"a": "2"})

    assert (again["state"], again["tags"]["a"], again["tags"]["b"]) == ("ERROR", "2", "1")
    assert [one["assessment_name"] for one in again["assessments"]] == ["ok"]
    assert len(rest.post(f"{V3}/search", locations=[location(experiment_id)])["traces"]) == 1

    other = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/other")["experiment_id"]
    with pytest.raises(RefusedError, match="RESOURCE_ALREADY_EXISTS"):
        export(rest, other)


def test_a_retried_export_changes_nothing(rest, experiment_id):
    said = {"assessment_name": "ok", "source": {"source_type": "HUMAN"}, "create_time": "2026-01-01T00:00:01Z"}
    assessments = [{**said, "feedback": {"value": True}}, {**said, "feedback": {"value": False}}]
    first = export(rest, experiment_id, assessments=assessments)

    assert export(rest, experiment_id, assessments=assessments) == first
    assert len(first["assessments"]) == 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"trace_id": "a/b"}, "Invalid trace ID"),
        ({"trace_id": ""}, "Invalid trace ID"),
        ({"trace_id": "x" * 51}, "Invalid trace ID"),
        ({"trace_location": {"type": "MLFLOW_EXPERIMENT"}}, "trace_location.mlflow_experiment"),
        ({"trace_location": location("404")}, "Experiment with id '404' does not exist"),
        ({"request_time": "yesterday"}, "request_time"),
        ({"request_time": "1960-01-01T00:00:00Z"}, "out of range"),
        ({"request_time": "9999-12-31T23:59:59-01:00"}, "out of range"),
        ({"execution_duration": "1500"}, "execution_duration"),
        ({"state": "FINE"}, "state"),
        ({"tags": {"a": 1}}, "tags"),
        ({"client_request_id": "\x00"}, "client_request_id"),
        ({"surprise": 1}, "Unknown field"),
    ],
)
def test_what_is_no_trace_is_refused(rest, experiment_id, more, said):
    with pytest.raises(RefusedError, match=said) as refused:
        rest.post(V3, trace={"trace_info": {**info(experiment_id), **more}})

    assert refused.value.error_code in {"INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"}
    assert rest.post(f"{V3}/search", locations=[location(experiment_id)]) == {"traces": []}


def test_an_assessment_that_cannot_be_keeps_the_whole_trace_out(rest, experiment_id):
    with pytest.raises(RefusedError, match=r"assessment\.source"):
        export(rest, experiment_id, assessments=[{"assessment_name": "ok", "feedback": {"value": 1}}])

    with pytest.raises(RefusedError, match="Trace with ID 'tr-1' not found"):
        rest.get(f"{V3}/tr-1")


def test_a_deleted_experiment_takes_no_traces(rest, experiment_id):
    rest.post(f"{MLFLOW}/experiments/delete", experiment_id=experiment_id)

    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
        export(rest, experiment_id)


def test_what_is_too_long_is_cut_off(rest, experiment_id):
    made = export(
        rest, experiment_id, tags={"a": "x" * 9000}, trace_metadata={"b": "x" * 9000}, request_preview="x" * 20_000
    )

    assert (len(made["tags"]["a"]), len(made["trace_metadata"]["b"])) == (4096, 250)
    assert len(made["request_preview"]) == 10_000


@pytest.mark.parametrize("version", [V2, V3])
def test_tags(rest, experiment_id, version):
    export(rest, experiment_id)

    rest.patch(f"{version}/tr-1/tags", key="team", value="fraud")
    assert rest.get(f"{V3}/tr-1")["trace"]["trace_info"]["tags"]["team"] == "fraud"
    rest.delete(f"{version}/tr-1/tags", key="team")
    assert "team" not in rest.get(f"{V3}/tr-1")["trace"]["trace_info"]["tags"]

    with pytest.raises(RefusedError, match="No trace tag with key 'team' for trace with ID 'tr-1'"):
        rest.delete(f"{version}/tr-1/tags", key="team")
    with pytest.raises(RefusedError, match="Trace with ID 'tr-2' not found"):
        rest.patch(f"{version}/tr-2/tags", key="team", value="fraud")
    with pytest.raises(RefusedError, match="Names may only contain"):
        rest.patch(f"{version}/tr-1/tags", key="a!", value="b")


def test_links_to_runs(rest, experiment_id):
    run_id = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    for trace_id in ("tr-1", "tr-2", "tr-3"):
        export(rest, experiment_id, trace_id)
    export(rest, experiment_id, "tr-4", trace_metadata={"mlflow.sourceRun": run_id})

    rest.post(f"{V2}/link-to-run", trace_ids=["tr-1", "tr-2"], run_id=run_id)
    rest.post(f"{V2}/link-to-run", trace_ids=["tr-2"], run_id=run_id)

    found = rest.post(f"{V3}/search", locations=[location(experiment_id)], filter=f"run_id = '{run_id}'")
    assert [one["trace_id"] for one in found["traces"]] == ["tr-1", "tr-2", "tr-4"]


def test_links_that_cannot_be(rest, experiment_id):
    run_id = rest.post(f"{MLFLOW}/runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    export(rest, experiment_id)

    with pytest.raises(RefusedError, match="Trace with ID 'tr-2' not found"):
        rest.post(f"{V2}/link-to-run", trace_ids=["tr-1", "tr-2"], run_id=run_id)
    with pytest.raises(RefusedError, match="more than 100 traces"):
        rest.post(f"{V2}/link-to-run", trace_ids=["tr-1"] * 101, run_id=run_id)
    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        rest.post(f"{V2}/link-to-run", trace_ids=["tr-1"], run_id="0" * 32)
    rest.post(f"{MLFLOW}/runs/delete", run_id=run_id)
    with pytest.raises(RefusedError, match="must be in the 'active' state"):
        rest.post(f"{V2}/link-to-run", trace_ids=["tr-1"], run_id=run_id)
    found = rest.post(f"{V3}/search", locations=[location(experiment_id)], filter=f"run_id = '{run_id}'")
    assert found == {"traces": []}


def test_data_goes_up_and_down_by_signed_urls(rest, experiment_id):
    export(rest, experiment_id)
    up = rest.get(f"{V2}/tr-1/credentials-for-data-upload")["credential_info"]
    down = rest.get(f"{V2}/tr-1/credentials-for-data-download")["credential_info"]
    assert up["type"] == down["type"] == "AWS_PRESIGNED_URL"

    missing = rest.call("GET", _path(down["signed_uri"]), headers={"authorization": ""})
    assert missing.status == 404
    stored = rest.call("PUT", _path(up["signed_uri"]), b'{"spans": []}', headers={"authorization": ""})
    assert stored.status == 200
    assert rest.call("GET", _path(down["signed_uri"]), headers={"authorization": ""}).body == b'{"spans": []}'


def test_attachments_lie_beside_the_spans(rest, experiment_id):
    export(rest, experiment_id)
    up = rest.get(f"{V2}/tr-1/credentials-for-data-upload", path="attachments/a.png")["credential_info"]["signed_uri"]
    rest.call("PUT", _path(up), b"png", headers={"authorization": ""})

    down = rest.get(f"{V2}/tr-1/credentials-for-data-download", path="attachments/a.png")["credential_info"]
    assert rest.call("GET", _path(down["signed_uri"])).body == b"png"
    for path in ("../tr-2/traces.json", "/traces.json", "a//b", "a\x00"):
        with pytest.raises(RefusedError, match="Invalid path"):
            rest.get(f"{V2}/tr-1/credentials-for-data-upload", path=path)
    with pytest.raises(RefusedError, match="Trace with ID 'tr-9' not found"):
        rest.get(f"{V2}/tr-9/credentials-for-data-upload")


def test_deletion_by_id(rest, experiment_id):
    other = rest.post(f"{MLFLOW}/experiments/create", name="/Shared/other")["experiment_id"]
    export(rest, experiment_id, "tr-1", tags={"a": "b"})
    export(rest, experiment_id, "tr-2")
    export(rest, other, "tr-3")
    up = rest.get(f"{V2}/tr-1/credentials-for-data-upload")["credential_info"]["signed_uri"]
    rest.call("PUT", _path(up), b"{}")

    deleted = rest.post(f"{V2}/delete-traces", experiment_id=experiment_id, request_ids=["tr-1", "tr-1", "tr-3", "no"])

    assert deleted == {"traces_deleted": 1}
    with pytest.raises(RefusedError, match="Trace with ID 'tr-1' not found"):
        rest.get(f"{V3}/tr-1")
    assert rest.call("GET", _path(up).replace("operation=PUT", "operation=GET")).status in {403, 404}
    again = export(rest, experiment_id, "tr-1")
    assert "a" not in again["tags"]
    down = rest.get(f"{V2}/tr-1/credentials-for-data-download")["credential_info"]["signed_uri"]
    assert rest.call("GET", _path(down)).status == 404
    assert rest.get(f"{V3}/tr-2")
    assert rest.get(f"{V3}/tr-3")


def test_deletion_by_age(rest, experiment_id):
    for day in (1, 2, 3, 4):
        export(rest, experiment_id, f"tr-{day}", request_time=f"2026-01-0{day}T00:00:00Z")
    second = 1767312000000

    def deleted(**criteria: Any) -> int:
        found = rest.post(f"{V3}/delete-traces", experiment_id=experiment_id, **criteria)["traces_deleted"]
        assert isinstance(found, int)
        return found

    assert deleted(max_timestamp_millis=second - 10**9) == 0
    assert deleted(max_timestamp_millis=second + 86_400_000, max_traces=1) == 1
    with pytest.raises(RefusedError, match="not found"):
        rest.get(f"{V3}/tr-1")
    assert deleted(max_timestamp_millis=second) == 1
    left = rest.post(f"{V3}/search", locations=[location(experiment_id)])["traces"]
    assert [one["trace_id"] for one in left] == ["tr-4", "tr-3"]


@pytest.mark.parametrize(
    "criteria",
    [
        {},
        {"max_traces": 1},
        {"request_ids": ["tr-1"], "max_timestamp_millis": 2**40},
        {"request_ids": ["tr-1"], "max_traces": 1},
        {"max_timestamp_millis": 2**40, "max_traces": 0},
        {"request_ids": ["tr-1"] * 101},
    ],
)
def test_deletions_that_cannot_be(rest, experiment_id, criteria):
    export(rest, experiment_id)

    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
        rest.post(f"{V2}/delete-traces", experiment_id=experiment_id, **criteria)
    assert rest.get(f"{V3}/tr-1")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{V4}/main.default/tr-1/info?sql_warehouse_id=1"),
        ("POST", f"{V4}/main.default/tr-1/info"),
        ("POST", f"{V4}/main.default.prefix/link-to-run/batchCreate"),
        ("PATCH", f"{V4}/main.default/tr-1/tags"),
        ("DELETE", f"{V4}/main.default/tr-1/tags/a?sql_warehouse_id=1"),
        ("POST", f"{V4}/location"),
        ("POST", "/api/5.0/mlflow/tracing/locations"),
        ("POST", "/api/2.0/otel/v1/traces"),
        ("GET", f"{MLFLOW}/unified-traces?model_id=m"),
        ("GET", f"{V3}/get?trace_id=tr-1"),
        ("POST", f"{V3}/metrics"),
        ("POST", f"{V2}/link-prompts"),
    ],
)
def test_what_is_not_served_is_refused_by_name(rest, method, path):
    refused = rest.call(method, path, b"\x00" if method == "POST" else b"")

    assert refused.status == 501
    assert f"'{method} {path.partition('?')[0]}'" in refused.json()["message"]


@pytest.mark.parametrize("where", ["inference_table", "uc_schema", "uc_table_prefix"])
def test_a_trace_in_a_table_is_refused(rest, experiment_id, where):
    for path, body in (
        (V3, {"trace": {"trace_info": {**info(experiment_id), "trace_location": {where: {"name": "a.b"}}}}}),
        (f"{V4}/search-long-running", {"locations": [{where: {"name": "a.b"}}]}),
    ):
        with pytest.raises(RefusedError, match=where) as refused:
            rest.post(path, **body)
        assert refused.value.status == 501


def _path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
