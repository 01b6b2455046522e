"""Finding the operation of a request, and the help that is given where there is none.

A part of a path that is spelled out goes before one that may be anything, and that before the rest of a path; an
operation of another method stands in nobody's way. A slash at the end says nothing, and GET answers HEAD too, where
that is not declared itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.messages import Request
from fakebricks.wire.operations import Operation

Declares = Callable[[], Iterable[Operation]]

_SUGGESTIONS = 3


class Router:
    """All declared operations, by method and path.

    Args:
        rooms: what declares the operations of a room, with texts of which one is in most of their paths. No two rooms
            have operations for the same path. Those of a room are declared when a path is asked for that has a text of
            it; before a path is given up, all are.
    """

    def __init__(self, rooms: Mapping[Declares, Sequence[str]]) -> None:
        self._operations: tuple[Operation, ...] = ()
        self._root = _Branch()
        self._undeclared = rooms
        self._declaring = Lock()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        self._declare(self._undeclared)
        return self._operations

    def find(self, request: Request) -> tuple[Operation, dict[str, str]] | None:
        """The operation and the values of its path parameters, or None."""
        while True:
            undeclared = self._undeclared  # looked at first: others may declare meanwhile
            found = self._find(request)
            if found is not None or not undeclared:
                return found
            likely = {one: texts for one, texts in undeclared.items() if any(text in request.path for text in texts)}
            self._declare(likely or undeclared)

    def refusal(self, request: Request) -> NotImplementedByFakebricks:
        """What an unknown route gets: never a 404, which would look like a missing resource."""
        asked = f"{request.method} {request.path}"
        known = {f"{one.method} {one.path}" for one in self.operations}
        near = difflib.get_close_matches(asked, known, n=_SUGGESTIONS, cutoff=0.6)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        return NotImplementedByFakebricks(
            f"fakebricks does not implement '{asked}'.{hint} "
            "If the path is right and the platform serves it, please open an issue that names this operation."
        )

    def _find(self, request: Request) -> tuple[Operation, dict[str, str]] | None:
        parts = request.path.lstrip("/").split("/")
        for method in ("HEAD", "GET") if request.method == "HEAD" else (request.method,):
            found = self._root.find(method, parts)
            if found is not None:
                operation, values = found
                return operation, dict(zip(operation.places, values, strict=True))
        return None

    def _declare(self, rooms: Mapping[Declares, Sequence[str]]) -> None:
        """Have rooms declare their operations, if they have not yet."""
        with self._declaring:
            for declares in rooms:
                if declares in self._undeclared:
                    self._add(tuple(declares()))
            self._undeclared = {one: texts for one, texts in self._undeclared.items() if one not in rooms}

    def _add(self, operations: tuple[Operation, ...]) -> None:
        for one in operations:
            self._root.add(one)
        self._operations += operations


@dataclass(slots=True)
class _Branch:
    """The operations whose paths begin with the same parts."""

    spelled_out: dict[str, _Branch] = field(default_factory=dict)
    anything: _Branch | None = None
    here: dict[str, Operation] = field(default_factory=dict)
    """Those whose paths end here, by method."""
    rest: dict[str, Operation] = field(default_factory=dict)
    """Those that take whatever else a path has, by method."""

    def add(self, operation: Operation) -> None:
        branch = self
        for part in operation.path.removeprefix("/").split("/"):
            if part.startswith("<path:"):
                branch.rest[operation.method] = operation
                return
            branch = branch._next(part)
        branch.here[operation.method] = operation

    def find(self, method: str, parts: list[str], at: int = 0) -> tuple[Operation, list[str]] | None:
        """The operation for the parts from one on, and the values of its path parameters."""
        left = len(parts) - at
        if left == 0 or (left == 1 and not parts[at]):
            operation = self.here.get(method)
            return (operation, []) if operation else None
        part = parts[at]
        spelled_out = self.spelled_out.get(part)
        found = spelled_out.find(method, parts, at + 1) if spelled_out else None
        if found is None and part and self.anything:
            found = self.anything.find(method, parts, at + 1)
            if found:
                found[1].insert(0, part)
        if found is None and method in self.rest:
            rest = "/".join(parts[at:])
            return (self.rest[method], [rest]) if rest else None
        return found

    def _next(self, part: str) -> _Branch:
        if not part.startswith("<"):
            return self.spelled_out.setdefault(part, _Branch())
        if self.anything is None:
            self.anything = _Branch()
        return self.anything
