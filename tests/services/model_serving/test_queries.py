"""Queries over REST: scoring, traffic, cold starts, and inputs that are wrong."""

from __future__ import annotations

import json
import threading
from collections import Counter

import pytest
from conftest import Rest
from hypothesis import given, settings
from hypothesis import strategies as st

ENDPOINTS = "/api/2.0/serving-endpoints"
PATH = "/serving-endpoints/fraud/invocations"
MODEL = "main.default.fraud"
JSON = {"content-type": "application/json"}
ROW = [{"amount": 2.0}]


def post(rest, body, path=PATH, headers=JSON):
    return rest.call("POST", path, body if isinstance(body, bytes) else json.dumps(body).encode(), headers)


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_records": [{"amount": 1.0}, {"amount": 2.5}]},
        {"dataframe_split": {"columns": ["amount"], "data": [[1.0], [2.5]]}},
        {"dataframe_split": {"index": [0, 1], "columns": ["amount"], "data": [[1], [2.5]]}},
        {"inputs": {"amount": [1.0, 2.5]}},
        {"instances": [{"amount": 1.0}, {"amount": 2.5}]},
    ],
)
def test_the_four_input_formats(rest, deploy, body):
    deploy()
    reply = post(rest, body)
    assert reply.json() == {"predictions": [2.0, 5.0]}
    assert reply.headers["served-model-name"] == "fraud-1"
    assert reply.headers["x-databricks-request-id"] == reply.headers["x-request-id"]


def test_csv(rest, deploy):
    deploy()
    reply = post(rest, b"amount\n1.0\n2.5\n", headers={"content-type": "text/csv"})
    assert reply.json() == {"predictions": [2.0, 5.0]}


def test_params_reach_the_model(rest, register, deploy, query):
    deploy(version=register("return (model_input['amount'] * params['factor']).tolist()"))
    assert query(ROW).json() == {"predictions": [4.0]}
    assert query(ROW, params={"factor": 10}).json() == {"predictions": [20.0]}


def test_a_client_request_id_is_not_for_the_model(deploy, query):
    deploy()
    assert query(ROW, client_request_id="x").json() == {"predictions": [4.0]}
    assert query(ROW, client_request_id=1).status == 400


def test_a_usage_context_is_recorded_where_usage_is_tracked(rest, workspace, deploy, query):
    deploy()
    assert query(ROW, usage_context={"team": "risk"}).json() == {"predictions": [4.0]}
    assert "usage_context is not recorded: usage tracking is not enabled." in workspace.calls[-1].notes
    rest.put(f"{ENDPOINTS}/fraud/ai-gateway", usage_tracking_config={"enabled": True})
    query(ROW, usage_context={"team": "risk"}, client_request_id="mine")
    assert not [note for note in workspace.calls[-1].notes if "usage" in note]
    (row,) = workspace.table("system.serving.endpoint_usage").to_pylist()
    assert (row["client_request_id"], row["usage_context"]) == ("mine", [("team", "risk")])
    assert query(ROW, usage_context={"team": 1}).status == 400


def test_it_answers_what_mlflows_scoring_server_answers(rest, workspace, deploy):
    """Byte for byte, also where the input is wrong."""
    from mlflow.exceptions import MlflowException
    from mlflow.pyfunc import load_model, scoring_server
    from serving_fixtures import DOUBLE, saved

    deploy()
    model = load_model(str(saved(DOUBLE)))
    bodies = [
        b'{"dataframe_records": [{"amount": 1}]}',
        b'{"dataframe_records": [{"other": 1}]}',
        b'{"dataframe_records": [{"amount": "x"}]}',
        b"{not json",
        b"[1]",
        b"3",
        b"",
    ]
    for body in bodies:
        reply = post(rest, body)
        try:
            expected = scoring_server.invocations(body, "application/json", model, model.metadata.get_input_schema())
            assert (reply.status, reply.body.decode()) == (expected.status, expected.response)
        except MlflowException as error:
            assert (reply.status, reply.body.decode()) == (error.get_http_status_code(), error.serialize_as_json())
        except TypeError:
            assert reply.status == 400
    reply = post(rest, b"x", headers={"content-type": "text/plain"})
    assert (reply.status, reply.headers["content-type"].split(";")[0]) == (415, "text/plain")


