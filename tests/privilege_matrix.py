"""Every operation of a service, asked by every kind of person: what the levels on an object allow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from fakebricks import Workspace
from fakebricks.routes import router
from fakebricks.wire import Reply, Request
from fakebricks.wire.operations import Operation

NONE = "no permission"
JSON = {"content-type": "application/json"}


def operations_of(package: str) -> list[Operation]:
    """The operations of a package that are computed."""
    return [
        one
        for one in router().operations
        if one.function.__module__.startswith(package) and not one.function.__module__.endswith("refused_api")
    ]


class World:
    """A workspace with people of every kind: an admin, a creator, a stranger, and one for each level.

    Args:
        levels: of the type of objects, the weakest first.
    """

    def __init__(self, *levels: str) -> None:
        self.levels = levels
        self.workspace = Workspace()
        self.held = {"admin": levels[-1], "creator": levels[-1], "stranger": NONE, **{one: one for one in levels}}
        self.people = {
            name: self.workspace.user(f"{name.lower()}@acme.test" if name != "admin" else self.workspace.user_name)
            for name in self.held
        }
        self.values: dict[str, Any] = {}
        """What an operation is asked with, by the names of fields."""

    def ask(self, who: str, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
        content = b"" if body is None else json.dumps(body).encode()
        authorization = {"authorization": f"Bearer {self.people[who].token}"}
        return self.workspace.handle(Request.of(method, url, {**authorization, **(headers or {})}, content))

    def made(self, who: str, method: str, url: str, body: Any = None) -> Any:
        reply = self.ask(who, method, url, body)
        assert reply.status < 400, reply.body
        return reply.json() if reply.body else None

    def share(self, url: str, *more: dict[str, str]) -> None:
        """Let the people who are called after levels have them on the object whose permissions are at a URL."""
        entries = [{"user_name": self.people[one].user_name, "permission_level": one} for one in self.levels]
        self.made("admin", "PATCH", url, {"access_control_list": [*entries, *more]})

    def holders(self, url: str) -> Iterator[tuple[str, str]]:
        """Each kind of person with the level that they have; the last ones have it as members of a group."""
        yield from self.held.items()
        before = self.workspace.snapshot()
        for level in self.levels:
            self.made(
                "admin", "PATCH", url, {"access_control_list": [{"group_name": "users", "permission_level": level}]}
            )
            yield "stranger", level
            self.workspace.restore(before)

    def perform(self, operation: Operation, who: str, **values: Any) -> Reply:
        """Ask for an operation on what there is; the state stays as it was."""
        known = {**self.values, **values}
        fields: dict[str, Any] = {}
        for one in msgspec.structs.fields(operation.shape) if operation.shape else ():
            name = one.encode_name
            if one.required or name in values or name in operation.path_parameters:
                fields[name] = known[name]
        url = operation.path
        for name in operation.path_parameters:
            place = quote(str(fields.pop(name)), safe="")
            url = url.replace(f"<path:{name}>", place).replace(f"<{name}>", place)
        before = self.workspace.snapshot()
        try:
            if operation.raw:
                return self.ask(who, operation.method, url, known["raw"], JSON)
            if operation.method == "GET":
                return self.ask(who, "GET", f"{url}?{urlencode(fields, doseq=True)}")
            return self.ask(who, operation.method, url, fields)
        finally:
            self.workspace.restore(before)


def walk(
    world: World,
    url: str,
    operation: Operation,
    needed: Callable[[str], bool],
    **values: Any,
) -> Iterator[tuple[str, Reply]]:
    """Ask for an operation as everybody: it is answered where the level is enough; who else asks, and the refusal."""
    for who, level in world.holders(url):
        reply = world.perform(operation, who, **values)
        if needed(level):
            assert reply.status < 400, (who, level, reply.status, reply.body)
            continue
        assert reply.status == 403, (who, level, reply.status, reply.body)
        assert reply.json()["error_code"] == "PERMISSION_DENIED"
        yield world.people[who].user_name, reply


def at_least(levels: tuple[str, ...], level: str) -> Callable[[str], bool]:
    """Whether a level that somebody has is that one or a stronger one."""
    return lambda held: held in levels[levels.index(level) :]
