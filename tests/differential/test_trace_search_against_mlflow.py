"""The search over traces answers as MLflow's own server does, on random filters and orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakebricks import Workspace

mlflow = pytest.importorskip("mlflow", minversion="3.17")

from mlflow_tracking import MlflowTracking  # noqa: E402

TRACES = "/api/3.0/mlflow/traces"
WORDS = ("a", "A", "ab", "x_y", "xay", "", "é")


def traces(run_id: str) -> Iterator[dict[str, Any]]:
    """What both servers hold; the location is each server's own."""
    states = ("OK", "ERROR", "IN_PROGRESS", "OK")
    judgements: list[dict[str, Any]] = [
        {"feedback": {"value": True}},
        {"feedback": {"value": 0.5}},
        {"feedback": {"value": 3.5}},  # a whole number's text depends on protobuf: 3 before its version 7, 3.0 since
        {"feedback": {"value": "yes"}},
        {"expectation": {"value": "yes"}},
        {"feedback": {"value": None, "error": {"error_code": "E"}}},
        {"expectation": {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": '["a", 1]'}}},
    ]
    for number in range(14):
        word = WORDS[number % len(WORDS)]
        trace: dict[str, Any] = {
            "trace_id": f"tr-{number:032x}",
            "request_time": f"2026-01-01T00:00:0{number % 5}.000Z",
            "state": states[number % 4],
            "tags": {"k": word, "mlflow.traceName": word} if number % 3 else {},
            "trace_metadata": {"k": word, "a b": "1"} if number % 4 else {},
            "assessments": [
                {
                    "assessment_name": "q",
                    "source": {"source_type": "HUMAN", "source_id": "me"},
                    "create_time": "2026-01-01T00:00:00Z",
                    "last_update_time": "2026-01-01T00:00:00Z",
                    "valid": True,
                    **judgements[number % 7],
                }
            ]
            * (number % 2),
        }
        if number % 2:
            trace["execution_duration"] = f"{number % 5}.500s"
        if number % 5 == 1:
            trace["client_request_id"] = word
        if number in {3, 4}:
            trace["trace_metadata"]["mlflow.sourceRun"] = run_id
        yield trace


class Both:
    """A workspace and MLflow's server, which hold the same traces."""

    def __init__(self, mlflow_tracking: MlflowTracking) -> None:
        self.workspace = Workspace()
        self.rest = Rest(self.workspace)
        self.mlflow = mlflow_tracking
        self.theirs = self._theirs("POST", "/api/2.0/mlflow/experiments/create", name="/Shared/x")["experiment_id"]
        self.ours = self.rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/x")["experiment_id"]
        path = "/api/2.0/mlflow/runs/create"
        self.run_id = self.rest.post(path, experiment_id=self.ours)["run"]["info"]["run_id"]
        mlflow_tracking.borrowed.ids.append(self.run_id)
        mlflow_tracking.borrowed.names.append("name")
        assert self._theirs("POST", path, experiment_id=self.theirs)["run"]["info"]["run_id"] == self.run_id
        for trace in traces(self.run_id):
            self.rest.post(TRACES, trace={"trace_info": {**trace, "trace_location": location(self.ours)}})
            self._theirs("POST", TRACES, trace={"trace_info": {**trace, "trace_location": location(self.theirs)}})
        linked = {"trace_ids": [f"tr-{number:032x}" for number in (5, 6)], "run_id": self.run_id}
        self.rest.post("/api/2.0/mlflow/traces/link-to-run", **linked)
        self._theirs("POST", "/api/2.0/mlflow/traces/link-to-run", **linked)

    def search(self, **asked: Any) -> tuple[list[str] | None, list[str] | None]:
        """The ids that each finds, in order; None where it refuses."""
        reply = self.rest.call("POST", f"{TRACES}/search", _body(locations=[location(self.ours)], **asked))
        assert reply.status < 500, reply.body
        ours = ids(reply.json()) if reply.status == 200 else None
        status, found = self.mlflow.call("POST", f"{TRACES}/search", {"locations": [location(self.theirs)], **asked})
        return ours, ids(found) if status == 200 else None

    def _theirs(self, method: str, path: str, **fields: Any) -> dict[str, Any]:
        status, found = self.mlflow.call(method, path, fields)
        assert status == 200, found
        return found


def location(experiment_id: str) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}


def ids(found: dict[str, Any]) -> list[str]:
    return [one["trace_id"] for one in found.get("traces", [])]


def _body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    theirs = MlflowTracking()
    yield Both(theirs)
    theirs.close()


KEYS = st.sampled_from(["k", "`k`", "`a b`", "none", "`mlflow.traceName`"])
TEXTS = st.sampled_from(
    [f"'{word}'" for word in WORDS] + ['"a"', "'OK'", "'ERROR'", "'yes'", "'true'", "'0.5'", "'3.5'"]
)
LIKES = st.sampled_from(["'%'", "'a%'", "'%A'", "'x_y'", "'_'", "'%y%'", "''"])
REGEXES = st.sampled_from(["'a'", "'^a$'", "'x.y'", "'^$'", "'[ab]+'"])
NUMBERS = st.sampled_from(["0", "1", "0.5", "3", "3.5", "1767225601000", "1767225602500", "500", "2500"])
COMPARED = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])


