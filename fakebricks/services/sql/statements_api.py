"""REST operations of the Statement Execution API, and of the sessions that the SQL connector has with it.

Real: all that databricks-sdk and databricks-sql-connector (with `use_sea=True`) send. The connector's hybrid
disposition, by which the platform may choose, is answered with links.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from fakebricks.services.sql import Parameter, submissions
from fakebricks.services.sql.privileges import of_warehouse, owns_session, owns_statement
from fakebricks.services.sql.records import Format, Statement, Submission
from fakebricks.services.sql.statement_answers import StatementAnswer, answer_about, chunk_answer
from fakebricks.services.sql.statements import SUCCEEDED, UNFINISHED, Statements
from fakebricks.services.sql.warehouse_permissions import USE
from fakebricks.wire.errors import BadRequest, InvalidParameterValue, NotFound
from fakebricks.wire.messages import Reply
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_STATEMENTS = "/api/2.0/sql/statements"
_SESSIONS = "/api/2.0/sql/sessions"
_LIMIT = msgspec.Meta(gt=-(10**18), lt=10**18)


class StatementParameter(Shape):
    name: Annotated[str, msgspec.Meta(min_length=1)]
    value: str | None = None
    type: str | None = None


class QueryTag(Shape):
    key: str
    value: str | None = None


class ExecuteStatement(Shape):
    statement: str
    warehouse_id: str
    catalog: str = ""
    schema: str = ""
    parameters: tuple[StatementParameter, ...] = ()
    query_tags: tuple[QueryTag, ...] = ()
    wait_timeout: str = "10s"
    on_wait_timeout: Literal["CONTINUE", "CANCEL"] = "CONTINUE"
    disposition: Literal["INLINE", "EXTERNAL_LINKS", "INLINE_OR_EXTERNAL_LINKS"] = "INLINE"
    format: Format = "JSON_ARRAY"
    row_limit: Annotated[int, _LIMIT] | None = None
    byte_limit: Annotated[int, _LIMIT] | None = None
    session_id: str = ""
    result_compression: Literal["NONE", "LZ4_FRAME"] = "NONE"


class OfStatement(Shape):
    statement_id: str


class OfChunk(OfStatement, kw_only=True):
    chunk_index: Annotated[int, _LIMIT]
    row_offset: Annotated[int, _LIMIT] | None = None


class CreateSession(Shape):
    warehouse_id: str
    session_confs: dict[str, str] = msgspec.field(default_factory=dict)
    catalog: str = ""
    schema: str = ""


class DeleteSession(Shape):
    session_id: str
    warehouse_id: str = ""


@routes.post(_STATEMENTS, atomic=False, privilege=of_warehouse(USE, "warehouse_id"))
def execute_statement(statements: Statements, call: Call, body: ExecuteStatement) -> StatementAnswer:
    """Query tags are for the query history alone, and are seen in the call log here."""
    asked = _asked(statements, call, body)
    submissions.check(asked)
    statement, answered = statements.submit(
        asked, call.caller, submissions.wait_of(body.wait_timeout, body.on_wait_timeout)
    )
    call.duration += max(0.0, answered - call.time)
    return _answer(statements, statement, call, at=answered)


@routes.get(f"{_STATEMENTS}/<statement_id>", atomic=False, privilege=owns_statement)
def get_statement(statements: Statements, call: Call, body: OfStatement) -> StatementAnswer:
    return _answer(statements, statements.get(body.statement_id, call.caller), call, at=call.time)


@routes.get(f"{_STATEMENTS}/<statement_id>/result/chunks/<chunk_index>", atomic=False, privilege=owns_statement)
def get_statement_result_chunk_n(statements: Statements, call: Call, body: OfChunk) -> Reply:
    statement = statements.get(body.statement_id, call.caller)
    state = statements.state(statement)
    if state != SUCCEEDED or statement.outcome is None:
        raise BadRequest(f"The statement {statement.id} has no result to fetch: it is {state}.")
    if not 0 <= body.chunk_index < len(statement.outcome.chunks):
        raise NotFound(f"The result of the statement {statement.id} has no chunk {body.chunk_index}.")
    return Reply.of_json(chunk_answer(statement, body.chunk_index, statements.results, call.base_url, call.time))


@routes.post(f"{_STATEMENTS}/<statement_id>/cancel", privilege=owns_statement)
def cancel_execution(statements: Statements, call: Call, body: OfStatement) -> None:
    statements.cancel(body.statement_id, call.caller)


@routes.delete(f"{_STATEMENTS}/<statement_id>", privilege=owns_statement)
def close_statement(statements: Statements, call: Call, body: OfStatement) -> None:
    statements.close(body.statement_id, call.caller)


@routes.post(_SESSIONS, privilege=of_warehouse(USE, "warehouse_id"))
def create_session(statements: Statements, call: Call, body: CreateSession) -> dict[str, str]:
    session = statements.open_session(
        body.warehouse_id, call.caller, catalog=body.catalog, schema=body.schema, configuration=body.session_confs
    )
    return {"session_id": session.id}


@routes.delete(f"{_SESSIONS}/<session_id>", privilege=owns_session)
def delete_session(statements: Statements, call: Call, body: DeleteSession) -> None:
    statements.sessions.close(body.session_id, call.caller)


def _asked(statements: Statements, call: Call, body: ExecuteStatement) -> Submission:
    catalog, schema = body.catalog, body.schema
    if body.session_id:
        if catalog or schema:
            raise InvalidParameterValue("catalog and schema cannot be given with session_id.")
        session = statements.sessions.on(body.warehouse_id, body.session_id, call.caller)
        catalog, schema = session.catalog, session.schema
    names = statements.sessions.names(catalog, schema)
    inline = body.disposition == "INLINE"
    return Submission(
        statement=body.statement,
        warehouse_id=body.warehouse_id,
        catalog=names.catalog,
        schema=names.schema,
        parameters=tuple(Parameter(one.name, one.value, one.type or "STRING") for one in body.parameters),
        session_id=body.session_id,
        format=body.format,
        disposition="INLINE" if inline else "EXTERNAL_LINKS",
        compression="NONE" if inline else body.result_compression,  # what is inline never is compressed
        row_limit=body.row_limit,
        byte_limit=body.byte_limit,
    )


def _answer(statements: Statements, statement: Statement, call: Call, at: float) -> StatementAnswer:
    state = statements.state(statement, at=at)
    if state in UNFINISHED:
        call.awaits = statement.ends
    return answer_about(statement, state, statements.results, call.base_url, at)
