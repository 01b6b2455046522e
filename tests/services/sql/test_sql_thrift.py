"""What a warehouse answers in Thrift, where no connector would ask so: bytes of any kind, handles that are none."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from conftest import Rest
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from hypothesis import given, settings
from hypothesis import strategies as st
from stub_engine import StubEngine, stubbed
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TApplicationException
from thrift.transport.TTransport import TMemoryBuffer

from fakebricks import Workspace
from fakebricks.services.sql.statements import Statements
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.wire import Reply, Request

OK, ERROR = ttypes.TStatusCode.SUCCESS_STATUS, ttypes.TStatusCode.ERROR_STATUS


class Client:
    """The connector's generated client, over plain requests."""

    def __init__(self, workspace: Workspace, token: str = "") -> None:
        self.workspace = workspace
        self.token = token or workspace.token
        self.path = f"/sql/1.0/warehouses/{next(workspace._services[Warehouses].all()).id}"

    def send(self, body: bytes) -> Reply:
        return self.workspace.handle(Request.of("POST", self.path, {"authorization": f"Bearer {self.token}"}, body))

    def written(self, method: str, request: Any) -> bytes:
        out = TMemoryBuffer()
        getattr(TCLIService.Client(TBinaryProtocol(out)), f"send_{method}")(request)
        return out.getvalue()

    def reply(self, method: str, request: Any) -> Reply:
        return self.send(self.written(method, request))

    def ask(self, method: str, request: Any) -> Any:
        reply = self.reply(method, request)
        assert reply.status == 200, reply.body
        self.workspace.clock.advance(seconds=reply.duration)
        client = TCLIService.Client(TBinaryProtocol(TMemoryBuffer(reply.body)))
        return getattr(client, f"recv_{method}")()

    def open(self) -> Any:
        return self.ask("OpenSession", ttypes.TOpenSessionReq()).sessionHandle

    def execute(self, statement: str, **more: Any) -> Any:
        return self.ask(
            "ExecuteStatement", ttypes.TExecuteStatementReq(sessionHandle=self.open(), statement=statement, **more)
        )


@pytest.fixture
def client(workspace: Workspace) -> Client:
    stubbed(workspace, most_rows=4)
    workspace._services[Warehouses].start(next(workspace._services[Warehouses].all()).id)
    workspace.clock.advance(seconds=5)
    return Client(workspace)


def handle() -> Any:
    return ttypes.THandleIdentifier(guid=uuid4().bytes, secret=b"")


def message(reply: Reply) -> str:
    assert reply.headers["x-thriftserver-error-message"]
    return str(reply.json()["message"])


def test_a_statement_without_direct_results(client: Client) -> None:
    answer = client.execute("range 6")
    assert answer.directResults is None
    operation = answer.operationHandle
    status = client.ask("GetOperationStatus", ttypes.TGetOperationStatusReq(operationHandle=operation))
    assert status.operationState == ttypes.TOperationState.FINISHED_STATE
    told = client.ask("GetResultSetMetadata", ttypes.TGetResultSetMetadataReq(operationHandle=operation))
    assert [column.columnName for column in told.schema.columns] == ["id"]

    def fetch(orientation: int = ttypes.TFetchOrientation.FETCH_NEXT, most: int = 3) -> tuple[int, int, bool]:
        request = ttypes.TFetchResultsReq(operationHandle=operation, maxRows=most, orientation=orientation)
        found = client.ask("FetchResults", request)
        return found.results.startRowOffset, sum(one.rowCount for one in found.results.arrowBatches), found.hasMoreRows

    assert [fetch() for _ in range(4)] == [(0, 3, True), (3, 1, True), (4, 2, False), (6, 0, False)]
    assert fetch(ttypes.TFetchOrientation.FETCH_FIRST, most=-1) == (0, 4, True)
    assert client.ask("CloseOperation", ttypes.TCloseOperationReq(operationHandle=operation)).status.statusCode == OK
    found = client.ask("FetchResults", ttypes.TFetchResultsReq(operationHandle=operation))
    assert (found.status.statusCode, "it is CLOSED" in found.status.errorMessage) == (ERROR, True)
    told = client.ask("GetResultSetMetadata", ttypes.TGetResultSetMetadataReq(operationHandle=operation))
    assert told.status.statusCode == ERROR


def test_commands_say_what_is_wrong_with_them(client: Client) -> None:
    operation = ttypes.TOperationHandle(operationId=handle(), operationType=0, hasResultSet=True)
    session = ttypes.TSessionHandle(sessionId=handle())
    for method, request in (
        ("CancelOperation", ttypes.TCancelOperationReq(operationHandle=operation)),
        ("CloseOperation", ttypes.TCloseOperationReq(operationHandle=operation)),
        ("CloseSession", ttypes.TCloseSessionReq(sessionHandle=session)),
    ):
        status = client.ask(method, request).status
        assert status.statusCode == ERROR
        assert "not found" in status.errorMessage or "does not exist" in status.errorMessage
    reply = client.reply("ExecuteStatement", ttypes.TExecuteStatementReq(sessionHandle=session, statement="range 1"))
    assert (reply.status, "session" in message(reply)) == (404, True)


def test_sessions_and_statements_of_others_are_theirs(client: Client) -> None:
    session, operation = client.open(), client.execute("range 6").operationHandle
    bob = Client(client.workspace, client.workspace.user("bob@acme.test").token)
    request = ttypes.TExecuteStatementReq(sessionHandle=session, statement="range 1")
    assert bob.reply("ExecuteStatement", request).status == 403
    assert bob.reply("FetchResults", ttypes.TFetchResultsReq(operationHandle=operation)).status == 403
    status = bob.ask("CancelOperation", ttypes.TCancelOperationReq(operationHandle=operation)).status
    assert (status.statusCode, "not the owner" in status.errorMessage) == (ERROR, True)


