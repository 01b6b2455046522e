"""Operations that clients know and fakebricks does not compute, each refused by its name and with the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fakebricks.ids import WorkspaceIdentity
from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.operations import Call, Routes, Shape


class Anything(Shape, forbid_unknown_fields=False):
    """Whatever such a request holds."""


def refuse_all(routes: Routes, refused: Mapping[str, Mapping[str, str]]) -> None:
    """Declare operations that are answered with 501.

    Args:
        routes: where they are declared.
        refused: why, and what to do instead: what is refused for that reason, by name; `METHOD /path` is what is asked.
    """
    for why, operations in refused.items():
        for name, asked in operations.items():
            method, path = asked.split(" ")
            routes.route(method, path, raw=True)(_refusing(name, why))


def refusal(call: Call, why: str, name: str = "") -> NotImplementedByFakebricks:
    """The error for one such call.

    Args:
        call: what was asked.
        why: the reason, and what to do instead.
        name: the operation's name for clients, where its path does not tell.
    """
    asked = f"'{call.request.method} {call.request.path}'{f' ({name})' if name else ''}"
    return NotImplementedByFakebricks(f"fakebricks does not implement {asked}: {why}.")


def _refusing(name: str, why: str) -> Callable[..., None]:
    def refuse(workspace: WorkspaceIdentity, call: Call, body: Anything) -> None:  # noqa: ARG001 - the declaration
        raise refusal(call, why, name)

    refuse.__name__ = name
    return refuse
