"""Assessments over REST."""

from __future__ import annotations

from functools import reduce
from typing import Any

import pytest
from conftest import RefusedError

DEEP: Any = reduce(lambda inner, _: [inner], range(120), 1)
V2 = "/api/2.0/mlflow/traces"
V3 = "/api/3.0/mlflow/traces"


@pytest.fixture
def trace(rest):
    experiment_id = rest.post("/api/2.0/mlflow/experiments/create", name="/Shared/traces")["experiment_id"]
    for trace_id in ("tr-1", "tr-2"):
        info = {
            "trace_id": trace_id,
            "trace_location": {"mlflow_experiment": {"experiment_id": experiment_id}},
            "request_time": "2026-01-01T00:00:00Z",
        }
        rest.post(V3, trace={"trace_info": info})
    return f"{V3}/tr-1"


def feedback(value: Any = True, **more: Any) -> dict[str, Any]:
    source = {"source_type": "HUMAN", "source_id": "jane"}
    return {"assessment_name": "correct", "source": source, "feedback": {"value": value}, **more}


def expectation(**said: Any) -> dict[str, Any]:
    return {"assessment_name": "answer", "source": {"source_type": "HUMAN"}, "expectation": said}


def create(rest, trace: str, assessment: dict[str, Any]) -> dict[str, Any]:
    made = rest.post(f"{trace}/assessments", assessment=assessment)["assessment"]
    assert isinstance(made, dict)
    return made


def test_feedback(rest, trace):
    given = feedback(
        0.75,
        trace_id="tr-1",
        span_id="abc",
        rationale="close",
        metadata={"model": "m"},
        create_time="2026-01-01T00:00:01.500Z",
        valid=True,
    )

    made = create(rest, trace, given)

    assert made == {
        **given,
        "assessment_id": made["assessment_id"],
        "last_update_time": "2026-01-01T00:00:01.500Z",
        "valid": True,
    }
    assert made["assessment_id"].startswith("a-")
    assert rest.get(f"{trace}/assessments/{made['assessment_id']}")["assessment"] == made
    assert rest.get(trace)["trace"]["trace_info"]["assessments"] == [made]


@pytest.mark.parametrize("value", [True, 0, 0.5, "yes", None, [1, "a"], {"a": {"b": [None]}}])
def test_feedback_is_any_json(rest, trace, value):
    assert create(rest, trace, feedback(value))["feedback"] == {"value": value}


def test_a_judge_that_failed(rest, trace):
    error = {"error_code": "RATE_LIMIT", "error_message": "slow down"}

    assert create(rest, trace, feedback(None, feedback={"error": error}))["feedback"] == {"value": None, "error": error}
    assert create(rest, trace, feedback(None, error=error))["feedback"]["error"] == error


@pytest.mark.parametrize(
    "said",
    [
        {"value": "Paris"},
        {"value": 3},
        {"serialized_value": {"serialization_format": "JSON_FORMAT", "value": '["Paris", {"a": 1}]'}},
    ],
)
def test_expectations(rest, trace, said):
    assert create(rest, trace, expectation(**said))["expectation"] == said


def test_assessments_come_in_the_order_in_which_they_were_made(rest, trace):
    made = [create(rest, trace, feedback(number)) for number in range(5)]

    assert rest.get(trace)["trace"]["trace_info"]["assessments"] == made


def test_one_overrides_another(rest, trace):
    first = create(rest, trace, feedback(False))

    second = create(rest, trace, feedback(True, overrides=first["assessment_id"]))

    assert second["overrides"] == first["assessment_id"]
    assert [one["valid"] for one in rest.get(trace)["trace"]["trace_info"]["assessments"]] == [False, True]
    rest.delete(f"{trace}/assessments/{second['assessment_id']}")
    assert [one["valid"] for one in rest.get(trace)["trace"]["trace_info"]["assessments"]] == [True]
    with pytest.raises(RefusedError, match="Assessment with ID 'a-0' not found for trace 'tr-1'"):
        create(rest, trace, feedback(True, overrides="a-0"))


def test_an_update_changes_what_its_mask_names(rest, trace):
    made = create(rest, trace, feedback(False, rationale="wrong", metadata={"a": "1", "b": "1"}))
    rest.workspace.clock.advance(seconds=5)

    changed = rest.patch(
        f"{trace}/assessments/{made['assessment_id']}",
        assessment={
            "assessment_name": "better",
            "feedback": {"value": "yes"},
            "rationale": "not said in the mask",
            "metadata": {"b": "2", "c": "2"},
        },
        update_mask="assessmentName,feedback,metadata",
    )["assessment"]

    assert changed == {
        **made,
        "assessment_name": "better",
        "feedback": {"value": "yes"},
        "metadata": {"a": "1", "b": "2", "c": "2"},
        "last_update_time": changed["last_update_time"],
    }
    assert changed["last_update_time"] > made["last_update_time"]


