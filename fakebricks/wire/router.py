"""Finding the operation of a request, and the help that is given where there is none."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, PathConverter, Rule

from fakebricks.wire.errors import NotImplementedByFakebricks
from fakebricks.wire.messages import Request
from fakebricks.wire.operations import Operation

_SUGGESTIONS = 3


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


class Router:
    """All declared operations, by method and path."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        # Werkzeug lets GET answer HEAD too, so that a HEAD of its own must come first.
        heads_first = sorted(self.operations, key=lambda one: one.method != "HEAD")
        rules = [_Matched(one.path, methods=[one.method], endpoint=one) for one in heads_first]
        self._map = Map(
            rules,
            strict_slashes=False,
            merge_slashes=False,
            redirect_defaults=False,
            converters={"path": _AnyPath},
        )
        self._adapter = self._map.bind("fakebricks.test")

    def find(self, request: Request) -> tuple[Operation, dict[str, str]] | None:
        """The operation and the values of its path parameters, or None."""
        try:
            operation, places = self._adapter.match(request.path, request.method)
        except (NotFound, MethodNotAllowed):
            return None
        return operation, dict(places)

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