@pytest.mark.parametrize("guid", [None, b"", b"x", b"x" * 17])
def test_handles_that_are_none(client: Client, guid: bytes | None) -> None:
    identifier = None if guid is None else ttypes.THandleIdentifier(guid=guid)
    operation = ttypes.TOperationHandle(operationId=identifier)
    for method in ("GetOperationStatus", "FetchResults", "GetResultSetMetadata", "CancelOperation", "CloseOperation"):
        for request in (
            getattr(ttypes, f"T{method}Req")(operationHandle=operation),
            getattr(ttypes, f"T{method}Req")(),
        ):
            reply = client.reply(method, request)
            assert reply.status in (200, 400), reply.body
    assert client.reply("OpenSession", None).status == 400


@pytest.mark.parametrize("statement", [None, "", "x" * (16 * 1024 * 1024 + 1)], ids=["none", "empty", "long"])
def test_statements_that_are_none(client: Client, statement: str | None) -> None:
    request = ttypes.TExecuteStatementReq(sessionHandle=client.open(), statement=statement)
    assert client.reply("ExecuteStatement", request).status == 400


def test_what_is_not_computed_is_refused_by_name(client: Client) -> None:
    reply = client.reply("GetFunctions", ttypes.TGetFunctionsReq(sessionHandle=client.open(), functionName="f"))
    assert (reply.status, message(reply)) == (501, "fakebricks does not implement 'GetFunctions' in Thrift.")
    info = ttypes.TGetInfoReq(sessionHandle=client.open(), infoType=ttypes.TGetInfoType.CLI_DBMS_NAME)
    assert client.ask("GetInfo", info).infoValue.stringValue == "Spark SQL"
    info.infoType = ttypes.TGetInfoType.CLI_TXN_CAPABLE
    assert client.reply("GetInfo", info).status == 501
    for more in (
        {"useArrowNativeTypes": ttypes.TSparkArrowTypes(decimalAsArrow=False)},
        {"parameters": [ttypes.TSparkParameter(name="a", type="ARRAY", arguments=[ttypes.TSparkParameterValueArg()])]},
    ):
        request = ttypes.TExecuteStatementReq(sessionHandle=client.open(), statement="range 1", **more)
        assert client.reply("ExecuteStatement", request).status == 501
    configuration = {"spark.sql.ansi.enabled": "false"}
    assert client.reply("OpenSession", ttypes.TOpenSessionReq(configuration=configuration)).status == 501
    assert len(client.workspace.unsupported) == 5


def test_a_parameter_without_text(client: Client) -> None:
    engine: StubEngine = client.workspace._services[Statements].engine
    value = ttypes.TSparkParameterValue
    client.execute(
        "create",
        parameters=[
            ttypes.TSparkParameter(name="d", type="DOUBLE", value=value(doubleValue=1.5)),
            ttypes.TSparkParameter(name="b", type="BOOLEAN", value=value(booleanValue=False)),
            ttypes.TSparkParameter(name="n", type="INT", value=value()),
        ],
    )
    assert [one.value for one in engine.executed[-1].parameters] == ["1.5", "False", None]


def test_an_unknown_method_is_said_to_be_one(client: Client) -> None:
    body = client.written("OpenSession", ttypes.TOpenSessionReq()).replace(b"OpenSession", b"ShutSession")
    reply = client.send(body)
    protocol = TBinaryProtocol(TMemoryBuffer(reply.body))
    protocol.readMessageBegin()
    error = TApplicationException()
    error.read(protocol)
    assert (reply.status, error.type) == (200, TApplicationException.UNKNOWN_METHOD)


def test_it_is_for_who_may_use_the_warehouse(rest: Rest) -> None:
    made = rest.post("/api/2.0/sql/warehouses", name="etl", cluster_size="Small")["id"]
    bob = rest.workspace.user("bob@acme.test").token
    for path, token, status in (
        (f"/sql/1.0/warehouses/{made}", bob, 403),
        (f"/sql/1.0/endpoints/{made}?o=1", rest.workspace.token, 400),
        (f"/sql/1.0/warehouses/{made}", "dapi0", 403),
    ):
        rest.headers = {"authorization": f"Bearer {token}"}
        assert rest.call("POST", path, b"nothing").status == status


VALID = [
    Client.written(Client.__new__(Client), method, request)
    for method, request in (
        ("OpenSession", ttypes.TOpenSessionReq(configuration={"a": "b"})),
        ("ExecuteStatement", ttypes.TExecuteStatementReq(statement="range 1", sessionHandle=ttypes.TSessionHandle())),
        ("FetchResults", ttypes.TFetchResultsReq(operationHandle=ttypes.TOperationHandle(), maxRows=3)),
        ("GetTables", ttypes.TGetTablesReq(tableTypes=["TABLE"], schemaName="%")),
    )
]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A call of which some bytes are others, or which ends early or late."""
    body = bytearray(draw(st.sampled_from(VALID)))
    for _ in range(draw(st.integers(0, 4))):
        body[draw(st.integers(4, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))] + draw(st.binary(max_size=4)))


@settings(max_examples=150)
@given(body=st.binary(max_size=40) | broken())
def test_whatever_bytes_are_sent_nothing_breaks(client: Client, body: bytes) -> None:
    before = client.workspace.snapshot()
    reply = client.send(body)
    assert reply.status < 500 or reply.json()["error_code"] == "NOT_IMPLEMENTED", reply.body
    if reply.status != 200:
        assert client.workspace.snapshot() == before
        assert isinstance(reply.json()["error_code"], str)
