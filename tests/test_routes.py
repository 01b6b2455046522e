"""The declarations of all services: each operation is found, whichever room is asked for first."""

from __future__ import annotations

import re
from itertools import combinations

import pytest

from fakebricks import routes
from fakebricks.wire import Operation, Request, Router

ROOMS = dict(routes._ROOMS)
BY_HINT = 0.95
"""How many operations need no other rooms than their own to be found, at least."""


def asked_for(operation: Operation) -> Request:
    return Request(operation.method, re.sub("<.*?>", "x", operation.path))


def test_every_operation_is_found_by_who_asks_for_it_first() -> None:
    for operation in routes.router().operations:
        found = Router(ROOMS).find(asked_for(operation))
        assert found is not None
        assert found[0] == operation


def test_nothing_is_declared_twice() -> None:
    declared = [(one.method, one.path) for one in routes.router().operations]
    assert len(declared) == len(set(declared))


def test_no_path_is_for_operations_of_two_rooms() -> None:
    # A workspace's id is a number, as which no path begins that is spelled out.
    rooms = [
        [(one.method, one.path.replace("<workspace_id>", "1").split("/")) for one in declares()] for declares in ROOMS
    ]
    for one_room, other_room in combinations(rooms, 2):
        for method, one in one_room:
            for other_method, other in other_room:
                assert method != other_method or not overlap(one, other), (method, one, other)


def overlap(one: list[str], other: list[str]) -> bool:
    """Whether there is a path that fits both."""
    for mine, theirs in zip(one, other, strict=False):
        if mine.startswith("<path:") or theirs.startswith("<path:"):
            return True
        if mine != theirs and not mine.startswith("<") and not theirs.startswith("<"):
            return False
    return len(one) == len(other)


def test_nearly_all_operations_are_found_by_what_their_paths_look_like() -> None:
    operations = [(one, texts) for declares, texts in ROOMS.items() for one in declares()]
    strays = [one.path for one, texts in operations if not any(text in one.path for text in texts)]
    assert len(strays) <= (1 - BY_HINT) * len(operations), strays


@pytest.mark.parametrize("path", ["/api/2.0/mlflow/runs/creat", "/api/2.0/clusters/list", "/"])
def test_an_unknown_path_is_compared_with_the_operations_of_all_rooms(path: str) -> None:
    router = Router(ROOMS)
    request = Request("POST", path)
    assert router.find(request) is None
    refusal = router.refusal(request)
    assert f"fakebricks does not implement 'POST {path}'" in refusal.message
    assert ("Did you mean POST /api/2.0/mlflow/runs/create" in refusal.message) == ("runs" in path)