def test_a_missing_column_is_named(deploy, query):
    deploy()
    reply = query([{"other": 1}])
    assert reply.status == 400
    assert "Model is missing inputs ['amount']" in reply.json()["message"]


@pytest.mark.parametrize("body", ["raise ValueError('boom')", "sys.exit(1)", "raise KeyboardInterrupt"])
def test_a_model_that_raises_is_a_400_and_ends_nothing_else(workspace, register, deploy, body):
    deploy(version=register(body))
    replies = []
    thread = threading.Thread(target=lambda: replies.append(post(Rest(workspace), {"dataframe_records": ROW})))
    thread.start()
    thread.join()
    assert replies[0].status == 400
    assert replies[0].json()["error_code"] == "BAD_REQUEST"
    assert "Encountered an unexpected error while evaluating the model" in replies[0].json()["message"]
    assert not workspace.unsupported


def test_an_answer_that_is_no_json_is_a_400(register, deploy, query):
    deploy(version=register("return [object()]"))
    reply = query(ROW)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "Encountered an unexpected error while converting model response to JSON" in reply.json()["message"]


def test_warnings_of_a_model_are_no_errors(register, deploy, query):
    """This suite makes warnings errors; a served model must not notice."""
    top = "import warnings\nwarnings.warn('old', FutureWarning)"
    deploy(version=register("warnings.warn('old', FutureWarning)\n        return [1.0]", top=top))
    assert query(ROW).json() == {"predictions": [1.0]}


