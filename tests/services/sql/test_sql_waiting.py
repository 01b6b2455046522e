"""Who waits for statements: clients whose sleeps nobody sees, and several at once."""

from __future__ import annotations

import threading
from typing import Any

from conftest import Rest, RestOverHttp
from stub_engine import StubEngine, stubbed

from fakebricks import Workspace
from fakebricks.clock import AutoClock
from fakebricks.services.files.files import Files
from fakebricks.wire.server import Server

S = "/api/2.0/sql/statements"


def test_a_poll_from_another_process_moves_an_automatic_clock(server: Server) -> None:
    workspace = Workspace(clock=AutoClock(), warehouses={"statement": 600})
    engine = stubbed(workspace)
    server.add(workspace)
    rest = RestOverHttp(workspace, server)
    try:
        warehouse = rest.get("/api/2.0/sql/warehouses")["warehouses"][0]["id"]
        answer = rest.post(S, statement="range 1", warehouse_id=warehouse, wait_timeout="0s")
        polls = [rest.get(f"{S}/{answer['statement_id']}")["status"]["state"] for _ in range(2)]
        assert polls[-1] == "SUCCEEDED", "the clock went on to when the statement is done"
        assert len(engine.executed) == 1
        rest.post(f"/api/2.0/sql/warehouses/{warehouse}/stop")
        assert rest.get(f"/api/2.0/sql/warehouses/{warehouse}")["state"] in ("STOPPING", "STOPPED")
        assert rest.get(f"/api/2.0/sql/warehouses/{warehouse}")["state"] == "STOPPED"
    finally:
        rest.close()
        server.remove(workspace)
        workspace.close()


def test_a_statement_that_is_due_is_executed_once_whoever_asks(workspace: Workspace) -> None:
    engine: StubEngine = stubbed(workspace)
    release = threading.Event()
    engine.answers["slow"] = lambda: release.wait(60) and engine.answers["nothing"]()
    rest = Rest(workspace)
    warehouse = rest.get("/api/2.0/sql/warehouses")["warehouses"][0]["id"]
    statement_id = rest.post(S, statement="slow", warehouse_id=warehouse, wait_timeout="0s")["statement_id"]
    workspace.clock.advance(minutes=1)
    first: list[Any] = []
    thread = threading.Thread(target=lambda: first.append(rest.get(f"{S}/{statement_id}")))
    thread.start()
    while not engine.executed:
        thread.join(0.01)
    assert rest.get(f"{S}/{statement_id}")["status"] == {"state": "RUNNING"}, "somebody is at it"
    release.set()
    thread.join()
    assert first[0]["status"] == rest.get(f"{S}/{statement_id}")["status"] == {"state": "SUCCEEDED"}
    assert len(engine.executed) == 1


def test_one_that_is_cancelled_meanwhile_keeps_no_result(workspace: Workspace) -> None:
    engine = stubbed(workspace)
    rest = Rest(workspace)
    warehouse = rest.get("/api/2.0/sql/warehouses")["warehouses"][0]["id"]
    statement_id = rest.post(S, statement="slow", warehouse_id=warehouse, wait_timeout="0s")["statement_id"]

    def cancelled() -> Any:
        rest.post(f"{S}/{statement_id}/cancel")
        return engine.answers["nothing"]()

    engine.answers["slow"] = cancelled
    workspace.clock.advance(minutes=1)
    assert rest.get(f"{S}/{statement_id}")["status"] == {"state": "CANCELED"}
    assert len(engine.executed) == 1
    assert not workspace._services[Files].find(f"/_SqlResults/{statement_id}")


def test_what_the_engine_refuses_later_is_refused_at_each_look(workspace: Workspace) -> None:
    stubbed(workspace)
    rest = Rest(workspace)
    warehouse = rest.get("/api/2.0/sql/warehouses")["warehouses"][0]["id"]
    statement_id = rest.post(S, statement="LAUNCH", warehouse_id=warehouse, wait_timeout="0s")["statement_id"]
    workspace.clock.advance(minutes=1)
    for _ in range(2):
        assert rest.call("GET", f"{S}/{statement_id}").status == 501


def test_a_snapshot_has_the_statements_too(workspace: Workspace) -> None:
    stubbed(workspace)
    rest = Rest(workspace)
    warehouse = rest.get("/api/2.0/sql/warehouses")["warehouses"][0]["id"]
    kept = rest.post(S, statement="range 3", warehouse_id=warehouse)["statement_id"]
    workspace.clock.advance(seconds=5)
    before = workspace.snapshot()
    rest.delete(f"{S}/{kept}")
    lost = rest.post(S, statement="range 3", warehouse_id=warehouse)["statement_id"]
    workspace.restore(before)
    assert rest.get(f"{S}/{kept}")["result"]["data_array"] == [["0"], ["1"], ["2"]]
    assert rest.call("GET", f"{S}/{lost}").status == 404
