"""Traces and assessments, as MLflow 3's unmodified client logs, finds and judges them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from fakebricks import Workspace, fake_workspace

mlflow = pytest.importorskip("mlflow", minversion="3.0")

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import AssessmentSource, AssessmentSourceType, Feedback, SpanType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

EXPERIMENT = "/Users/jane@acme.test/traces"
HUMAN = AssessmentSource(source_type=AssessmentSourceType.HUMAN, source_id="jane")


@pytest.fixture(params=["false", "true"], ids=["at-once", "in-background"])
def either(request, monkeypatch) -> None:
    """Traces are sent when they end, or by MLflow's threads later. Its flush then takes a second of real time."""
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", request.param)


@pytest.fixture
def workspace(entered, monkeypatch) -> Iterator[Workspace]:
    if "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING" not in os.environ:
        monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")
    with entered() as workspace:
        mlflow.set_experiment(EXPERIMENT)
        yield workspace


def logged(name: str = "root", **tags: str) -> str:
    """The id of a trace of one span that has arrived."""
    with mlflow.start_span(name) as span:
        span.set_inputs({"question": name})
        span.set_outputs("answer")
        if tags:
            mlflow.update_current_trace(tags=tags)
    mlflow.flush_trace_async_logging()
    trace_id: str = span.trace_id
    return trace_id


def found(filter_string: str = "", **options: object) -> list[str]:
    traces = mlflow.search_traces(filter_string=filter_string, return_type="list", **options)
    return [trace.info.tags["mlflow.traceName"] for trace in traces]


def test_a_traced_function(either, workspace):
    @mlflow.trace(span_type=SpanType.CHAIN, attributes={"k": "v"})
    def answer(question: str) -> str:
        return look_up(question).upper()

    @mlflow.trace(span_type=SpanType.RETRIEVER)
    def look_up(question: str) -> str:
        return f"re: {question}"

    with mlflow.start_run() as run:
        assert answer("why") == "RE: WHY"
    mlflow.flush_trace_async_logging()

    trace = mlflow.get_trace(mlflow.get_last_active_trace_id())
    assert [span.name for span in trace.data.spans] == ["answer", "look_up"]
    assert trace.data.spans[0].attributes["k"] == "v"
    assert trace.data.spans[1].parent_id == trace.data.spans[0].span_id
    assert (trace.info.state, trace.info.experiment_id) == ("OK", run.info.experiment_id)
    assert trace.info.request_preview == '{"question": "why"}'
    assert trace.info.response_preview == '"RE: WHY"'
    assert trace.info.trace_metadata["mlflow.sourceRun"] == run.info.run_id
    assert trace.info.tags["mlflow.artifactLocation"].endswith(f"/{trace.info.trace_id}/artifacts")


def test_a_function_that_fails(either, workspace):
    @mlflow.trace
    def divide(number: int) -> float:
        return 1 / number

    with pytest.raises(ZeroDivisionError):
        divide(0)
    mlflow.flush_trace_async_logging()

    (trace,) = mlflow.search_traces(filter_string="status = 'ERROR'", return_type="list")
    assert trace.data.spans[0].status.status_code == "ERROR"
    assert trace.data.spans[0].events[0].name == "exception"


def test_searches(workspace):
    for name, team in (("a", "fraud"), ("b", "risk"), ("c", "fraud")):
        logged(name, team=team)
        workspace.clock.advance(seconds=1)

    assert found() == ["c", "b", "a"]
    assert found("tags.team = 'fraud'") == ["c", "a"]
    assert found("trace.name = 'b'") == ["b"]
    assert found("attributes.status = 'OK' AND tags.team != 'fraud'") == ["b"]
    assert found(order_by=["timestamp_ms ASC"], max_results=2) == ["a", "b"]
    assert found("metadata.`mlflow.user` = 'nobody'") == []
    frame = mlflow.search_traces()
    assert list(frame["response"]) == ["answer"] * 3


