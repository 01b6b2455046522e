"""`workspace.replay`: rows of a data frame as requests, spread over simulated time."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from clocks import standing_at
from hypothesis import given, settings
from hypothesis import strategies as st
from serving_fixtures import MODEL, register_in

from fakebricks import ReplayError, Workspace, fake_workspace
from fakebricks.clock import RealClock
from fakebricks.replay import Traffic, _requests
from fakebricks.services.iam.people import People
from fakebricks.wire import Request

FRAME = pd.DataFrame({"amount": [1.0, 2.0, 3.0, 4.0]})
WEEK = timedelta(days=7)


def deployed(workspace: Workspace, **more: Any) -> Workspace:
    entity = {"entity_name": MODEL, "entity_version": register_in(workspace)}
    place = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    body = {
        "name": "fraud",
        "config": {"served_entities": [entity]},
        "ai_gateway": {"inference_table_config": place},
        **more,
    }
    headers = {"authorization": f"Bearer {workspace.token}"}
    request = Request.of("POST", "/api/2.0/serving-endpoints", headers, json.dumps(body).encode())
    reply = workspace.handle(request)
    assert reply.status == 200, reply.body
    workspace.clock.advance(minutes=10)
    return workspace


@pytest.fixture
def endpoint(workspace: Workspace) -> Workspace:
    return deployed(workspace)


def bodies(frame: Any, **more: Any) -> list[Any]:
    return [json.loads(one.body) for one in _requests(Traffic("fraud", frame, **more))]


def logged(workspace: Workspace) -> list[dict[str, Any]]:
    workspace.clock.advance(hours=1)
    return workspace.table("main.default.fraud_payload").to_pylist()


def test_rows_are_spread_evenly_and_the_clock_is_at_the_end(endpoint: Workspace):
    began = endpoint.clock.now()
    replayed = endpoint.replay("fraud", FRAME, over=timedelta(hours=8))
    assert endpoint.clock.now() - began == timedelta(hours=8)
    hours = [(one.time - began) / timedelta(hours=1) for one in replayed.answers]
    assert hours == [0, 2, 4, 6]
    assert replayed.predictions == [2.0, 4.0, 6.0, 8.0]
    assert (replayed.statuses, replayed.errors) == ({200: 4}, ())
    rows = logged(endpoint)
    assert [row["databricks_request_id"] for row in rows] == replayed.request_ids
    for row, one in zip(rows, replayed.answers, strict=True):
        assert row["request_time"] == one.time
    assert json.loads(rows[1]["request"]) == {"dataframe_split": {"columns": ["amount"], "data": [[2.0]]}}


def test_a_week_is_the_default_and_costs_little(endpoint: Workspace):
    began, really = endpoint.clock.now(), time.perf_counter()
    replayed = endpoint.replay("fraud", pd.DataFrame({"amount": np.arange(100.0)}), rows_per_request=5)
    assert time.perf_counter() - really < 120
    assert endpoint.clock.now() - began == WEEK
    assert len(replayed) == 20
    assert replayed.answers[3].rows == range(15, 20)
    assert len(replayed.request_ids) == 100
    assert replayed.predictions == [2.0 * number for number in range(100)]
    assert len({one["request_date"] for one in logged(endpoint)}) >= 7


def test_rows_are_sent_when_a_column_says_so(endpoint: Workspace):
    times = pd.to_datetime(["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-02 00:00", "2020-01-02 00:00"])
    frame = FRAME.assign(at=times)
    began = endpoint.clock.now()
    replayed = endpoint.replay("fraud", frame, times="at")
    assert [(one.time - began) / timedelta(hours=1) for one in replayed.answers] == [0, 1, 24, 24]
    assert endpoint.clock.now() - began == timedelta(hours=24)
    began = endpoint.clock.now()
    stretched = endpoint.replay("fraud", frame, times="at", over=timedelta(hours=48))
    assert [(one.time - began) / timedelta(hours=1) for one in stretched.answers] == [0, 2, 48, 48]
    assert '"at"' not in logged(endpoint)[0]["request"]


def test_each_request_may_have_an_id_of_its_own(endpoint: Workspace):
    frame = FRAME.assign(order=["a", "b", None, 7])
    replayed = endpoint.replay("fraud", frame, client_request_id="order")
    assert [one.client_request_id for one in replayed.answers] == ["a", "b", None, "7"]
    rows = logged(endpoint)
    assert [row["client_request_id"] for row in rows] == ["a", "b", None, "7"]
    assert "order" not in json.loads(rows[0]["request"])["dataframe_split"]["columns"]


def test_errors_are_in_the_result_or_raised(endpoint: Workspace):
    frame = pa.table({"amount": ["1", "many", "3"]})
    replayed = endpoint.replay("fraud", frame)
    assert [one.status for one in replayed.answers] == [200, 400, 200]
    assert replayed.predictions == [2.0, None, 6.0]
    assert replayed.errors[0].json()["error_code"] == "BAD_REQUEST"
    with pytest.raises(ReplayError, match="1 of 3 requests failed; the first one, of row 1, with 400"):
        endpoint.replay("fraud", frame, check=True)
    assert endpoint.replay("nothing", FRAME).statuses == {404: 4}


def test_a_served_model_may_be_named(endpoint: Workspace):
    assert endpoint.replay("fraud", FRAME, served_model="fraud-1").statuses == {200: 4}
    assert endpoint.replay("fraud", FRAME, served_model="other").statuses == {404: 4}


def test_it_is_sent_by_who_is_acting():
    with fake_workspace() as workspace:
        deployed(workspace)
        workspace.user("bob@acme.test")
        with workspace.acting_as("bob@acme.test"):
            assert workspace.replay("fraud", FRAME).statuses == {403: 4}
        principal = workspace.service_principal("scoring", groups=["admins"])
        with workspace.acting_as("scoring"):
            workspace.replay("fraud", FRAME, check=True)
        workspace.replay("fraud", FRAME, check=True)
        rows = logged(workspace)
    requesters = [row["requester"] for row in rows]
    assert requesters[:4] == [principal.client_id] * 4
    assert requesters[4:] == [workspace._services[People].get(workspace.user_name).id] * 4


def test_requests_do_not_wait_for_each_other():
    workspace = deployed(Workspace(clock=standing_at(), serving={"model": 60}))
    began = workspace.clock.now()
    replayed = workspace.replay("fraud", FRAME, over=timedelta(minutes=4))
    assert [(one.time - began) / timedelta(minutes=1) for one in replayed.answers] == [0, 1, 2, 3]
    assert workspace.clock.now() - began == timedelta(minutes=4)
    assert [one.seconds for one in replayed.answers] == [60] * 4
    workspace.close()


def test_values_are_encoded_as_mlflows_client_does():
    frame = pd.DataFrame(
        {
            "f": [1.5, float("nan"), float("inf")],
            "i": pd.array([1, None, 3], dtype="Int64"),
            "s": ["a", None, "ü"],
            "c": pd.Categorical(["x", None, "y"]),
            "t": pd.to_datetime(["2024-01-31 12:00", None, "2024-02-01 00:00"]),
            "d": [date(2024, 1, 31), None, date(2024, 2, 1)],
            "b": [b"abc", None, b""],
            "n": [np.int64(1), np.float32("nan"), np.array([1.0, 2.0])],
            "o": [[1, 2], {"a": 1}, True],
        }
    )
    split = [one["dataframe_split"] for one in bodies(frame)]
    assert split[0]["columns"] == list(frame.columns)
    assert split[0]["data"] == [
        [1.5, 1, "a", "x", "2024-01-31T12:00:00", "2024-01-31", "YWJj\n", 1, [1, 2]],
    ]
    assert split[1]["data"] == [[None] * 8 + [{"a": 1}]]
    assert split[2]["data"][0][-2:] == [[1.0, 2.0], True]
    assert split[2]["data"][0][0] == float("inf")


def test_it_is_what_mlflows_client_sends():
    from mlflow.utils.proto_json_utils import dump_input_data

    frame = pd.DataFrame(
        {"f": [1.5], "t": pd.to_datetime(["2024-01-31 12:00"]), "c": pd.Categorical(["x"]), "n": [np.int64(3)]}
    )
    theirs = json.loads(dump_input_data(frame))["dataframe_split"]
    (ours,) = bodies(frame)
    assert ours["dataframe_split"] == {name: theirs[name] for name in ("columns", "data")}


def test_a_model_gets_null_as_a_missing_value(endpoint: Workspace):
    replayed = endpoint.replay("fraud", pd.DataFrame({"amount": [1.0, None]}), rows_per_request=2)
    assert replayed.statuses == {200: 1}
    assert replayed.predictions[0] == 2.0
    assert replayed.predictions[1] is None or np.isnan(replayed.predictions[1])


@pytest.mark.parametrize(
    ("frame", "options", "message"),
    [
        (FRAME[:0], {}, "no rows"),
        (FRAME, {"rows_per_request": 0}, "none"),
        (FRAME, {"over": timedelta(seconds=-1)}, "negative"),
        (FRAME, {"times": "at"}, "no column 'at'; it has amount"),
        (FRAME, {"client_request_id": "id"}, "no column 'id'"),
        (FRAME, {"client_request_id": "amount", "rows_per_request": 2}, "one client_request_id"),
        (FRAME.assign(at=["x"] * 4), {"times": "at"}, "no time"),
        (FRAME.assign(at=[datetime(2024, 1, 1), None, None, None]), {"times": "at"}, "no time"),
        (FRAME.assign(at=[3, 2, 1, 0]), {"times": "at"}, "goes back in time"),
        (pd.concat([FRAME, FRAME], axis=1), {}, "several columns of one name"),
    ],
)
def test_impossible_traffic_is_refused_before_anything_is_sent(
    workspace: Workspace, frame: Any, options: dict[str, Any], message: str
):
    before = workspace.clock.now()
    with pytest.raises(ValueError, match=message):
        workspace.replay("fraud", frame, **options)
    assert workspace.calls.matching("query_serving_endpoint") == []
    assert workspace.clock.now() == before


@pytest.mark.parametrize("frame", [[1], {"a": [1]}, None, pd.DataFrame({"a": [object()]}), pd.Series([1])])
def test_what_is_no_data_frame_is_refused(workspace: Workspace, frame: Any):
    with pytest.raises((TypeError, ValueError)):
        workspace.replay("fraud", frame)
    assert workspace.calls.matching("query_serving_endpoint") == []


def test_a_real_clock_is_refused():
    workspace = Workspace(clock=RealClock())
    with pytest.raises(ValueError, match="clock='virtual'"):
        workspace.replay("fraud", FRAME)
    workspace.close()


@settings(max_examples=50)
@given(
    rows=st.integers(1, 30),
    size=st.integers(1, 40),
    over=st.timedeltas(timedelta(), timedelta(days=400)),
)
def test_every_row_is_sent_once_in_order_and_in_time(rows: int, size: int, over: timedelta):
    frame = pa.table({"a": list(range(rows))})
    sent = list(_requests(Traffic("e", frame, over, rows_per_request=size)))
    assert [row for one in sent for row in one.rows] == list(range(rows))
    assert [row for one in sent for (row,) in json.loads(one.body)["dataframe_split"]["data"]] == list(range(rows))
    offsets = [one.after for one in sent]
    assert offsets == sorted(offsets)
    assert 0 <= offsets[0] <= offsets[-1] <= over.total_seconds()


def test_times_may_be_aware_naive_or_seconds():
    aware = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, 1, tzinfo=UTC)]
    for times in (aware, [one.replace(tzinfo=None) for one in aware], [0, 3600], [0.0, 3600.0]):
        sent = _requests(Traffic("e", pa.table({"a": [1, 2], "at": times}), times="at"))
        assert [one.after for one in sent] == [0, 3600]
