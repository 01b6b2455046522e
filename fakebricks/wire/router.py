"""Finding the operation of a request, and the help that is given where there is none."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from threading import Lock
from typing import NamedTuple

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, MapAdapter, PathConverter, Rule

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
        self._rooms = [_Room(declares, texts) for declares, texts in rooms.items()]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        return tuple(chain.from_iterable(room.declared().operations for room in self._rooms))

    def find(self, request: Request) -> tuple[Operation, dict[str, str]] | None:
        """The operation and the values of its path parameters, or None."""
        for room in self._likely_first(request.path):
            try:
                operation, places = room.declared().paths.match(request.path, request.method)
            except (NotFound, MethodNotAllowed):
                continue
            return operation, dict(places)
        return None

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

    def _likely_first(self, path: str) -> Iterator[_Room]:
        unlikely = []
        for room in self._rooms:
            if room.may_have(path):
                yield room
            else:
                unlikely.append(room)
        yield from unlikely


class _Declared(NamedTuple):
    operations: tuple[Operation, ...]
    paths: MapAdapter


class _Room:
    """The operations of one room, which are declared once, when they are first needed."""

    def __init__(self, declares: Declares, texts: Sequence[str]) -> None:
        self._declares = declares
        self._texts = texts
        self._declared: _Declared | None = None
        self._declaring = Lock()

    def may_have(self, path: str) -> bool:
        return any(text in path for text in self._texts)

    def declared(self) -> _Declared:
        if self._declared is None:
            with self._declaring:
                self._declared = self._declared or _by_path(tuple(self._declares()))
        return self._declared


class _AnyPath(PathConverter):
    """The rest of a path, whatever it is: it is for the operation to refuse line breaks and empty parts by name."""

    regex = "(?s:.+?)"
    part_isolating = False


class _Matched(Rule):
    """A rule that is matched and never built a path from; compiling what builds one takes most of a rule's time."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return _not_built


def _not_built(*_: object) -> tuple[str, str]:
    raise NotImplementedError


def _by_path(operations: tuple[Operation, ...]) -> _Declared:
    # Werkzeug lets GET answer HEAD too, so that a HEAD of its own must come first.
    heads_first = sorted(operations, key=lambda one: one.method != "HEAD")
    paths = Map(
        [_Matched(one.path, methods=[one.method], endpoint=one) for one in heads_first],
        strict_slashes=False,
        merge_slashes=False,
        redirect_defaults=False,
        converters={"path": _AnyPath},
    )
    return _Declared(operations, paths.bind("fakebricks.test"))
