"""What operations are promised about the shapes that they get."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakebricks.wire import Call, Operation, Request, Routes, Shape
from fakebricks.wire.decoding import decode
from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, MalformedRequest


class Part(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    number: float = 0


class Body(Shape):
    name: str
    count: int = 0
    on: bool = False
    parts: list[Part] = []
    tags: list[str] | None = None


class Domain:
    pass


routes = Routes()


@routes.post("/thing/<name>")
def thing(domain: Domain, call: Call, body: Body) -> None:
    """An operation of no service."""


@routes.post("/nothing")
def nothing(domain: Domain, call: Call) -> None:
    """An operation that takes nothing."""


THING, NOTHING = tuple(routes)


def decoded(operation: Operation = THING, body: object = None, url: str = "/thing", **places: str) -> Shape:
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return decode(operation, Request.of("POST", url, body=content), places)


def test_body_query_and_path_are_one():
    body = decoded(body={"parts": [{"key": "a"}]}, url="/thing?count=3&on=true&tags=x&tags=y", name="n")
    assert (body.name, body.count, body.on, body.tags) == ("n", 3, True, ["x", "y"])
    assert body.parts == [Part("a")]


def test_numbers_and_booleans_may_be_strings_as_in_protobuf_json():
    body = decoded(body={"name": "n", "count": "12", "on": "false", "parts": [{"key": "k", "number": "1.5"}]})
    assert (body.count, body.on, body.parts[0].number) == (12, False, 1.5)


def test_null_is_as_good_as_absent():
    assert decoded(body={"name": "n", "count": None}).count == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Missing value for required parameter 'name'"),
        ({"name": 5}, "Invalid value for parameter 'name': expected str, got int"),
        ({"name": "n", "count": "x"}, "'count'"),
        ({"name": "n", "coutn": 1}, "Unknown field 'coutn'"),
        ({"name": "n", "parts": [{"key": "k", "nmber": 1}]}, "nmber"),
        ({"name": "n", "parts": [{}]}, "key"),
    ],
)
def test_a_refusal_names_the_field(body, says):
    with pytest.raises(InvalidParameterValue, match=".") as refused:
        decoded(body=body)
    assert says in refused.value.message


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"name": NaN}', b"1", b"null"]
)
def test_what_is_not_a_json_object(body):
    with pytest.raises(MalformedRequest):
        decoded(body=body)


def test_said_twice():
    with pytest.raises(InvalidParameterValue, match="given twice"):
        decoded(body={"name": "other"}, name="n")
    assert decoded(body={"name": "n"}, name="n").name == "n"


def test_an_operation_that_takes_nothing_refuses_everything():
    decoded(NOTHING, url="/nothing?o=1234")
    with pytest.raises(InvalidParameterValue, match="Unknown field 'x'"):
        decoded(NOTHING, url="/nothing?x=1")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(body=JSON | st.dictionaries(st.sampled_from(["name", "count", "on", "parts", "tags"]), JSON))
def test_whatever_comes_is_decoded_or_refused_in_the_platforms_way(body):
    try:
        decoded(body=body)
    except DatabricksError as error:
        assert error.status == 400
        assert error.message


@given(body=st.binary())
def test_bytes_are_decoded_or_refused(body):
    try:
        decoded(body=body)
    except DatabricksError as error:
        assert error.status == 400
