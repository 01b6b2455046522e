"""Declaring operations: one short decorated function per REST operation.

    routes = Routes()

    @routes.post("/api/2.0/mlflow/runs/create")
    def create_run(tracking: Tracking, call: Call, body: CreateRun) -> CreateRunReply: ...

The annotations are the declaration: the first parameter names the domain service that the workspace passes, `call` says
who asks and when, and `body`, where there is one, is the request's shape. The router, the "did you mean" texts and the
tests that ask every operation are derived from these declarations.

What a caller must be allowed is declared beside it, by a function of the same form that raises PermissionDenied:

    def manages(permissions: Permissions, call: Call, body: OfExperiment) -> None: ...

    @routes.post("/api/2.0/mlflow/experiments/delete", privilege=manages)
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict, TypeVar, Unpack, get_type_hints

import msgspec

from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError
from fakebricks.wire.messages import Reply, Request

F = TypeVar("F", bound=Callable[..., Any])
Privilege = Callable[..., None]
Renders = Callable[[DatabricksError, str], Reply]
"""Makes a reply of an error and the request's id."""

_PLACE = re.compile(r"<(?:\w+:)?(\w+)>")


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a request holds: its JSON body, query parameters and path parameters, in one.

    Fields are named as the platform names them. Numbers and booleans may come as strings, as they do in a query or in
    protobuf's JSON; a field that is not declared is refused by name.
    """


class Answer(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What a reply holds; a field at its default is left out, as the platform leaves out what is not set."""


@dataclass(slots=True)
class Call:
    """One call, as an operation sees it."""

    request: Request
    caller: Caller
    time: float
    """When it arrived, in seconds since the epoch, on the workspace's clock."""
    request_id: str
    base_url: str = ""
    """Where the client reached the workspace, without a trailing slash: what signed URLs and other answers that name a
    host must start with. `https://<name>.fakebricks.test` in process, `http://127.0.0.1:<port>` over the server."""
    duration: float = 0.0
    """Simulated seconds that the caller still has to wait for the reply; operations add to it."""
    awaits: float | None = None
    """When what the caller is waiting for will change, if it is in transition."""
    notes: list[str] = field(default_factory=list)
    """What the call log should say beside the request and the reply."""

    @property
    def millis(self) -> int:
        """When it arrived, in milliseconds since the epoch."""
        return int(self.time * 1000)


@dataclass(frozen=True, slots=True)
class Operation:
    """One declared REST operation."""

    method: str
    path: str
    function: Callable[..., Any]
    service: type
    shape: type[Shape] | None
    atomic: bool = True
    public: bool = False
    raw: bool = False
    form: bool = False
    opaque: bool = False
    secret: bool = False
    data_plane: bool = False
    logged: bool = True
    rate_limit: str | None = None
    privilege: Privilege | None = None
    renders: Renders | None = None
    decided_by: type | None = None
    """The service that the privilege asks."""

    @property
    def name(self) -> str:
        """The function's own name, which is the platform's verb and noun."""
        return self.function.__name__

    @property
    def path_parameters(self) -> frozenset[str]:
        return frozenset(_PLACE.findall(self.path))


class Options(TypedDict, total=False):
    """What else a declaration says.

    atomic: run in one transaction (the default). An operation that may take long, because it loads or scores a model,
        declares False and opens its own transactions.
    public: may be called without a token; the operation then sees an anonymous caller.
    raw: the body is not JSON; the operation reads `call.request.body`, and the shape holds query and path only.
    form: the body may be a posted form (`multipart/form-data`) instead of JSON; a file in it is a field of bytes.
    opaque: it speaks another protocol: neither query nor body is read, and the shape holds path parameters only.
    rate_limit: the group of operations that share a limit on calls per second, where the module's own is not it.
    privilege: raises where the caller may not; it is asked before the operation, in the same transaction.
    data_plane: may be called with a token that is good for some objects alone; its privilege looks at which.
    secret: the request or the reply holds a credential; the call log keeps neither body.
    """

    atomic: bool
    public: bool
    raw: bool
    form: bool
    opaque: bool
    secret: bool
    data_plane: bool
    rate_limit: str
    privilege: Privilege


class Routes:
    """The operations that one api module declares.

    Args:
        rate_limit: the group of operations that share a limit on calls per second, if they have one.
        logged: whether calls of them are in the call log.
        renders: how their errors look, where that is not as everywhere else.
    """

    def __init__(self, rate_limit: str | None = None, *, logged: bool = True, renders: Renders | None = None) -> None:
        self._operations: list[Operation] = []
        self._rate_limit = rate_limit
        self._logged = logged
        self._renders = renders

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def get(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a GET operation; see `route`."""
        return self.route("GET", *paths, **options)

    def head(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a HEAD operation; see `route`."""
        return self.route("HEAD", *paths, **options)

    def post(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a POST operation; see `route`."""
        return self.route("POST", *paths, **options)

    def put(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a PUT operation; see `route`."""
        return self.route("PUT", *paths, **options)

    def patch(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a PATCH operation; see `route`."""
        return self.route("PATCH", *paths, **options)

    def delete(self, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare a DELETE operation; see `route`."""
        return self.route("DELETE", *paths, **options)

    def route(self, method: str, *paths: str, **options: Unpack[Options]) -> Callable[[F], F]:
        """Declare an operation, under one path or several.

        Args:
            method: the HTTP method.
            paths: with `<name>` for one segment and `<path:name>` for the rest; such a name is a field of the shape.
            options: see `Options`.
        """

        def declare(function: F) -> F:
            service, shape = _annotations(function)
            decided_by = _annotations(options["privilege"])[0] if "privilege" in options else None
            for path in paths:
                operation = Operation(
                    method,
                    path,
                    function,
                    service,
                    shape,
                    logged=self._logged,
                    rate_limit=self._rate_limit,
                    renders=self._renders,
                    decided_by=decided_by,
                )
                self._operations.append(replace(operation, **options))
            return function

        return declare


def _annotations(function: Callable[..., Any]) -> tuple[type, type[Shape] | None]:
    hints = get_type_hints(function)
    service, _call, *shape = inspect.signature(function).parameters
    return hints[service], hints[shape[0]] if shape else None
