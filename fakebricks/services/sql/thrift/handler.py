"""What a warehouse answers in Thrift: sessions, statements, their states and results, and what there is.

Real: as `statements` says it. Results are in the reply, in Arrow or in Thrift's own columns. Simulated: who asks after
a statement that is not done is answered when it is, or after five seconds. Refused: decimals and timestamps as text in
Arrow, and nested parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any
from uuid import UUID

from databricks.sql.thrift_api.TCLIService import ttypes

from fakebricks.services.sql import Result, submissions
from fakebricks.services.sql.metadata import Metadata
from fakebricks.services.sql.records import Outcome, SqlSession, Statement, Submission
from fakebricks.services.sql.statements import (
    CANCELED,
    CLOSED,
    FAILED,
    PENDING,
    RUNNING,
    SUCCEEDED,
    UNFINISHED,
    Statements,
    Wait,
)
from fakebricks.services.sql.thrift import row_sets
from fakebricks.services.sql.thrift.parameters import parameters_of
from fakebricks.wire.errors import BadRequest, DatabricksError, NotImplementedByFakebricks
from fakebricks.wire.operations import Call

_PATIENCE = 5.0
"""How long the server waits with its answer for a statement to be done (inferred)."""

_STATES = {
    PENDING: ttypes.TOperationState.PENDING_STATE,
    RUNNING: ttypes.TOperationState.RUNNING_STATE,
    SUCCEEDED: ttypes.TOperationState.FINISHED_STATE,
    FAILED: ttypes.TOperationState.ERROR_STATE,
    CANCELED: ttypes.TOperationState.CANCELED_STATE,
    CLOSED: ttypes.TOperationState.CLOSED_STATE,
}
_INFO = {
    ttypes.TGetInfoType.CLI_SERVER_NAME: "Spark SQL",
    ttypes.TGetInfoType.CLI_DBMS_NAME: "Spark SQL",
    ttypes.TGetInfoType.CLI_DBMS_VER: "4.0.0",
}
_OK = ttypes.TStatusCode.SUCCESS_STATUS


class Handler:
    """Answers one call; its methods are named as Thrift names them."""

    def __init__(self, statements: Statements, metadata: Metadata, call: Call, warehouse_id: str) -> None:
        self._statements = statements
        self._metadata = metadata
        self._call = call
        self._warehouse_id = warehouse_id

    # Sessions

    def OpenSession(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        namespace = asked.initialNamespace or ttypes.TNamespace()
        session = self._statements.open_session(
            self._warehouse_id,
            self._call.caller,
            catalog=namespace.catalogName,
            schema=namespace.schemaName,
            configuration=asked.configuration or {},
        )
        return ttypes.TOpenSessionResp(
            status=_status(),
            serverProtocolVersion=ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8,
            sessionHandle=ttypes.TSessionHandle(sessionId=_identifier(session.id)),
            initialNamespace=ttypes.TNamespace(catalogName=session.catalog, schemaName=session.schema),
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, request: Any) -> Any:  # noqa: N802
        return self._told(
            ttypes.TCloseSessionResp,
            lambda: self._statements.sessions.close(_session_id(_required(request)), self._call.caller),
        )

    def GetInfo(self, request: Any) -> Any:  # noqa: N802
        kind = _required(request).infoType
        if kind not in _INFO:
            raise NotImplementedByFakebricks(f"fakebricks does not implement GetInfo in Thrift of the type {kind}.")
        value = ttypes.TGetInfoValue(stringValue=_INFO[kind])
        return ttypes.TGetInfoResp(status=_status(), infoValue=value)

    # Statements

    def ExecuteStatement(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        _check_types(asked)
        session = self._session(asked)
        limit = asked.resultRowLimit
        wanted = _asked(
            session,
            asked.statement or "",
            parameters=parameters_of(asked.parameters or ()),
            row_limit=limit if limit and limit > 0 else None,
            without_arrow=asked.canReadArrowResult is False,
            nested_as_text=bool(asked.useArrowNativeTypes and asked.useArrowNativeTypes.complexTypesAsArrow is False),
        )
        submissions.check(wanted)
        direct = asked.getDirectResults
        statement, answered = self._statements.submit(wanted, self._call.caller, Wait(_PATIENCE if direct else 0))
        return self._executed(ttypes.TExecuteStatementResp, statement, direct, answered)

    def GetOperationStatus(self, request: Any) -> Any:  # noqa: N802
        statement_id = _statement_id(_required(request))
        statement = self._statements.get(statement_id, self._call.caller, by=self._call.time + _PATIENCE)
        answered = max(self._call.time, min(statement.ends, self._call.time + _PATIENCE))
        self._spend(statement, answered)
        return self._operation_status(statement, answered)

    def GetResultSetMetadata(self, request: Any) -> Any:  # noqa: N802
        statement = self._statements.get(_statement_id(_required(request)), self._call.caller)
        if self._statements.state(statement) != SUCCEEDED or statement.outcome is None:
            return ttypes.TGetResultSetMetadataResp(status=self._without_result(statement))
        return row_sets.metadata(statement, statement.outcome, self._statements.results, _status())

    def FetchResults(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        statement = self._statements.get(_statement_id(asked), self._call.caller)
        if self._statements.state(statement) != SUCCEEDED or statement.outcome is None:
            return ttypes.TFetchResultsResp(status=self._without_result(statement))
        again = asked.orientation == ttypes.TFetchOrientation.FETCH_FIRST
        answer = self._fetched(statement, statement.outcome, asked.maxRows, start=0 if again else statement.fetched)
        if asked.includeResultSetMetadata:
            answer.resultSetMetadata = row_sets.metadata(
                statement, statement.outcome, self._statements.results, _status()
            )
        return answer

    def CancelOperation(self, request: Any) -> Any:  # noqa: N802
        return self._told(
            ttypes.TCancelOperationResp,
            lambda: self._statements.cancel(_statement_id(_required(request)), self._call.caller),
        )

    def CloseOperation(self, request: Any) -> Any:  # noqa: N802
        return self._told(
            ttypes.TCloseOperationResp,
            lambda: self._statements.close(_statement_id(_required(request)), self._call.caller),
        )

    # What there is

    def GetCatalogs(self, request: Any) -> Any:  # noqa: N802
        return self._looked_up(
            ttypes.TGetCatalogsResp, request, "SHOW CATALOGS", lambda: self._metadata.catalogs(self._call.caller)
        )

    def GetSchemas(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        return self._looked_up(
            ttypes.TGetSchemasResp,
            asked,
            "SHOW SCHEMAS",
            lambda: self._metadata.schemas(self._call.caller, asked.catalogName, asked.schemaName),
        )

    def GetTables(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        return self._looked_up(
            ttypes.TGetTablesResp,
            asked,
            "SHOW TABLES",
            lambda: self._metadata.tables(
                self._call.caller, asked.catalogName, asked.schemaName, asked.tableName, asked.tableTypes
            ),
        )

    def GetColumns(self, request: Any) -> Any:  # noqa: N802
        asked = _required(request)
        return self._looked_up(
            ttypes.TGetColumnsResp,
            asked,
            "SHOW COLUMNS",
            lambda: self._metadata.columns(
                self._call.caller, asked.catalogName, asked.schemaName, asked.tableName, asked.columnName
            ),
        )

    # What they are made of

    def _looked_up(self, response: type, request: Any, told: str, work: Callable[[], Result]) -> Any:
        asked = _required(request)
        wanted = _asked(self._session(asked), told)
        statement, answered = self._statements.submit(wanted, self._call.caller, Wait(math.inf), work)
        return self._executed(response, statement, asked.getDirectResults, answered)

    def _executed(self, response: type, statement: Statement, direct: Any, answered: float) -> Any:
        """The answer to who has submitted a statement, with its result where they want it at once and it is there."""
        self._spend(statement, answered)
        handle = ttypes.TOperationHandle(
            operationId=_identifier(statement.id),
            operationType=ttypes.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=True,
        )
        results = self._direct_results(statement, direct.maxRows, answered) if direct else None
        return response(status=_status(), operationHandle=handle, directResults=results)

    def _direct_results(self, statement: Statement, most_rows: int | None, answered: float) -> Any:
        results = ttypes.TSparkDirectResults(operationStatus=self._operation_status(statement, answered))
        if self._statements.state(statement, at=answered) == SUCCEEDED and statement.outcome is not None:
            results.resultSetMetadata = row_sets.metadata(
                statement, statement.outcome, self._statements.results, _status()
            )
            results.resultSet = self._fetched(statement, statement.outcome, most_rows, start=0)
            if not results.resultSet.hasMoreRows:
                self._statements.close(statement.id, self._call.caller)
                results.closeOperation = ttypes.TCloseOperationResp(status=_status())
        return results

    def _fetched(self, statement: Statement, outcome: Outcome, most_rows: int | None, *, start: int) -> Any:
        rows, count = row_sets.rows(statement, outcome, self._statements.results, start, most_rows)
        self._statements.fetched(statement, start + count)
        more = start + count < outcome.row_count
        return ttypes.TFetchResultsResp(status=_status(), hasMoreRows=more, results=rows)

    def _operation_status(self, statement: Statement, at: float) -> Any:
        state = self._statements.state(statement, at=at)
        status = ttypes.TGetOperationStatusResp(status=_status(), operationState=_STATES[state], hasResultSet=True)
        outcome = statement.outcome
        if state == FAILED and outcome is not None and outcome.failure is not None:
            status.errorMessage = status.displayMessage = outcome.failure.message
            status.sqlState = outcome.failure.sql_state
        if state == SUCCEEDED and outcome is not None:
            status.numModifiedRows = outcome.modified
        return status

    def _without_result(self, statement: Statement) -> Any:
        state = self._statements.state(statement)
        return _error(f"The statement {statement.id} has no result to fetch: it is {state}.")

    def _spend(self, statement: Statement, answered: float) -> None:
        self._call.duration += max(0.0, answered - self._call.time)
        if self._statements.state(statement, at=answered) in UNFINISHED:
            self._call.awaits = statement.ends

    def _session(self, asked: Any) -> SqlSession:
        return self._statements.sessions.on(self._warehouse_id, _session_id(asked), self._call.caller)

    def _told(self, response: type, work: Callable[[], None]) -> Any:
        """What is answered to a command: that it is done, or why not."""
        try:
            work()
        except NotImplementedByFakebricks:
            raise
        except DatabricksError as error:
            return response(status=_error(error.message))
        return response(status=_status())


def _asked(session: SqlSession, text: str, **more: Any) -> Submission:
    return Submission(
        statement=text,
        warehouse_id=session.warehouse_id,
        catalog=session.catalog,
        schema=session.schema,
        session_id=session.id,
        format="ARROW_STREAM",
        disposition="EXTERNAL_LINKS",
        **more,
    )


def _check_types(asked: Any) -> None:
    types = asked.useArrowNativeTypes
    if types is not None and False in (types.timestampAsArrow, types.decimalAsArrow):
        raise NotImplementedByFakebricks(
            "fakebricks does not implement _use_arrow_native_decimals=False and _use_arrow_native_timestamps=False; "
            "leave them out."
        )


def _required(request: Any) -> Any:
    if request is None:
        message = "The call has no request."
        raise BadRequest(message)
    return request


def _session_id(asked: Any) -> str:
    return _uuid(asked.sessionHandle and asked.sessionHandle.sessionId)


def _statement_id(asked: Any) -> str:
    return _uuid(asked.operationHandle and asked.operationHandle.operationId)


def _uuid(identifier: Any) -> str:
    try:
        return str(UUID(bytes=identifier.guid))
    except (AttributeError, TypeError, ValueError):
        raise BadRequest("The call has no valid handle.") from None


def _identifier(of: str) -> Any:
    guid = UUID(of).bytes
    return ttypes.THandleIdentifier(guid=guid, secret=guid)


def _status() -> Any:
    return ttypes.TStatus(statusCode=_OK)


def _error(message: str) -> Any:
    return ttypes.TStatus(statusCode=ttypes.TStatusCode.ERROR_STATUS, errorMessage=message)