@pytest.mark.parametrize(
    ("assessment", "mask"),
    [
        ({"expectation": {"value": 1}}, "expectation"),
        ({"feedback": {"value": 1}, "expectation": {"value": 1}}, "feedback"),
        ({"feedback": {"value": 1}, "expectation": {"value": 1}}, "feedback,expectation"),
        ({}, "feedback"),
        ({"assessment_name": " "}, "assessment_name"),
        ({"source": {"source_type": "CODE"}}, "source"),
        ({"feedback": {"value": 1}}, ""),
        ({"feedback": {"value": 1}, "trace_id": "tr-2"}, "feedback"),
        ({"feedback": {"value": 1}, "assessment_id": "a-2"}, "feedback"),
    ],
)
def test_updates_that_cannot_be(rest, trace, assessment, mask):
    made = create(rest, trace, feedback())

    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
        rest.patch(f"{trace}/assessments/{made['assessment_id']}", assessment=assessment, update_mask=mask)
    assert rest.get(trace)["trace"]["trace_info"]["assessments"] == [made]


@pytest.mark.parametrize(
    "assessment",
    [
        {},
        {"assessment_name": "a", "source": {"source_type": "HUMAN"}},
        {"assessment_name": "a", "feedback": {"value": 1}},
        feedback(assessment_name=""),
        feedback(expectation={"value": 1}),
        feedback(source={"source_type": "ORACLE"}),
        feedback(metadata={"a": 1}),
        feedback(trace_id="tr-2"),
        feedback(create_time="soon"),
        feedback(assessment_name="x" * 251),
        feedback(2**64),
        feedback(DEEP),
        expectation(),
        expectation(value=1, serialized_value={"value": "1"}),
        expectation(serialized_value={"value": "{"}),
        expectation(serialized_value={"value": "1", "serialization_format": "PICKLE"}),
    ],
)
def test_what_is_no_assessment_is_refused(rest, trace, assessment):
    with pytest.raises(RefusedError, match="INVALID_PARAMETER_VALUE"):
        create(rest, trace, assessment)
    assert "assessments" not in rest.get(trace)["trace"]["trace_info"]


def test_references_to_issues_are_refused(rest, trace):
    with pytest.raises(RefusedError, match="issues") as refused:
        create(rest, trace, {"assessment_name": "a", "source": {}, "issue": {"issue_name": "b"}})
    assert refused.value.status == 501


def test_deletion(rest, trace):
    made = create(rest, trace, feedback())
    path = f"{trace}/assessments/{made['assessment_id']}"

    assert rest.delete(path) == {}
    assert rest.delete(path) == {}

    with pytest.raises(RefusedError, match="not found for trace 'tr-1'"):
        rest.get(path)
    with pytest.raises(RefusedError, match="Trace with ID 'tr-9' not found"):
        rest.delete(f"{V3}/tr-9/assessments/a")


def test_an_assessment_is_of_its_trace_only(rest, trace):
    made = create(rest, trace, feedback())

    with pytest.raises(RefusedError, match="RESOURCE_DOES_NOT_EXIST"):
        rest.get(f"{V3}/tr-2/assessments/{made['assessment_id']}")


def test_they_go_with_their_trace(rest, trace):
    create(rest, trace, feedback())
    info = rest.get(trace)["trace"]["trace_info"]
    experiment_id = info["trace_location"]["mlflow_experiment"]["experiment_id"]

    rest.post(f"{V2}/delete-traces", experiment_id=experiment_id, request_ids=["tr-1"])
    rest.post(V3, trace={"trace_info": {**info, "assessments": []}})

    assert "assessments" not in rest.get(trace)["trace"]["trace_info"]


def test_the_older_version_s_paths(rest, trace):
    made = create(rest, f"{V2}/tr-1", feedback())
    rest.patch(
        f"{V2}/tr-1/assessments/{made['assessment_id']}", assessment={"rationale": "so"}, update_mask="rationale"
    )

    assert rest.get(f"{V2}/tr-1")["trace"]["trace_info"]["assessments"][0]["rationale"] == "so"
    rest.delete(f"{V2}/tr-1/assessments/{made['assessment_id']}")
    assert "assessments" not in rest.get(trace)["trace"]["trace_info"]
