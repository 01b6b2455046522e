"""Which operation a request is for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.routes import router
from fakebricks.wire import Call, Operation, Request, Router, Routes, Shape


class Domain:
    pass


class Anything(Shape, forbid_unknown_fields=False):
    pass


def declared(*asked: str) -> Routes:
    """Operations that are named as they are asked for, such as `GET /runs/<run>`."""
    routes = Routes()
    for one in asked:

        def operation(domain: Domain, call: Call, body: Anything) -> None:
            """An operation that is never performed."""

        operation.__name__ = one
        method, path = one.split(" ")
        routes.route(method, path)(operation)
    return routes


ROUTES = declared(
    "GET /runs/search",
    "POST /runs/<run>",
    "GET /runs/<run>",
    "GET /runs/<run>/tags/<tag>",
    "GET /runs/<path:rest>",
    "GET /files/<path:path>",
    "HEAD /files/<path:path>",
)


def found(asked: str, routes: Router) -> tuple[str, dict[str, str]] | None:
    method, path = asked.split(" ", 1)
    operation = routes.find(Request(method, path))
    return (operation[0].name, operation[1]) if operation else None


@pytest.mark.parametrize(
    ("asked", "name", "places"),
    [
        ("GET /runs/search", "GET /runs/search", {}),
        ("GET /runs/1", "GET /runs/<run>", {"run": "1"}),
        ("GET /runs/a b%\n", "GET /runs/<run>", {"run": "a b%\n"}),
        ("POST /runs/search", "POST /runs/<run>", {"run": "search"}),
        ("GET /runs/search/tags/a", "GET /runs/<run>/tags/<tag>", {"run": "search", "tag": "a"}),
        ("GET /runs/1/tags", "GET /runs/<path:rest>", {"rest": "1/tags"}),
        ("GET /runs//tags/a", "GET /runs/<path:rest>", {"rest": "/tags/a"}),
        ("GET /runs/search/", "GET /runs/search", {}),
        ("GET /runs/1/", "GET /runs/<run>", {"run": "1"}),
        ("GET //runs/1", "GET /runs/<run>", {"run": "1"}),
        ("GET /files//a//b/", "GET /files/<path:path>", {"path": "/a//b/"}),
        ("HEAD /files/a", "HEAD /files/<path:path>", {"path": "a"}),
        ("HEAD /runs/1", "GET /runs/<run>", {"run": "1"}),
    ],
)
def test_the_operation_and_its_path_parameters(asked: str, name: str, places: dict[str, str]) -> None:
    assert found(asked, Router({lambda: ROUTES: ()})) == (name, places)


@pytest.mark.parametrize("asked", ["GET /", "GET /runs", "GET /files/", "PUT /runs/1", "GET /x/runs/1"])
def test_what_no_operation_is_for(asked: str) -> None:
    assert found(asked, Router({lambda: ROUTES: ()})) is None


class Rooms:
    """Two rooms, and which of them have declared their operations."""

    def __init__(self) -> None:
        self.declared: list[str] = []
        self.router = Router({self.runs: ("/runs",), self.files: ("/files", "/volumes")})

    def runs(self) -> Iterator[Operation]:
        self.declared.append("runs")
        yield from declared("GET /runs/<run>", "GET /unlike")

    def files(self) -> Iterator[Operation]:
        self.declared.append("files")
        yield from declared("GET /files/<path:path>")


@pytest.mark.parametrize(
    ("asked", "rooms"),
    [
        (["GET /runs/1", "GET /runs/2"], ["runs"]),
        (["GET /volumes/a", "GET /files/a"], ["files", "runs"]),
        (["GET /files/runs"], ["runs", "files"]),
        (["GET /unlike"], ["runs"]),
        (["GET /runs/1", "PUT /runs/1", "PUT /runs/1"], ["runs", "files"]),
    ],
)
def test_a_room_declares_its_operations_once_when_a_path_looks_like_one_of_them(
    asked: list[str], rooms: list[str]
) -> None:
    both = Rooms()
    for one in asked:
        assert (found(one, both.router) is None) == (one.startswith("PUT") or "volumes" in one)
    assert both.declared == rooms


def test_a_room_that_could_not_declare_is_asked_again() -> None:
    tries: list[str] = []

    def fails_once() -> Routes:
        tries.append("")
        if len(tries) == 1:
            raise ModuleNotFoundError
        return ROUTES

    routes = Router({fails_once: ("/runs",)})
    with pytest.raises(ModuleNotFoundError):
        found("GET /runs/1", routes)
    assert found("GET /runs/1", routes) == ("GET /runs/<run>", {"run": "1"})


def test_a_room_that_declares_while_others_ask_hides_nothing_from_them() -> None:
    going_on, go_on = threading.Event(), threading.Event()

    def slowly() -> Iterator[Operation]:
        going_on.set()
        go_on.wait()
        yield from ROUTES

    routes = Router({slowly: ("/runs",)})
    answers: list[object] = []
    asking = [threading.Thread(target=lambda: answers.append(found("GET /runs/1", routes))) for _ in range(8)]
    for one in asking:
        one.start()
    going_on.wait()
    go_on.set()
    for one in asking:
        one.join()
    assert answers == [("GET /runs/<run>", {"run": "1"})] * 8
    assert len(routes.operations) == len(list(ROUTES))


IN_ONE_ROOM = Router({lambda: router().operations: ()})
OPERATIONS = st.deferred(lambda: st.sampled_from(router().operations))
VALUES = st.sampled_from(["v", "search", "models", "a b", "x%", "\n", ""])
PARTS = st.deferred(lambda: st.sampled_from(sorted({part for one in router().operations for part in parts(one)})))


def parts(operation: Operation) -> list[str]:
    return [part for part in operation.path.split("/") if not part.startswith("<")]


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Requests that are for an operation, or nearly so."""
    operation = draw(OPERATIONS)
    path = re.sub("<path:.*?>", lambda _: "/".join(draw(st.lists(VALUES, min_size=1, max_size=3))), operation.path)
    path = re.sub("<.*?>", lambda _: draw(VALUES), path)
    pieces = path.split("/")
    place = draw(st.integers(1, len(pieces)))
    pieces[place : place + draw(st.integers(0, 1))] = draw(st.lists(PARTS, max_size=1))
    method = draw(st.sampled_from([operation.method, operation.method, "GET", "HEAD", "POST"]))
    return Request(method, "/".join(pieces))


@given(request=requests())
def test_rooms_of_their_own_stand_in_nobody_s_way(request: Request) -> None:
    assert router().find(request) == IN_ONE_ROOM.find(request)
