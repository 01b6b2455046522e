"""Statements: submitted, executed, looked at, cancelled, and forgotten.

Real: the engine's work under the grants of who submits; results for an hour, statements for twelve (documented); who
submitted a statement, and admins, may look at it and cancel it. Simulated: how long it takes. A statement is PENDING
until its warehouse runs and RUNNING until its time has passed. It is executed at once where its warehouse has time for
it before the call returns, and else when somebody next looks at statements after that. One that is cancelled before
leaves no trace; afterwards what it has done stays done, as on the platform, where a cancellation may come too late.
Inferred: the texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.iam.people import People
from fakebricks.services.sql import Result, Session, SqlEngine, SqlError
from fakebricks.services.sql.client_sessions import ClientSessions
from fakebricks.services.sql.kept_results import Results
from fakebricks.services.sql.records import Failure, Outcome, SqlSession, Statement, Submission, SubmittedStatement
from fakebricks.services.sql.sessions import session_after
from fakebricks.services.sql.warehouses import Warehouses
from fakebricks.state import State
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import NotFound, PermissionDenied

PENDING, RUNNING, SUCCEEDED = "PENDING", "RUNNING", "SUCCEEDED"
FAILED, CANCELED, CLOSED = "FAILED", "CANCELED", "CLOSED"
UNFINISHED = (PENDING, RUNNING)

Work = Callable[[], Result]
"""What makes a result."""

_HOUR = 3600
_KEPT = 12 * _HOUR


class Wait(NamedTuple):
    """How long who submits a statement waits for it, in seconds, and whether it is then to be cancelled."""

    seconds: float
    then_cancel: bool = False


class Statements:
    """The statements of one workspace.

    Attributes:
        engine: executes them.
        results: what they answered.
        sessions: in which they are.
    """

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        *,
        engine: SqlEngine,
        warehouses: Warehouses,
        sessions: ClientSessions,
        results: Results,
        people: People,
    ) -> None:
        self._state = state
        self._statements = state.table("sql_statements", Statement)
        self._by_time = state.table("sql_statements_by_time", SubmittedStatement)
        self._ids = ids
        self._clock = clock
        self._warehouses = warehouses
        self._people = people
        self.engine = engine
        self.sessions = sessions
        self.results = results

    def open_session(
        self,
        warehouse_id: str,
        caller: Caller,
        *,
        catalog: str | None,
        schema: str | None,
        configuration: Mapping[str, str],
    ) -> SqlSession:
        """A new session on a warehouse.

        Raises:
            InvalidParameterValue, ResourceDoesNotExist: there is no such warehouse.
            NotImplementedByFakebricks: see `ClientSessions.open`.
        """
        warehouse = self._warehouses.get(warehouse_id)
        return self.sessions.open(warehouse.id, caller, catalog=catalog, schema=schema, configuration=configuration)

    def submit(
        self, asked: Submission, caller: Caller, wait: Wait, work: Work | None = None
    ) -> tuple[Statement, float]:
        """Let a warehouse execute a statement; the statement, and when who waits for it is answered.

        Args:
            asked: the statement.
            caller: who submits it.
            wait: how long they wait.
            work: what is done instead of having the engine execute it; it takes a wait without an end.

        Raises:
            InvalidParameterValue, ResourceDoesNotExist: there is no such warehouse.
            NotImplementedByFakebricks: the engine does not compute such statements.
        """
        now = self._clock.time()
        begins, ends = self._warehouses.when(asked.warehouse_id, now)
        statement = Statement(
            id=self._ids.uuid(), owner=caller.user_name, submission=asked, submitted=now, begins=begins, ends=ends
        )
        patience = now + wait.seconds
        answered = min(ends, patience)
        if wait.then_cancel and ends > patience:
            statement = replace(statement, canceled=True, ends=patience)
        elif begins <= answered:
            statement = replace(statement, taken=True, outcome=self._outcome(statement, work))
        return self._accepted(statement), answered

    def get(self, statement_id: str, caller: Caller, *, by: float | None = None) -> Statement:
        """The statement of that id, executed if it is time.

        Args:
            statement_id: of the statement.
            caller: who asks.
            by: when they are answered; now where it is None.

        Raises as `require` does, and:
            NotImplementedByFakebricks: the engine does not compute such statements.
        """
        statement = self.require(statement_id, caller)
        answered = self._clock.time() if by is None else by
        due = not statement.taken and not statement.canceled and answered >= statement.begins
        return self._executed(statement) if due else statement

    def require(self, statement_id: str, caller: Caller) -> Statement:
        """The statement of that id, which is the caller's, as it is stored.

        Raises:
            NotFound: there is none, or it is forgotten.
            PermissionDenied: it is somebody else's, and the caller is no admin.
        """
        statement = self._statements.get((statement_id,))
        if statement is None or self._clock.time() >= statement.ends + _KEPT:
            raise NotFound(f"The statement {statement_id[:64]} was not found.")
        if statement.owner != caller.user_name and not caller.is_admin:
            raise PermissionDenied(f"{caller.user_name} is not the owner of the statement {statement.id}.")
        return statement

    def state(self, statement: Statement, *, at: float | None = None) -> str:
        """The state that a statement is in, now or at another time."""
        now = self._clock.time() if at is None else at
        if statement.closed:
            return CLOSED
        if statement.canceled:
            return CANCELED
        if now < statement.ends or statement.outcome is None:
            return PENDING if now <= statement.begins else RUNNING
        if statement.outcome.failure is not None:
            return FAILED
        return CLOSED if now >= statement.ends + _HOUR else SUCCEEDED

    def cancel(self, statement_id: str, caller: Caller) -> None:
        """Cancel a statement; nothing happens where it is done already (documented). Raises as `require`."""
        with self._state.transaction():
            statement = self.require(statement_id, caller)
            if self.state(statement) in UNFINISHED:
                self.results.forget(statement.id)
                self._put(replace(statement, canceled=True, ends=self._clock.time()))

    def close(self, statement_id: str, caller: Caller) -> None:
        """Let go of a statement's result, and of the statement where it is not done. Raises as `require`."""
        with self._state.transaction():
            statement = self.require(statement_id, caller)
            self.results.forget(statement.id)
            if self.state(statement) in UNFINISHED:
                statement = replace(statement, canceled=True, ends=self._clock.time())
            self._put(replace(statement, closed=True))

    def fetched(self, statement: Statement, rows: int) -> None:
        """Remember how far a client has read."""
        self._put(replace(statement, fetched=rows))

    def _accepted(self, statement: Statement) -> Statement:
        """The statement, stored, with its warehouse started for it if need be."""
        with self._state.transaction():
            self._forget_old()
            self._warehouses.occupy(statement.submission.warehouse_id, statement.submitted, statement.ends)
            self._by_time.put((int(statement.submitted * 1000), statement.id), SubmittedStatement())
            return self._put(statement)

    def _executed(self, statement: Statement) -> Statement:
        """The statement with what became of it; as it is, where somebody else is at it."""
        taken = self._taken(statement)
        if taken is None:
            return self._statements.get((statement.id,)) or statement
        try:
            outcome = self._outcome(taken)
        except BaseException:
            self._put(statement)
            raise
        with self._state.transaction():
            current = self._statements.get((statement.id,)) or taken
            if current.canceled:
                self.results.forget(current.id)
                return current
            return self._put(replace(current, outcome=outcome))

    def _taken(self, statement: Statement) -> Statement | None:
        with self._state.transaction():
            current = self._statements.get((statement.id,))
            if current is None or current.taken or current.canceled:
                return None
            return self._put(replace(current, taken=True))

    def _outcome(self, statement: Statement, work: Work | None = None) -> Outcome:
        asked = statement.submission
        if work is not None:
            return self.results.keep(statement.id, work(), asked)
        names = Session(asked.catalog, asked.schema)
        caller = self._people.caller_named(statement.owner)
        if caller is None:
            message = f"{statement.owner} is no longer in the workspace."
            return Outcome(failure=Failure(message=message, sql_state="42501"))
        try:
            result = self.engine.execute(asked.statement, caller, session=names, parameters=asked.parameters)
            if asked.session_id:
                self.sessions.move(asked.session_id, session_after(asked.statement, names))
        except SqlError as error:
            return Outcome(failure=Failure(message=str(error), sql_state=error.sql_state))
        return self.results.keep(statement.id, result, asked)

    def _forget_old(self) -> None:
        """Forget what was submitted so long ago that nobody may look at it any more."""
        past = self._clock.time() - _KEPT
        for key, _ in self._by_time.scan():
            statement = self._statements.get((key[1],))
            if statement is not None and statement.ends > past:
                return
            self._by_time.delete(key)
            if statement is not None:
                self.results.forget(statement.id)
                self._statements.delete((statement.id,))

    def _put(self, statement: Statement) -> Statement:
        self._statements.put((statement.id,), statement)
        return statement