def test_pages(workspace):
    for number in range(5):
        logged(f"t{number}")
        workspace.clock.advance(seconds=1)
    client = MlflowClient()
    experiment_id = client.get_experiment_by_name(EXPERIMENT).experiment_id

    first = client.search_traces(locations=[experiment_id], max_results=2)
    second = client.search_traces(locations=[experiment_id], max_results=2, page_token=first.token)
    third = client.search_traces(locations=[experiment_id], max_results=2, page_token=second.token)

    names = [trace.info.tags["mlflow.traceName"] for page in (first, second, third) for trace in page]
    assert names == ["t4", "t3", "t2", "t1", "t0"]
    assert third.token is None


def test_tags(workspace):
    trace_id = logged(team="fraud")

    mlflow.set_trace_tag(trace_id, "reviewed", "yes")
    mlflow.delete_trace_tag(trace_id, "team")

    tags = mlflow.get_trace(trace_id).info.tags
    assert (tags["reviewed"], "team" in tags) == ("yes", False)
    with pytest.raises(MlflowException, match="No trace tag with key 'team'"):
        mlflow.delete_trace_tag(trace_id, "team")


def test_traces_are_linked_to_a_run(workspace):
    before = logged("before")
    with mlflow.start_run() as run:
        logged("inside")

    MlflowClient().link_traces_to_run([before], run.info.run_id)

    assert sorted(found(run_id=run.info.run_id)) == ["before", "inside"]


def test_deletion(workspace):
    first, second, third = logged("a"), logged("b"), logged("c")
    client = MlflowClient()
    experiment_id = client.get_experiment_by_name(EXPERIMENT).experiment_id

    assert client.delete_traces(experiment_id, trace_ids=[first]) == 1
    assert mlflow.get_trace(first) is None
    assert sorted(found()) == ["b", "c"]
    latest = max(mlflow.get_trace(one).info.request_time for one in (second, third))
    assert client.delete_traces(experiment_id, max_timestamp_millis=latest) == 2
    assert found() == []


def test_feedback(workspace):
    trace_id = logged()

    made = mlflow.log_feedback(
        trace_id=trace_id, name="correct", value=True, source=HUMAN, rationale="it is", metadata={"model": "m"}
    )

    assert made.assessment_id
    (kept,) = mlflow.get_trace(trace_id).info.assessments
    assert kept == made == mlflow.get_assessment(trace_id, made.assessment_id)
    assert (kept.name, kept.value, kept.source, kept.rationale) == ("correct", True, HUMAN, "it is")
    assert (kept.metadata, kept.valid) == ({"model": "m"}, True)


@pytest.mark.parametrize("value", [0.5, 3, "yes", False, [1, 2], {"a": "b"}])
def test_feedback_of_every_kind(workspace, value):
    trace_id = logged()

    mlflow.log_feedback(trace_id=trace_id, name="correct", value=value)

    assert mlflow.get_trace(trace_id).info.assessments[0].value == value


def test_a_judge_that_failed(workspace):
    trace_id = logged()

    mlflow.log_feedback(trace_id=trace_id, name="correct", error=ValueError("no answer"))

    (kept,) = mlflow.get_trace(trace_id).info.assessments
    assert (kept.value, kept.error_code, kept.error_message) == (None, "ValueError", "no answer")


@pytest.mark.parametrize("value", ["Paris", 3, ["Paris", {"a": None}], {"city": "Paris"}])
def test_expectations(workspace, value):
    trace_id = logged()

    made = mlflow.log_expectation(trace_id=trace_id, name="answer", value=value, source=HUMAN)

    assert mlflow.get_assessment(trace_id, made.assessment_id).value == value


def test_assessments_change(workspace):
    trace_id = logged()
    made = mlflow.log_feedback(trace_id=trace_id, name="correct", value=0.1, source=HUMAN, metadata={"a": "1"})

    changed = mlflow.update_assessment(
        trace_id, made.assessment_id, Feedback(name="correct", value=0.9, rationale="again", metadata={"b": "2"})
    )

    assert (changed.value, changed.rationale, changed.source) == (0.9, "again", HUMAN)
    assert changed.metadata == {"a": "1", "b": "2"}
    assert mlflow.get_assessment(trace_id, made.assessment_id) == changed