def test_an_endpoint_that_does_not_exist(query):
    reply = query(ROW, endpoint="nothing")
    assert (reply.status, reply.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert reply.json()["message"] == (
        "The given endpoint does not exist, please retry after checking the specified model and version deployment "
        "exists."
    )


def test_an_endpoint_that_is_not_ready(rest, workspace, deploy, query):
    deploy(minutes=0)
    awaited = []
    workspace.clock.awaited = awaited.append
    reply = query(ROW)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "not ready" in reply.json()["message"]
    assert 200 < awaited[0] - workspace.clock.time() < 600
    workspace.clock.advance(minutes=10)
    assert query(ROW).status == 200


def test_a_body_that_is_too_large(rest, deploy):
    deploy()
    reply = post(rest, b'{"inputs": "' + b"x" * (16 << 20) + b'"}')
    assert reply.status == 413
    assert "16 MB" in reply.json()["message"]


def test_a_model_that_cannot_stream_says_so(deploy, query):
    deploy()
    reply = query(ROW, stream=True)
    assert (reply.status, reply.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "does not support predict_stream" in reply.json()["message"]


def two(rest, workspace, register, first, second, **more):
    versions = [register(), register("return [0.0] * len(model_input)")]
    config = {
        "served_entities": [{"entity_name": MODEL, "entity_version": one, **more} for one in versions],
        "traffic_config": {
            "routes": [
                {"served_model_name": "fraud-1", "traffic_percentage": first},
                {"served_model_name": "fraud-2", "traffic_percentage": second},
            ]
        },
    }
    rest.post(ENDPOINTS, name="fraud", config=config)
    workspace.clock.advance(minutes=10)


def test_traffic_is_split_by_percentage(workspace, register):
    rest = Rest(workspace)
    two(rest, workspace, register, 90, 10)
    replies = [post(rest, {"dataframe_records": ROW}) for _ in range(200)]
    assert Counter(reply.headers["served-model-name"] for reply in replies) == {"fraud-1": 180, "fraud-2": 20}
    answers = {reply.headers["served-model-name"]: reply.json()["predictions"] for reply in replies}
    assert answers == {"fraud-1": [4.0], "fraud-2": [0.0]}


def test_a_served_model_can_be_asked_past_the_split(rest, workspace, register):
    two(rest, workspace, register, 100, 0)
    path = "/serving-endpoints/fraud/served-models/fraud-2/invocations"
    assert post(rest, {"dataframe_records": ROW}, path).json() == {"predictions": [0.0]}
    missing = "/serving-endpoints/fraud/served-models/fraud-9/invocations"
    assert post(rest, {"dataframe_records": ROW}, missing).json()["error_code"] == "ENDPOINT_NOT_FOUND"


def zero_state(rest):
    return rest.get(f"{ENDPOINTS}/fraud")["config"]["served_entities"][0]["state"]["deployment_state_message"]


def test_after_half_an_hour_of_silence_a_query_meets_a_cold_start(workspace, deploy):
    rest = Rest(workspace)
    deploy(entity={"scale_to_zero_enabled": True})
    assert post(rest, {"dataframe_records": ROW}).duration == 0
    workspace.clock.advance(minutes=29)
    assert zero_state(rest) == ""
    workspace.clock.advance(minutes=2)
    assert zero_state(rest) == "Scaled to zero"
    cold = post(rest, {"dataframe_records": ROW})
    assert cold.status == 200
    assert 10 <= cold.duration <= 30
    workspace.clock.advance(seconds=1)
    during = post(rest, {"dataframe_records": ROW})
    assert during.duration == pytest.approx(cold.duration - 1)
    workspace.clock.advance(seconds=cold.duration)
    assert post(rest, {"dataframe_records": ROW}).duration == 0
    assert zero_state(rest) == ""
    (call, *_) = [call for call in workspace.calls.matching("query_serving_endpoint") if call.notes]
    assert "scaled to zero" in call.notes[0]


def test_an_endpoint_that_may_not_scale_to_zero_stays_warm(workspace, deploy):
    rest = Rest(workspace)
    deploy()
    workspace.clock.advance(hours=5)
    assert zero_state(rest) == ""
    assert post(rest, {"dataframe_records": ROW}).duration == 0


def test_a_wrong_input_also_wakes_the_endpoint(workspace, deploy):
    rest = Rest(workspace)
    deploy(entity={"scale_to_zero_enabled": True})
    workspace.clock.advance(hours=1)
    reply = post(rest, b"{")
    assert reply.status == 400
    assert reply.duration >= 10


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    [
        "dataframe_records",
        "dataframe_split",
        "inputs",
        "instances",
        "params",
        "client_request_id",
        "columns",
        "messages",
    ]
)


@settings(max_examples=150)
@given(
    st.binary(max_size=40) | st.dictionaries(keys, values, max_size=3).map(lambda body: json.dumps(body).encode()),
    st.sampled_from(["application/json", "text/csv", "", "application/json; charset=utf-8", "application/json; x=1"]),
)
def test_no_payload_is_answered_with_a_5xx(workspace, deploy, body, content_type):
    rest = Rest(workspace)
    if rest.call("GET", f"{ENDPOINTS}/fraud").status == 404:
        deploy()
    reply = post(rest, body, headers={"content-type": content_type})
    assert reply.status < 500, (body, content_type, reply.body)
    assert not workspace.unsupported


def test_many_threads_share_the_traffic_exactly_and_lose_no_row(workspace, register):
    rest = Rest(workspace)
    wide = {"min_provisioned_concurrency": 256, "max_provisioned_concurrency": 256}
    two(rest, workspace, register, 80, 20, scale_to_zero_enabled=True, **wide)
    table = {"catalog_name": "main", "schema_name": "default", "enabled": True}
    rest.put(f"{ENDPOINTS}/fraud/ai-gateway", inference_table_config=table)
    workspace.clock.advance(hours=1)
    replies = []

    def ask():
        replies.extend(post(Rest(workspace), {"dataframe_records": ROW}) for _ in range(25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(reply.headers["served-model-name"] for reply in replies) == {"fraud-1": 160, "fraud-2": 40}
    assert {reply.status for reply in replies} == {200}
    assert max(reply.duration for reply in replies) <= 30
    workspace.clock.advance(hours=1)
    ids = workspace.table("main.default.fraud_payload").column("databricks_request_id").to_pylist()
    assert len(ids) == len(set(ids)) == 200
