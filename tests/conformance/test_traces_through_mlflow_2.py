"""Traces, as the store and the clients below MLflow 2's tracing send them.

Its span processor does not go together with the OpenTelemetry of today, so that no span of MLflow 2.22 reaches any
store; what it would call is called here.
"""

from __future__ import annotations

from collections.abc import Iterator

import mlflow
import pytest

if not mlflow.__version__.startswith("2."):
    pytest.skip("of MLflow 2", allow_module_level=True)

from mlflow import MlflowClient
from mlflow.entities import TraceData
from mlflow.entities.assessment_source import AssessmentSource
from mlflow.entities.trace_status import TraceStatus
from mlflow.exceptions import MlflowException

SOURCE = AssessmentSource(source_type="HUMAN", source_id="jane")


@pytest.fixture
def experiment_id(entered) -> Iterator[str]:
    with entered():
        yield mlflow.set_experiment("/Users/jane@acme.test/traces").experiment_id


@pytest.fixture
def client(experiment_id):
    return MlflowClient()


def logged(client: MlflowClient, experiment_id: str, millis: int = 1000, **tags: str) -> str:
    store = client._tracking_client
    begun = store.start_trace(experiment_id, millis, {"mlflow.user": "jane"}, tags)
    assert begun.status == TraceStatus.IN_PROGRESS
    store._upload_trace_data(begun, TraceData(spans=[], request='{"a": 1}', response="2"))
    ended = store.end_trace(begun.request_id, millis + 500, TraceStatus.OK, {"more": "x"}, {"ended": "yes"})
    assert (ended.status, ended.execution_time_ms) == (TraceStatus.OK, 500)
    request_id: str = ended.request_id
    return request_id


def test_a_trace_is_begun_and_ended(client, experiment_id):
    request_id = logged(client, experiment_id, team="fraud")

    trace = client.get_trace(request_id)

    assert (trace.info.timestamp_ms, trace.info.execution_time_ms) == (1000, 500)
    assert trace.info.request_metadata == {"mlflow.user": "jane", "more": "x"}
    assert (trace.info.tags["team"], trace.info.tags["ended"]) == ("fraud", "yes")
    assert (trace.data.request, trace.data.response) == ('{"a": 1}', "2")


def test_searches(client, experiment_id):
    ids = [logged(client, experiment_id, 1000 * number, team=f"t{number % 2}") for number in range(4)]

    def found(filter_string: str | None = None, **options: object) -> list[str]:
        return [one.info.request_id for one in client.search_traces([experiment_id], filter_string, **options)]

    assert found() == ids[::-1]
    assert found("tags.team = 't1'") == [ids[3], ids[1]]
    assert found("timestamp_ms < 2000", order_by=["timestamp_ms ASC"]) == ids[:2]
    assert found("status = 'ERROR'") == []
    page = client.search_traces([experiment_id], max_results=3)
    rest = client.search_traces([experiment_id], max_results=3, page_token=page.token)
    assert [one.info.request_id for one in rest] == ids[:1]


def test_tags_and_deletion(client, experiment_id):
    first, second = logged(client, experiment_id), logged(client, experiment_id)

    client.set_trace_tag(first, "k", "v")
    assert client.get_trace(first).info.tags["k"] == "v"
    client.delete_trace_tag(first, "k")
    assert "k" not in client.get_trace(first).info.tags
    assert client.delete_traces(experiment_id, request_ids=[first]) == 1
    assert client.delete_traces(experiment_id, max_timestamp_millis=10_000) == 1
    with pytest.raises(MlflowException, match=f"Trace with ID '{second}' not found"):
        client.get_trace(second)


def test_a_trace_without_spans(client, experiment_id):
    begun = client._tracking_client.start_trace(experiment_id, 1000, {}, {})

    with pytest.raises(MlflowException, match="missing span data"):
        client.get_trace(begun.request_id)


def test_assessments(client, experiment_id):
    request_id = logged(client, experiment_id)

    made = mlflow.log_feedback(request_id, "correct", SOURCE, value="yes", rationale="so", metadata={"a": "1"})
    mlflow.log_feedback(request_id, "fast", SOURCE, value=0.5)

    kept = client.get_trace(request_id).info.assessments
    assert [(one.name, one.source.source_id) for one in kept] == [("correct", "jane"), ("fast", "jane")]
    assert (kept[0].feedback.value, kept[0].rationale, kept[1].feedback.value) == ("yes", "so", 0.5)
    changed = mlflow.update_feedback(request_id, made.assessment_id, value="no", metadata={"b": "2"})
    assert (changed.feedback.value, changed.metadata) == ("no", {"a": "1", "b": "2"})
    mlflow.delete_feedback(request_id, made.assessment_id)
    assert [one.name for one in client.get_trace(request_id).info.assessments] == ["fast"]


def test_an_expectation(client, experiment_id):
    request_id = logged(client, experiment_id)

    mlflow.log_expectation(request_id, "answer", SOURCE, value="Paris")

    (kept,) = client.get_trace(request_id).info.assessments
    assert kept.expectation.value == "Paris"
