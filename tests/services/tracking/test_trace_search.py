"""The search over traces, in each version of its interface; what filters mean is compared with MLflow's elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import RefusedError

V2 = "/api/2.0/mlflow/traces"
V3 = "/api/3.0/mlflow/traces"
V4 = "/api/4.0/mlflow/traces"
MLFLOW = "/api/2.0/mlflow"


@pytest.fixture
def experiments(rest):
    """Two experiments, in which five traces alternate."""
    ids = [rest.post(f"{MLFLOW}/experiments/create", name=f"/Shared/x{n}")["experiment_id"] for n in range(2)]
    for number in range(5):
        info = {
            "trace_id": f"tr-{number}",
            "trace_location": location(ids[number % 2]),
            "request_time": f"2026-01-01T00:00:0{number}Z",
            "execution_duration": f"{5 - number}s",
            "state": "OK" if number % 3 else "ERROR",
            "tags": {"number": str(number)},
        }
        rest.post(V3, trace={"trace_info": info})
    return ids


def location(experiment_id: str) -> dict[str, Any]:
    return {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}


def v2(rest, experiments: list[str], **asked: Any) -> tuple[list[str], str | None]:
    found = rest.get(V2, experiment_ids=experiments, **asked)
    return [one["request_id"] for one in found["traces"]], found.get("next_page_token")


def v3(rest, experiments: list[str], **asked: Any) -> tuple[list[str], str | None]:
    found = rest.post(f"{V3}/search", locations=[location(one) for one in experiments], **asked)
    return [one["trace_id"] for one in found["traces"]], found.get("next_page_token")


def v4(rest, experiments: list[str], **asked: Any) -> tuple[list[str], str | None]:
    found = rest.post(f"{V4}/search", locations=[location(one) for one in experiments], **asked)
    return [one["trace_id"] for one in found["trace_infos"]], found.get("next_page_token")


def long_running(rest, experiments: list[str], **asked: Any) -> tuple[list[str], str | None]:
    operation = rest.post(f"{V4}/search-long-running", locations=[location(one) for one in experiments], **asked)
    assert operation["done"]
    assert operation["name"]
    found = operation["response"]
    return [one["trace_id"] for one in found["trace_infos"]], found.get("next_page_token")


@pytest.fixture(params=[v2, v3, v4, long_running])
def search(request):
    return request.param


def test_the_newest_first_over_all_experiments(rest, experiments, search):
    assert search(rest, experiments) == (["tr-4", "tr-3", "tr-2", "tr-1", "tr-0"], None)
    assert search(rest, experiments[:1]) == (["tr-4", "tr-2", "tr-0"], None)
    assert search(rest, [experiments[0]] * 2) == (["tr-4", "tr-2", "tr-0"], None)


def test_filters_and_orders(rest, experiments, search):
    assert search(rest, experiments, filter="status = 'ERROR'")[0] == ["tr-3", "tr-0"]
    assert search(rest, experiments, filter="tags.number = '1'")[0] == ["tr-1"]
    assert search(rest, experiments, order_by=["status", "execution_time_ms"])[0] == [
        "tr-3",
        "tr-0",
        "tr-4",
        "tr-2",
        "tr-1",
    ]
    assert search(rest, experiments, order_by=["experiment_id", "timestamp ASC"])[0][0] in {"tr-0", "tr-1"}
    assert search(rest, experiments, filter="end_time_ms = 1767225605000")[0] == [
        "tr-4",
        "tr-3",
        "tr-2",
        "tr-1",
        "tr-0",
    ]


@pytest.mark.parametrize("order_by", [[], ["timestamp_ms ASC"]])
def test_pages(rest, experiments, search, order_by):
    everything, _ = search(rest, experiments, order_by=order_by)
    pages, token = [], ""
    while token is not None:
        page, token = search(rest, experiments, order_by=order_by, max_results=2, page_token=token)
        pages.append(page)

    assert pages == [everything[:2], everything[2:4], everything[4:]]


def test_a_page_token_is_good_for_its_own_search_only(rest, experiments, search):
    _, token = search(rest, experiments, max_results=2)

    for asked in ({"filter": "status = 'OK'"}, {"order_by": ["name"]}):
        with pytest.raises(RefusedError, match="page token"):
            search(rest, experiments, max_results=2, page_token=token, **asked)
    with pytest.raises(RefusedError, match="page token"):
        search(rest, experiments[:1], max_results=2, page_token=token)
    with pytest.raises(RefusedError, match="page token"):
        search(rest, experiments, page_token="!")


def test_a_trace_between_two_pages_is_neither_lost_nor_found_twice(rest, experiments):
    first, token = v3(rest, experiments, max_results=2)
    new = {"trace_id": "tr-9", "trace_location": location(experiments[0]), "request_time": "2026-01-02T00:00:00Z"}
    rest.post(V3, trace={"trace_info": new})
    rest.post(f"{V2}/delete-traces", experiment_id=experiments[1], request_ids=["tr-3"])

    second, _ = v3(rest, experiments, max_results=2, page_token=token)

    assert (first, second) == (["tr-4", "tr-3"], ["tr-2", "tr-1"])


def test_experiments_must_be_there(rest, experiments, search):
    with pytest.raises(RefusedError, match="Experiment with id '404' does not exist"):
        search(rest, [*experiments, "404"])
    with pytest.raises(RefusedError, match="At least one"):
        search(rest, [])


@pytest.mark.parametrize(
    "filter_string",
    ["span.name = 'a'", "span.attributes.`a` LIKE '%'", "trace.text LIKE '%a%'", "prompt = 'a/1'", "issue.id = 'a'"],
)
def test_what_is_not_searched_is_refused_by_name(rest, experiments, search, filter_string):
    with pytest.raises(RefusedError, match="does not search traces by") as refused:
        search(rest, experiments, filter=filter_string)
    assert refused.value.status == 501


def test_a_regular_expression_that_is_none(rest, experiments):
    with pytest.raises(RefusedError, match="Invalid regular expression"):
        v3(rest, experiments, filter="tags.number RLIKE '['")


def test_what_was_overridden_is_not_found(rest, experiments):
    assessments = f"{V3}/tr-1/assessments"
    said = {"assessment_name": "q", "source": {"source_type": "HUMAN"}}
    first = rest.post(assessments, assessment={**said, "feedback": {"value": "no"}})["assessment"]["assessment_id"]
    assert v3(rest, experiments, filter="feedback.q = 'no'")[0] == ["tr-1"]

    rest.post(assessments, assessment={**said, "feedback": {"value": "yes"}, "overrides": first})

    assert v3(rest, experiments, filter="feedback.q = 'no'")[0] == []
    assert v3(rest, experiments, filter="feedback.q = 'yes'")[0] == ["tr-1"]
    assert v3(rest, experiments, filter="expectation.q IS NOT NULL")[0] == []
