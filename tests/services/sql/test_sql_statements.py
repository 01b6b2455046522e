"""The Statement Execution API over REST, with a stub for the engine."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from acting import As, denied, of, refused
from conftest import RefusedError, Rest, RestOverHttp
from hypothesis import given
from hypothesis import strategies as st
from stub_engine import EVERY_TYPE, MOMENT, StubEngine, stubbed, table

from fakebricks import Workspace
from fakebricks.services.sql import Parameter, Session
from fakebricks.services.sql.cells import java_number

S = "/api/2.0/sql/statements"
W = "/api/2.0/sql/warehouses"
LINKS = {"disposition": "EXTERNAL_LINKS"}


@pytest.fixture
def engine(workspace: Workspace) -> StubEngine:
    return stubbed(workspace, most_rows=4)


@pytest.fixture
def warehouse(workspace: Workspace) -> str:
    """One that runs."""
    found = next(workspace._services.warehouses.all())
    workspace._services.warehouses.start(found.id)
    workspace.clock.advance(seconds=5)
    return found.id


def execute(rest: Rest | As, warehouse: str, statement: str, **more: Any) -> Any:
    return post(rest, {"statement": statement, "warehouse_id": warehouse, **more})[0]


def post(rest: Rest | As, body: Any) -> tuple[Any, float]:
    """The answer to who submits a statement, and how long they wait for it; the wait is over then."""
    reply = rest.call("POST", S, json.dumps(body).encode())
    if reply.status >= 400:
        raise RefusedError(reply)
    way_in = rest._rest if isinstance(rest, As) else rest
    if not isinstance(way_in, RestOverHttp):  # there, the server has let it pass
        way_in.workspace.clock.advance(seconds=reply.duration)
    return reply.json(), reply.duration


def downloaded(rest: Rest, url: str, authorization: bool = False) -> bytes:
    parts = urlsplit(url)
    headers = rest.headers
    rest.headers = headers if authorization else {}
    try:
        reply = rest.call("GET", f"{parts.path}?{parts.query}")
    finally:
        rest.headers = headers
    assert reply.status == 200, reply.body
    return reply.body


def test_rows_are_texts_in_the_reply(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "range 2")
    assert answer == {
        "statement_id": answer["statement_id"],
        "status": {"state": "SUCCEEDED"},
        "manifest": {
            "format": "JSON_ARRAY",
            "schema": {
                "column_count": 1,
                "columns": [{"name": "id", "type_text": "BIGINT", "type_name": "LONG", "position": 0}],
            },
            "total_chunk_count": 1,
            "chunks": [{"chunk_index": 0, "row_offset": 0, "row_count": 2}],
            "total_row_count": 2,
            "truncated": False,
        },
        "result": {"chunk_index": 0, "row_offset": 0, "row_count": 2, "data_array": [["0"], ["1"]]},
    }
    assert rest.get(f"{S}/{answer['statement_id']}") == answer


def test_every_type_as_text(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "every type")
    told, nulls = answer["result"]["data_array"]
    assert dict(zip(EVERY_TYPE, told, strict=True)) == {name: text for name, (*_, text) in EVERY_TYPE.items()}
    assert nulls == [None] * len(EVERY_TYPE)
    columns = {one["name"]: one for one in answer["manifest"]["schema"]["columns"]}
    assert columns["a_decimal"] == {
        "name": "a_decimal",
        "type_text": "DECIMAL(10,2)",
        "type_name": "DECIMAL",
        "position": 7,
        "type_precision": 10,
        "type_scale": 2,
    }
    assert (columns["an_array"]["type_name"], columns["an_array"]["type_text"]) == ("ARRAY", "ARRAY<INT>")
    assert [columns[name]["type_name"] for name in ("a_byte", "a_short", "a_long")] == ["BYTE", "SHORT", "LONG"]


@given(st.floats())
def test_numbers_are_read_back_as_they_were(value: float) -> None:
    assert repr(float(java_number(value, repr(value)))) == repr(value)


def test_values_that_python_does_not_have(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    engine.answers["far"] = lambda: table(
        "day", "DATE", pa.date32(), pa.array([2**31 - 1], pa.int32()).cast(pa.date32())
    )
    assert "Take the result as Arrow" in refused("NOT_IMPLEMENTED", execute, rest, warehouse, "far")
    assert execute(rest, warehouse, "far", format="ARROW_STREAM", **LINKS)["status"] == {"state": "SUCCEEDED"}


def test_times_are_those_of_utc(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    kind = pa.timestamp("us", "Europe/Berlin")
    engine.answers["here"] = lambda: table("t", "TIMESTAMP", kind, [MOMENT])
    assert execute(rest, warehouse, "here")["result"]["data_array"] == [["2024-02-29T12:30:15.250Z"]]


def test_no_rows_and_no_columns(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    nothing = execute(rest, warehouse, "nothing")
    assert nothing["result"] == {"chunk_index": 0, "row_offset": 0, "row_count": 0}
    assert nothing["manifest"]["schema"]["column_count"] == 1
    created = execute(rest, warehouse, "create")
    assert (created["result"], created["manifest"]["schema"]["columns"]) == ({}, [])


def test_chunks(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "range 10")
    assert [one["row_count"] for one in answer["manifest"]["chunks"]] == [4, 4, 2]
    rows, chunk = list(answer["result"]["data_array"]), answer["result"]
    while "next_chunk_internal_link" in chunk:
        index = chunk["next_chunk_index"]
        chunk = rest.get(chunk["next_chunk_internal_link"])
        assert chunk == rest.get(f"{S}/{answer['statement_id']}/result/chunks/{index}")
        rows += chunk["data_array"]
    assert [row[0] for row in rows] == [str(i) for i in range(10)]
    for index in (3, -1, 10**17):
        refused("NOT_FOUND", rest.get, f"{S}/{answer['statement_id']}/result/chunks/{index}")
    for index in ("x", 10**30):
        refused("INVALID_PARAMETER_VALUE", rest.get, f"{S}/{answer['statement_id']}/result/chunks/{index}")


def test_links_to_json(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "range 6", **LINKS)
    (link,) = answer["result"]["external_links"]
    content = downloaded(rest, link["external_link"])
    assert content == b'[["0"],["1"],["2"],["3"]]', "compact JSON"
    assert link["byte_count"] == len(content)
    assert answer["manifest"]["total_byte_count"] == sum(one["byte_count"] for one in answer["manifest"]["chunks"])
    assert link["next_chunk_index"] == 1
    (last,) = rest.get(link["next_chunk_internal_link"])["external_links"]
    assert json.loads(downloaded(rest, last["external_link"])) == [["4"], ["5"]]
    assert "next_chunk_index" not in last


def test_links_to_arrow(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "every type", format="ARROW_STREAM", **LINKS)
    content = downloaded(rest, answer["result"]["external_links"][0]["external_link"])
    rows = pa.ipc.open_stream(content).read_all()
    assert rows.schema.types == [kind for _, kind, *_ in EVERY_TYPE.values()]
    assert rows["a_struct"][0].as_py() == {"a": 1, "b": ["x"]}
    answer = execute(rest, warehouse, "nothing", format="ARROW_STREAM", **LINKS)
    content = downloaded(rest, answer["result"]["external_links"][0]["external_link"])
    assert pa.ipc.open_stream(content).read_all().num_rows == 0


def test_links_to_csv(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    engine.answers["text"] = lambda: table("a,b", "STRING", pa.string(), ['x,"y"', None, "two\nlines", "é", "5th"])
    answer = execute(rest, warehouse, "text", format="CSV", **LINKS)
    content = downloaded(rest, answer["result"]["external_links"][0]["external_link"]).decode()
    assert list(csv.reader(io.StringIO(content))) == [["a,b"], ['x,"y"'], ["null"], ["two\nlines"], ["é"]]
    (last,) = rest.get(f"{S}/{answer['statement_id']}/result/chunks/1")["external_links"]
    assert downloaded(rest, last["external_link"]) == b"5th\n", "only the first chunk has a header"


def test_compressed_links(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    import lz4.frame

    answer = execute(rest, warehouse, "range 3", result_compression="LZ4_FRAME", format="ARROW_STREAM", **LINKS)
    assert answer["manifest"]["result_compression"] == "LZ4_FRAME"
    content = lz4.frame.decompress(downloaded(rest, answer["result"]["external_links"][0]["external_link"]))
    assert pa.ipc.open_stream(content).read_all()["id"].to_pylist() == [0, 1, 2]


def test_a_link_is_for_a_quarter_of_an_hour(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "range 1", **LINKS)
    parts = urlsplit(answer["result"]["external_links"][0]["external_link"])
    url = f"{parts.path}?{parts.query}"
    assert rest.call("GET", url.replace("/0?", "/1?")).status == 403
    assert rest.call("GET", "/api/2.0/fs/files" + parts.path.removeprefix("/_fakebricks/storage")).status == 403
    rest.workspace.clock.advance(minutes=14)
    assert rest.call("GET", url).status == 200
    rest.workspace.clock.advance(minutes=2)
    assert rest.call("GET", url).status == 403
    again = rest.get(f"{S}/{answer['statement_id']}")["result"]["external_links"][0]["external_link"]
    assert downloaded(rest, again)


def test_limits_cut_the_result(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    manifest = execute(rest, warehouse, "range 10", row_limit=3)["manifest"]
    assert (manifest["total_row_count"], manifest["truncated"]) == (3, True)
    manifest = execute(rest, warehouse, "range 10", row_limit=10)["manifest"]
    assert (manifest["total_row_count"], manifest["truncated"]) == (10, False)
    manifest = execute(rest, warehouse, "range 10", byte_limit=40)["manifest"]
    assert (manifest["total_row_count"], manifest["truncated"]) == (5, True)


def test_a_result_too_large_for_inline_fails(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    rest.workspace._services.statements.results._most_rows = None
    statement = f"text {26 * 1024}"
    status = execute(rest, warehouse, statement)["status"]
    assert (status["state"], status["error"]["error_code"]) == ("FAILED", "BAD_REQUEST")
    assert status["error"]["message"].startswith("Inline byte limit exceeded. Statements executed with disposition=")
    answer = execute(rest, warehouse, statement, format="ARROW_STREAM", **LINKS)
    assert answer["manifest"]["total_chunk_count"] == 2
    assert answer["manifest"]["total_row_count"] == 26 * 1024


def test_a_statement_that_fails_is_answered_with_200(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "fail")
    assert answer == {
        "statement_id": answer["statement_id"],
        "status": {
            "state": "FAILED",
            "error": {
                "error_code": "BAD_REQUEST",
                "message": "[TABLE_OR_VIEW_NOT_FOUND] The table or view `x` cannot be found. SQLSTATE: 42P01",
            },
            "sql_state": "42P01",
        },
    }
    refused("BAD_REQUEST", rest.get, f"{S}/{answer['statement_id']}/result/chunks/0")


def test_the_engine_is_told_who_where_and_with_what(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    bob = of(rest, "bob@acme.test")
    told = [{"name": "n", "value": "1", "type": "INT"}, {"name": "nothing"}, {"name": "d", "type": "DECIMAL(10, 2)"}]
    execute(bob, warehouse, "create", catalog="prod", schema="ml", parameters=told)
    execute(rest, warehouse, "create")
    execute(rest, warehouse, "create", catalog="prod")
    first, second, third = engine.executed
    assert first.caller
    assert first.caller.user_name == "bob@acme.test"
    assert first.session == Session("prod", "ml")
    assert first.parameters == (
        Parameter("n", "1", "INT"),
        Parameter("nothing", None),
        Parameter("d", None, "DECIMAL(10, 2)"),
    )
    assert (second.session, third.session) == (Session("main", "default"), Session("prod", "default"))


def test_what_the_engine_does_not_compute_leaves_nothing(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    assert "the stub" in refused("NOT_IMPLEMENTED", execute, rest, warehouse, "CREATE ROCKET")
    assert not list(rest.workspace._services.statements._statements.scan())


# Time


def slow(rest: Rest, seconds: float) -> None:
    warehouses = rest.workspace._services.warehouses
    warehouses.timings = type(warehouses.timings).of({"statement": seconds})


def test_a_stopped_warehouse_starts_for_a_statement(rest: Rest, engine: StubEngine) -> None:
    (found,) = rest.get(W)["warehouses"]
    answer, waited = post(rest, {"statement": "range 1", "warehouse_id": found["id"]})
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert 4 <= waited <= 4.2, "the warehouse starts in four seconds"
    assert rest.get(f"{W}/{found['id']}")["state"] == "RUNNING"


def test_statements_keep_a_warehouse_awake(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    for _ in range(3):
        rest.workspace.clock.advance(minutes=9)
        execute(rest, warehouse, "range 1")
        assert rest.get(f"{W}/{warehouse}")["state"] == "RUNNING"
    rest.workspace.clock.advance(minutes=11)
    assert rest.get(f"{W}/{warehouse}")["state"] == "STOPPED"


def test_without_a_wait_a_statement_goes_through_its_states(rest: Rest, engine: StubEngine) -> None:
    slow(rest, 20)
    warehouse = rest.get(W)["warehouses"][0]["id"]
    answer = execute(rest, warehouse, "range 1", wait_timeout="0s")
    assert answer == {"statement_id": answer["statement_id"], "status": {"state": "PENDING"}}
    assert not engine.executed
    url = f"{S}/{answer['statement_id']}"
    states = []
    for _ in range(6):
        states.append(rest.get(url)["status"]["state"])
        rest.workspace.clock.advance(seconds=5)
    assert states == ["PENDING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"]
    assert len(engine.executed) == 1


def test_a_wait_that_is_too_short_goes_on_or_cancels(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    slow(rest, 20)
    body = {"statement": "range 1", "warehouse_id": warehouse, "wait_timeout": "5s"}
    answer, waited = post(rest, body)
    assert answer["status"] == {"state": "RUNNING"}
    assert waited == pytest.approx(5, abs=0.1)
    rest.workspace.clock.advance(seconds=16)
    assert rest.get(f"{S}/{answer['statement_id']}")["status"] == {"state": "SUCCEEDED"}
    body["on_wait_timeout"] = "CANCEL"
    answer, waited = post(rest, body)
    assert answer["status"] == {"state": "CANCELED"}
    assert waited == pytest.approx(5, abs=0.1)
    assert len(engine.executed) == 1, "what is cancelled for sure is not executed"
    answer, waited = post(rest, {**body, "wait_timeout": "50s"})
    assert answer["status"] == {"state": "SUCCEEDED"}
    assert waited == pytest.approx(20, abs=0.1)


def test_a_pending_statement_that_is_cancelled_does_nothing(rest: Rest, engine: StubEngine) -> None:
    warehouse = rest.get(W)["warehouses"][0]["id"]
    answer = execute(rest, warehouse, "insert", wait_timeout="0s")
    url = f"{S}/{answer['statement_id']}"
    assert rest.post(f"{url}/cancel") == {}
    assert rest.post(f"{url}/cancel") == {}, "twice"
    rest.workspace.clock.advance(minutes=1)
    assert rest.get(url)["status"] == {"state": "CANCELED"}
    assert not engine.executed


def test_a_running_one_has_no_result_afterwards(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    slow(rest, 20)
    answer = execute(rest, warehouse, "range 1", wait_timeout="0s")
    assert answer["status"] == {"state": "PENDING"}, "at once it always is (documented)"
    rest.workspace.clock.advance(seconds=1)
    assert rest.get(f"{S}/{answer['statement_id']}")["status"] == {"state": "RUNNING"}
    rest.post(f"{S}/{answer['statement_id']}/cancel")
    rest.workspace.clock.advance(minutes=1)
    assert rest.get(f"{S}/{answer['statement_id']}")["status"] == {"state": "CANCELED"}
    assert not [one for one, _ in rest.workspace._services.files.walk("/_SqlResults") if one]


def test_what_is_done_cannot_be_cancelled(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    answer = execute(rest, warehouse, "range 1")
    rest.workspace.clock.advance(seconds=1)
    assert rest.post(f"{S}/{answer['statement_id']}/cancel") == {}
    assert rest.get(f"{S}/{answer['statement_id']}") == answer


def test_a_result_is_there_for_an_hour_and_a_statement_for_twelve(
    rest: Rest, engine: StubEngine, warehouse: str
) -> None:
    statement_id = execute(rest, warehouse, "range 1")["statement_id"]
    rest.workspace.clock.advance(minutes=59)
    assert rest.get(f"{S}/{statement_id}")["result"]["data_array"] == [["0"]]
    rest.workspace.clock.advance(minutes=2)
    assert rest.get(f"{S}/{statement_id}") == {"statement_id": statement_id, "status": {"state": "CLOSED"}}
    refused("BAD_REQUEST", rest.get, f"{S}/{statement_id}/result/chunks/0")
    rest.workspace.clock.advance(hours=11)
    message = refused("NOT_FOUND", rest.get, f"{S}/{statement_id}")
    assert message == f"The statement {statement_id} was not found."
    refused("NOT_FOUND", rest.post, f"{S}/{statement_id}/cancel")
    execute(rest, warehouse, "create")
    assert not rest.workspace._services.files.find(f"/_SqlResults/{statement_id}"), "its files are gone too"


def test_a_closed_one_has_no_result(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    statement_id = execute(rest, warehouse, "range 1")["statement_id"]
    assert rest.delete(f"{S}/{statement_id}") == {}
    assert rest.get(f"{S}/{statement_id}")["status"] == {"state": "CLOSED"}


# People


def test_a_statement_is_for_its_owner_and_for_admins(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    ann, bob = of(rest, "ann@acme.test"), of(rest, "bob@acme.test")
    answer = execute(ann, warehouse, "range 1")
    url = f"{S}/{answer['statement_id']}"
    for verb, path in (
        (bob.get, url),
        (bob.get, f"{url}/result/chunks/0"),
        (bob.post, f"{url}/cancel"),
        (bob.delete, url),
    ):
        assert "bob@acme.test is not the owner" in denied(verb, path)
    assert rest.get(url) == ann.get(url) == answer


def test_it_runs_as_its_owner_whoever_looks_first(rest: Rest, engine: StubEngine) -> None:
    ann = of(rest, "ann@acme.test")
    warehouse = rest.get(W)["warehouses"][0]["id"]
    answer = execute(ann, warehouse, "range 1", wait_timeout="0s")
    rest.workspace.clock.advance(seconds=10)
    assert rest.get(f"{S}/{answer['statement_id']}")["status"] == {"state": "SUCCEEDED"}
    (executed,) = engine.executed
    assert executed.caller
    assert executed.caller.user_name == "ann@acme.test"


def test_a_statement_takes_the_use_of_its_warehouse(rest: Rest, engine: StubEngine) -> None:
    made = rest.post(W, name="etl", cluster_size="Small")["id"]
    bob = of(rest, "bob@acme.test")
    assert "is not authorized to use or monitor this SQL Endpoint" in denied(execute, bob, made, "range 1")
    assert not engine.executed


# Bad input


@pytest.mark.parametrize(
    ("more", "about"),
    [
        ({"wait_timeout": "4s"}, "wait_timeout"),
        ({"wait_timeout": "51s"}, "wait_timeout"),
        ({"wait_timeout": "10"}, "wait_timeout"),
        ({"wait_timeout": "-5s"}, "wait_timeout"),
        ({"wait_timeout": "\u0665s"}, "wait_timeout"),
        ({"on_wait_timeout": "STOP"}, "on_wait_timeout"),
        ({"disposition": "INLINED"}, "disposition"),
        ({"format": "XML"}, "format"),
        ({"format": "CSV"}, "EXTERNAL_LINKS"),
        ({"format": "ARROW_STREAM"}, "EXTERNAL_LINKS"),
        ({"row_limit": 0}, "row_limit"),
        ({"byte_limit": -1}, "byte_limit"),
        ({"row_limit": "x"}, "row_limit"),
        ({"statement": ""}, "empty"),
        ({"statement": " \n"}, "empty"),
        ({"statement": "x" * (16 * 1024 * 1024 + 1)}, "16777216"),
        ({"statement": None}, "statement"),
        ({"statement": 1}, "statement"),
        ({"warehouse_id": "1 OR 1=1"}, "1 OR 1=1 is not a valid endpoint id."),
        ({"parameters": [{"name": "a"}, {"name": "a"}]}, "twice"),
        ({"parameters": [{"name": "a b"}]}, "'a b'"),
        ({"parameters": [{"name": "a", "value": 1}]}, "parameters"),
        ({"parameters": [{"name": "a", "type": "INT) OR (1=1"}]}, "not a valid type"),
        ({"parameters": [{"name": "a", "type": "ARRAY"}]}, "not a valid type"),
        ({"parameters": [{"value": "1"}]}, "name"),
        ({"parameters": [{"name": "", "value": "1"}]}, "name"),
        ({"session_id": "x", "catalog": "main"}, "session_id"),
        ({"catalog": "main.default"}, "not a valid name"),
        ({"schema": "x; DROP TABLE y"}, "not a valid name"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    rest: Rest, engine: StubEngine, warehouse: str, more: dict[str, Any], about: str
) -> None:
    before = rest.workspace.snapshot()
    body = {"statement": "range 1", "warehouse_id": warehouse, **more}
    assert about in refused("INVALID_PARAMETER_VALUE", rest.post, S, **body)
    assert rest.workspace.snapshot() == before
    assert not engine.executed


def test_a_warehouse_that_is_not_there(rest: Rest, engine: StubEngine) -> None:
    refused("RESOURCE_DOES_NOT_EXIST", execute, rest, "0" * 16, "range 1")
    refused("NOT_FOUND", rest.get, f"{S}/00000000-0000-0000-0000-000000000000")
    refused("NOT_FOUND", rest.post, f"{S}/x';DROP/cancel")


# Sessions


def test_a_session_remembers_what_is_used(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    rest.post("/api/2.1/unity-catalog/schemas", name="ml", catalog_name="main")
    rest.post("/api/2.1/unity-catalog/catalogs", name="prod")
    session = rest.post("/api/2.0/sql/sessions", warehouse_id=warehouse, schema="ml")["session_id"]

    def seen() -> Session | None:
        assert execute(rest, warehouse, "create", session_id=session)["status"] == {"state": "SUCCEEDED"}
        return engine.executed[-1].session

    assert seen() == Session("main", "ml")
    for statement, expected in (
        ("USE CATALOG `prod`", Session("prod", "default")),
        ("use schema main.ml;", Session("main", "ml")),
        ("USE default", Session("main", "default")),
        (" USE  `main` . `ml` ", Session("main", "ml")),
    ):
        assert execute(rest, warehouse, statement, session_id=session)["status"] == {"state": "SUCCEEDED"}
        assert seen() == expected
    assert rest.delete(f"/api/2.0/sql/sessions/{session}", warehouse_id=warehouse) == {}
    refused("NOT_FOUND", execute, rest, warehouse, "create", session_id=session)
    refused("NOT_FOUND", rest.delete, f"/api/2.0/sql/sessions/{session}")


def test_a_session_is_its_owners(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    session = of(rest, "bob@acme.test").post("/api/2.0/sql/sessions", warehouse_id=warehouse)["session_id"]
    denied(rest.delete, f"/api/2.0/sql/sessions/{session}")
    denied(execute, rest, warehouse, "create", session_id=session)


def test_a_session_is_on_one_warehouse(rest: Rest, engine: StubEngine, warehouse: str) -> None:
    session = rest.post("/api/2.0/sql/sessions", warehouse_id=warehouse)["session_id"]
    other = rest.post(W, name="etl", cluster_size="Small")["id"]
    assert other in refused("NOT_FOUND", execute, rest, other, "create", session_id=session)


def test_a_session_that_is_to_be_otherwise_is_refused(rest: Rest, warehouse: str) -> None:
    path = "/api/2.0/sql/sessions"
    assert rest.post(path, warehouse_id=warehouse, session_confs={"ansi_mode": "true", "TIMEZONE": "UTC"})
    message = refused("NOT_IMPLEMENTED", rest.post, path, warehouse_id=warehouse, session_confs={"ansi_mode": "false"})
    assert "'ansi_mode'" in message
    refused("RESOURCE_DOES_NOT_EXIST", rest.post, path, warehouse_id="0" * 16)


def test_what_is_not_computed_is_refused_by_name(rest: Rest) -> None:
    assert "query_history.list" in refused("NOT_IMPLEMENTED", rest.get, "/api/2.0/sql/history/queries")
    assert "queries.create" in refused("NOT_IMPLEMENTED", rest.post, "/api/2.0/sql/queries", x=1)