def test_feedback_is_overridden(workspace):
    trace_id = logged()
    first = mlflow.log_feedback(trace_id=trace_id, name="correct", value=False)

    second = mlflow.override_feedback(trace_id=trace_id, assessment_id=first.assessment_id, value=True, source=HUMAN)

    assert second.overrides == first.assessment_id
    assert not mlflow.get_assessment(trace_id, first.assessment_id).valid
    mlflow.delete_assessment(trace_id, second.assessment_id)
    assert mlflow.get_assessment(trace_id, first.assessment_id).valid
    with pytest.raises(MlflowException, match="not found for trace"):
        mlflow.get_assessment(trace_id, second.assessment_id)


def test_an_assessment_made_while_the_trace_is_open(either, workspace):
    with mlflow.start_span("root") as span:
        mlflow.log_feedback(trace_id=span.trace_id, name="early", value="yes")
    mlflow.flush_trace_async_logging()

    (kept,) = mlflow.get_trace(span.trace_id).info.assessments
    assert (kept.name, kept.value, kept.trace_id) == ("early", "yes", span.trace_id)
    assert found("feedback.early = 'yes'") == ["root"]


def test_a_trace_that_is_not_there(workspace):
    assert mlflow.get_trace("tr-404") is None
    with pytest.raises(MlflowException, match="Trace with ID 'tr-404' not found"):
        mlflow.log_feedback(trace_id="tr-404", name="correct", value=True)


def test_traces_made_apart_are_logged(either, workspace):
    client = MlflowClient()
    span = client.start_trace("detached", inputs={"a": 1}, tags={"team": "fraud"})
    child = client.start_span("child", trace_id=span.trace_id, parent_id=span.span_id)
    client.end_span(span.trace_id, child.span_id, outputs={"b": 2})
    client.end_trace(span.trace_id, outputs={"c": 3})
    mlflow.flush_trace_async_logging()

    trace = client.get_trace(span.trace_id)
    assert [one.name for one in trace.data.spans] == ["detached", "child"]
    assert trace.info.tags["team"] == "fraud"


@pytest.mark.parametrize("kind", ["databricks://DEFAULT", "http"])
def test_traces_under_other_tracking_uris(workspace, kind):
    mlflow.set_tracking_uri(os.environ["DATABRICKS_HOST"] if kind == "http" else kind)
    mlflow.set_experiment(EXPERIMENT)

    trace_id = logged("root", team="fraud")
    mlflow.log_feedback(trace_id=trace_id, name="correct", value=True)

    (trace,) = mlflow.search_traces(filter_string="tags.team = 'fraud'", return_type="list")
    assert trace.info.assessments[0].value is True
    assert [span.name for span in trace.data.spans] == ["root"]
    workspace.raise_unsupported()


def test_what_is_on_its_way_arrives_before_the_workspace_goes(either):
    threads = {one.name for one in threading.enumerate()}
    with fake_workspace() as workspace:
        mlflow.set_experiment(EXPERIMENT)
        for _ in range(3):
            with mlflow.start_span("root"):
                pass

    uploaded = [call for call in workspace.calls if call.method == "PUT" and call.path.endswith("/traces.json")]
    assert len(uploaded) == 3
    assert {one.name for one in threading.enumerate()} <= threads


@pytest.fixture
def own_store(monkeypatch, tmp_path) -> Iterator[None]:
    """MLflow is set to a store of the test's own, before there is a workspace."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(tmp_path.as_uri())
    yield
    mlflow.set_tracking_uri(before)


def test_traces_of_the_test_s_own_go_to_its_own_store(either, own_store):
    own = mlflow.set_experiment("own").experiment_id
    logged("mine")
    with fake_workspace():
        mlflow.set_experiment(EXPERIMENT)
        logged("theirs")
        assert found() == ["theirs"]
    logged("mine too")

    assert sorted(found(locations=[own])) == ["mine", "mine too"]


def test_a_disabled_tracer_stays_disabled(own_store):
    mlflow.tracing.disable()
    try:
        with fake_workspace() as workspace:
            mlflow.set_experiment(EXPERIMENT)
            with mlflow.start_span("root"):
                pass
        assert not [call for call in workspace.calls if "traces" in call.path]
    finally:
        mlflow.tracing.enable()