@st.composite
def clauses(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["keyed", "attribute", "time", "judged", "list", "null"]))
    if kind == "keyed":
        prefix = draw(st.sampled_from(["tags", "tag", "metadata", "request_metadata"]))
        return f"{prefix}.{draw(KEYS)} {draw(texts())}"
    if kind == "attribute":
        prefix = draw(st.sampled_from(["", "attributes.", "attribute.", "trace."]))
        key = draw(st.sampled_from(["status", "name", "request_id", "client_request_id"]))
        return f"{prefix}{key} {draw(texts())}"
    if kind == "time":
        # Not `timestamp` alone: MLflow's parser takes it, with what follows, for a literal of SQL.
        key = draw(st.sampled_from(["timestamp_ms", "execution_time", "execution_time_ms", "end_time_ms"]))
        return f"{draw(st.sampled_from(['', 'trace.']))}{key} {draw(COMPARED)} {draw(NUMBERS)}"
    if kind == "judged":
        name = f"{draw(st.sampled_from(['feedback', 'expectation']))}.{draw(st.sampled_from(['q', '`q`', 'none']))}"
        return f"{name} {draw(st.one_of(texts(), st.builds('{} {}'.format, COMPARED, NUMBERS)))}"
    if kind == "list":
        key = draw(st.sampled_from(["status", "request_id", "client_request_id"]))
        listed = draw(st.lists(st.sampled_from(["'OK'", "'ERROR'", f"'tr-{3:032x}'", "'a'"]), min_size=1, max_size=3))
        return f"{key} {draw(st.sampled_from(['IN', 'NOT IN']))} ({', '.join(listed)})"
    prefix = draw(st.sampled_from(["tags", "metadata", "feedback", "expectation"]))
    key = draw(st.sampled_from(["k", "q", "none"]))
    return f"{prefix}.{key} {draw(st.sampled_from(['IS NULL', 'IS NOT NULL']))}"


@st.composite
def texts(draw: st.DrawFn) -> str:
    """A comparator and a text."""
    comparator = draw(st.sampled_from(["=", "!=", "LIKE", "ILIKE", "RLIKE"]))
    texts = {"LIKE": LIKES, "ILIKE": LIKES, "RLIKE": REGEXES}.get(comparator, TEXTS)
    return f"{comparator} {draw(texts)}"


FILTERS = st.lists(clauses(), max_size=2).map(" AND ".join)
ORDERS = st.lists(
    st.builds(
        "{}{}".format,
        st.sampled_from(
            ["timestamp", "timestamp_ms", "execution_time_ms", "status", "request_id", "name", "tags.k", "metadata.k"]
        ),
        st.sampled_from([" ASC", " DESC", ""]),
    ),
    max_size=2,
)


@settings(max_examples=150)
@given(filters=FILTERS, orders=ORDERS, most=st.sampled_from([1, 3, 100]))
def test_searches_are_answered_alike(both: Both, filters: str, orders: list[str], most: int) -> None:
    ours, theirs = both.search(filter=filters, order_by=orders, max_results=most)

    assert ours == theirs


@pytest.mark.parametrize("name", ["run_id", "attributes.run_id", "metadata.`mlflow.sourceRun`"])
def test_what_a_run_has(both: Both, name: str) -> None:
    ours, theirs = both.search(filter=f"{name} = '{both.run_id}'")

    assert ours == theirs
    assert len(ours or []) == 4


@pytest.mark.parametrize(
    "refused",
    [
        {"filter": "status"},
        {"filter": "status = OK"},
        {"filter": "status = 'OK' OR status = 'ERROR'"},
        {"filter": "params.a = 'b'"},
        {"filter": "duration > 3"},
        {"filter": "timestamp_ms LIKE '1'"},
        {"filter": "status > 'OK'"},
        {"filter": "feedback.q > 'a'"},
        {"filter": "feedback.q = 3"},
        {"filter": "tags.k IN ('a')"},
        {"filter": "name IN ('a')"},
        {"order_by": ["duration"]},
        {"order_by": ["feedback.q"]},
        {"order_by": ["timestamp UP"]},
        {"order_by": ["name", "name DESC"]},
        {"max_results": 0},
        {"max_results": 501},
    ],
)
def test_what_is_refused_is_refused_by_both(both: Both, refused: dict[str, Any]) -> None:
    assert both.search(**refused) == (None, None)
