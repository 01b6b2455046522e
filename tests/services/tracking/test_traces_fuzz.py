"""Whatever a request about traces holds, the answer is the platform's kind of error, and an error changes nothing."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import Rest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakebricks import Workspace
from fakebricks.workspace import router

OPERATIONS = sorted(
    {
        (one.method, one.path)
        for one in router().operations
        if "/mlflow/traces" in one.path and "tracking.traces" in one.function.__module__
    }
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=6),
    st.sampled_from(
        ["tr-1", "EXPERIMENT", "RUN", "ASSESSMENT", "2026-01-01T00:00:00Z", "1.5s", "OK", "\x00", "\ud800"]
    ),
    st.sampled_from(
        ["status = 'OK'", "feedback.q > 1", "tags.a RLIKE '['", "name DESC", "feedback,rationale", "valid"]
    ),
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner)),
    max_leaves=4,
)


def seldom(likely: Any) -> st.SearchStrategy[Any]:
    """What is meant, most of the time."""
    return st.one_of(likely, likely, likely, ANYTHING)


LOCATION = seldom(st.just({"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "EXPERIMENT"}}))
PAIRS = seldom(
    st.lists(st.fixed_dictionaries({"key": seldom(st.just("a")), "value": seldom(st.just("b"))}), max_size=2)
)
MAPPING = seldom(st.dictionaries(st.sampled_from(["a", "mlflow.sourceRun", ""]), seldom(st.just("b")), max_size=2))
ASSESSMENT = seldom(
    st.fixed_dictionaries(
        {},
        optional={
            "assessment_name": seldom(st.just("q")),
            "source": seldom(st.just({"source_type": "HUMAN"})),
            "feedback": seldom(st.fixed_dictionaries({"value": ANYTHING})),
            "expectation": seldom(st.fixed_dictionaries({"value": ANYTHING})),
            "overrides": st.sampled_from(["ASSESSMENT", "a-0", ""]),
            "create_time": seldom(st.just("2026-01-01T00:00:00Z")),
            "metadata": MAPPING,
            "rationale": seldom(st.just("so")),
        },
    )
)
INFO = seldom(
    st.fixed_dictionaries(
        {
            "trace_id": seldom(st.sampled_from(["tr-1", "tr-2"])),
            "trace_location": LOCATION,
            "request_time": seldom(st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])),
        },
        optional={
            "execution_duration": seldom(st.sampled_from(["1.5s", "-999999999999.999s"])),
            "state": seldom(st.just("OK")),
            "tags": MAPPING,
            "trace_metadata": MAPPING,
            "assessments": st.lists(ASSESSMENT, max_size=2),
        },
    )
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "trace": seldom(st.fixed_dictionaries({"trace_info": INFO})),
    "assessment": ASSESSMENT,
    "update_mask": seldom(st.sampled_from(["feedback", "assessmentName,metadata", "rationale", "valid", ""])),
    "locations": seldom(st.lists(LOCATION, max_size=2)),
    "experiment_id": seldom(st.just("EXPERIMENT")),
    "experiment_ids": seldom(st.just(["EXPERIMENT"])),
    "filter": LEAVES,
    "order_by": seldom(st.lists(st.sampled_from(["name", "timestamp_ms DESC", "x", "tags.a"]), max_size=2)),
    "max_results": seldom(st.integers(-1, 600)),
    "page_token": LEAVES,
    "key": seldom(st.just("a")),
    "value": seldom(st.just("b")),
    "trace_ids": seldom(st.lists(st.sampled_from(["tr-1", "tr-2"]), max_size=2)),
    "request_ids": seldom(st.lists(st.sampled_from(["tr-1", "tr-2"]), max_size=2)),
    "run_id": seldom(st.just("RUN")),
    "timestamp_ms": seldom(st.integers(-(2**70), 2**70)),
    "max_timestamp_millis": seldom(st.integers()),
    "max_traces": seldom(st.integers(-1, 3)),
    "tags": PAIRS,
    "request_metadata": PAIRS,
    "status": seldom(st.just("OK")),
    "path": seldom(st.sampled_from(["attachments/a", "../x", ""])),
}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_request_is_too_much(method: str, path: str, data: st.DataObject) -> None:
    workspace = Workspace()
    rest = Rest(workspace)
    known = _something_in(rest)
    (operation,) = [one for one in router().operations if (one.method, one.path) == (method, path)]
    assert operation.shape
    names = [one for one in operation.shape.__struct_fields__ if one not in operation.path_parameters]
    body = {name: data.draw(FIELDS.get(name, ANYTHING), label=name) for name in names if data.draw(st.integers(0, 4))}
    target = path.replace("<path:rest>", "a/b").replace("<assessment_id>", known["ASSESSMENT"])
    target = target.replace("<trace_id>", "tr-1").replace("<request_id>", "tr-1")
    sent = json.dumps(body)
    for word, meant in known.items():
        sent = sent.replace(f'"{word}"', f'"{meant}"')
    before = workspace.snapshot()

    if method == "GET":
        reply = rest.call(method, f"{target}?{_query(json.loads(sent))}")
    else:
        reply = rest.call(method, target, sent.encode())

    assert reply.status < 500 or reply.status == 501, reply.body
    assert not [one for one in workspace.unsupported if "failed inside" in one]
    if reply.status >= 400:
        assert set(reply.json()) >= {"error_code", "message"}
        assert workspace.snapshot() == before


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b'"\\ud800"', b"\xff", b'{"a":' * 5000, b'{"value": NaN}'])
@pytest.mark.parametrize(
    ("method", "path"),
    [one for one in OPERATIONS if one[0] == "POST" and not one[1].startswith("/api/4.0/mlflow/traces/<")],
)
def test_what_is_no_json_object_is_refused(rest, method, path, body):
    assert rest.call(method, path.replace("<trace_id>", "tr-1"), body).status in {400, 501}


def _query(fields: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in fields.items() if value is not None}, doseq=True, errors="replace")


def _something_in(rest: Rest) -> dict[str, str]:
    experiment_id = rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/x")["experiment_id"]
    run_id = rest.post("/api/2.0/mlflow/runs/create", experiment_id=experiment_id)["run"]["info"]["run_id"]
    location = {"mlflow_experiment": {"experiment_id": experiment_id}}
    info = {"trace_id": "tr-1", "trace_location": location, "request_time": "2026-01-01T00:00:00Z", "tags": {"a": "b"}}
    rest.post("/api/3.0/mlflow/traces", trace={"trace_info": info})
    feedback = {"assessment_name": "q", "source": {"source_type": "HUMAN"}, "feedback": {"value": 1}}
    made = rest.post("/api/3.0/mlflow/traces/tr-1/assessments", assessment=feedback)["assessment"]
    return {"EXPERIMENT": experiment_id, "RUN": run_id, "ASSESSMENT": made["assessment_id"]}
