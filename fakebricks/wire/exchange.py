"""The way of a call: from a request to a reply.

Who is calling → route → faults → rate limit → decode → privilege → operation → encode → call log, in one direction. It
never raises: what goes wrong is a reply.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Protocol

from fakebricks.clock import Clock
from fakebricks.ids import Ids, WorkspaceIdentity
from fakebricks.wire.authentication import Caller, invalid_scope, invalid_token, no_credential, token_of
from fakebricks.wire.calls import CallRecord, Calls, error_code_of, kept
from fakebricks.wire.decoding import decode
from fakebricks.wire.errors import DatabricksError, NotImplementedByFakebricks, render
from fakebricks.wire.faults import Faults
from fakebricks.wire.messages import Reply, Request
from fakebricks.wire.operations import Call, Operation
from fakebricks.wire.rate_limits import RateLimits
from fakebricks.wire.redaction import struck_out, struck_out_query
from fakebricks.wire.router import Router

_ANONYMOUS = Caller("", "", "", "Anonymous")


class Services(Protocol):
    """Where the services are that operations name in their first parameter."""

    def __getitem__(self, kind: type) -> Any: ...


@dataclass(slots=True)
class _Asked:
    """What is known of a call while it is being answered."""

    request: Request
    request_id: str
    time: float
    began: float = field(default_factory=perf_counter)
    operation: Operation | None = None
    call: Call | None = None
    caller: Caller | None = None


class Exchange:
    """Answers the requests to one workspace.

    Args:
        router: the operations that there are.
        services: what they are performed on.
        transaction: opens the transaction in which an atomic operation runs.
        caller: whom a token stands for, or None.
        clock: the workspace's time.
        ids: makes the ids of requests.
        identity: whose replies these are.
        rate_limits: how many calls are taken per second.
        faults: what is to go wrong.
        calls: the log.
        unsupported: takes down what was asked and is not computed, and what failed inside the fake.
    """

    def __init__(
        self,
        router: Router,
        services: Services,
        *,
        transaction: Callable[[], AbstractContextManager[None]],
        caller: Callable[[str], Caller | None],
        clock: Clock,
        ids: Ids,
        identity: WorkspaceIdentity,
        rate_limits: RateLimits,
        faults: Faults,
        calls: Calls,
        unsupported: deque[str],
    ) -> None:
        self._router = router
        self._services = services
        self._transaction = transaction
        self._caller = caller
        self._clock = clock
        self._ids = ids
        self._identity = identity
        self._rate_limits = rate_limits
        self._faults = faults
        self._calls = calls
        self._unsupported = unsupported

    def answer(self, request: Request) -> Reply:
        """The reply to a request."""
        asked = _Asked(request, self._ids.uuid(), self._clock.time())
        reply = self._signed(self._reply(asked), asked)
        seconds = self._clock.time() - asked.time + reply.duration
        if reply.chunks is None:
            self._log(asked, reply, seconds)
        else:
            reply = replace(reply, chunks=self._overheard(asked, reply, reply.chunks, seconds))
        if asked.call and asked.call.awaits is not None:
            self._clock.awaited(asked.call.awaits)
        return reply

    def _reply(self, asked: _Asked) -> Reply:
        try:
            return self._answered(asked)
        except DatabricksError as error:
            if isinstance(error, NotImplementedByFakebricks):
                self._unsupported.append(error.message)
            renders = asked.operation.renders if asked.operation else None
            return (renders or render)(error, asked.request_id)
        except Exception as error:  # noqa: BLE001 - a fault of the fake's own must reach the test, not the client's socket
            self._failed(asked)
            message = f"fakebricks failed: {error!r}. This is a fault of fakebricks."
            return render(DatabricksError(message), asked.request_id)

    def _answered(self, asked: _Asked) -> Reply:
        found = self._router.find(asked.request)
        public = found is not None and found[0].public
        asked.caller = _ANONYMOUS if public else self._authenticated(asked)
        if found is None:
            raise self._router.refusal(asked.request)
        operation, places = found
        if asked.caller.confined_to and not operation.data_plane:
            raise invalid_scope()
        asked.operation = operation
        base_url = asked.request.base or self._identity.host
        asked.call = Call(asked.request, asked.caller, asked.time, asked.request_id, base_url)
        fault = self._faults.meeting(operation, asked.request) if operation.logged else None
        if fault is None:
            return self._regular(operation, asked.call, places)
        asked.call.notes.append(str(fault))
        reply = None if fault.before_effect else self._regular(operation, asked.call, places).whole()
        return fault.over(reply, asked.request_id)

    def _regular(self, operation: Operation, call: Call, places: dict[str, str]) -> Reply:
        """The reply where no fault is in the way."""
        self._rate_limits.take(operation.rate_limit, call.time)
        shape = decode(operation, call.request, places)
        if operation.atomic:
            with self._transaction():
                self._permit(operation, call, shape)
                return self._performed(operation, call, shape)
        self._permit(operation, call, shape)
        return self._performed(operation, call, shape)

    def _permit(self, operation: Operation, call: Call, shape: Any) -> None:
        if operation.privilege is not None and operation.decided_by is not None:
            operation.privilege(self._services[operation.decided_by], call, shape)

    def _performed(self, operation: Operation, call: Call, shape: Any) -> Reply:
        service = self._services[operation.service]
        answer = operation.function(service, call, shape) if operation.shape else operation.function(service, call)
        if isinstance(answer, Reply):
            return answer
        return Reply.of_json({} if answer is None else answer, duration=call.duration)

    def _authenticated(self, asked: _Asked) -> Caller:
        token = token_of(asked.request)
        if token is None:
            raise no_credential(asked.request_id)
        caller = self._caller(token)
        if caller is None:
            raise invalid_token(asked.request_id)
        return caller

    def _signed(self, reply: Reply, asked: _Asked) -> Reply:
        """The reply with the headers that every reply of a workspace has."""
        length = {} if reply.chunks else {"content-length": str(len(reply.body))}  # a reply to HEAD may say another
        headers = {
            **length,
            **reply.headers,
            "x-databricks-org-id": self._identity.workspace_id,
            "x-request-id": asked.request_id,
        }
        if reply.duration:
            headers["x-fakebricks-duration-ms"] = str(round(reply.duration * 1000))
        return replace(reply, headers=headers)

    def _overheard(
        self, asked: _Asked, reply: Reply, chunks: Generator[bytes, None, None], seconds: float
    ) -> Generator[bytes, None, None]:
        """The pieces of a reply; when the last one is there, or nobody waits for it, the call is logged."""
        began = self._clock.time()
        heard: list[bytes] = []
        try:
            with closing(chunks):
                for piece in chunks:
                    heard.append(piece)
                    yield piece
        except Exception:  # noqa: BLE001 - as for a reply in one piece; here the client has a status already
            self._failed(asked)
        finally:
            self._log(asked, replace(reply, body=b"".join(heard)), seconds + self._clock.time() - began)

    def _failed(self, asked: _Asked) -> None:
        """Take down the exception that is being handled, which is a fault of the fake's own."""
        asked_for = f"{asked.request.method} {asked.request.path}"
        self._unsupported.append(struck_out(f"{asked_for} failed inside fakebricks:\n{traceback.format_exc()}"))

    def _log(self, asked: _Asked, reply: Reply, seconds: float) -> None:
        operation, request = asked.operation, asked.request
        if operation and not operation.logged:
            return
        bodies = (b"", b"") if operation and operation.secret else (request.body, reply.body)
        record = CallRecord(
            method=request.method,
            path=struck_out(request.path),
            query=struck_out_query(request.query),
            operation=operation.name if operation else None,
            caller=asked.caller.user_name if asked.caller else None,
            status=reply.status,
            error_code=error_code_of(reply),
            time=asked.time,
            duration=seconds,
            cost=perf_counter() - asked.began,
            request_body=kept(bodies[0]),
            reply_body=kept(bodies[1]),
            notes=tuple(asked.call.notes) if asked.call else (),
        )
        self._calls.add(record)
