"""Posted forms, where an operation takes them, are decoded like JSON."""

from __future__ import annotations

import pytest

from fakebricks.wire import Call, Operation, Request, Routes, Shape
from fakebricks.wire.decoding import decode
from fakebricks.wire.errors import InvalidParameterValue, MalformedRequest


class Body(Shape):
    path: str
    content: bytes = b""
    overwrite: bool = False


class Domain:
    pass


routes = Routes()


@routes.post("/upload", form=True)
def upload(domain: Domain, call: Call, body: Body) -> None:
    """An operation that takes a form."""


@routes.post("/only-json")
def only_json(domain: Domain, call: Call, body: Body) -> None:
    """An operation that takes none."""


UPLOAD, ONLY_JSON = tuple(routes)
TEXT = 'content-disposition: form-data; name="{}"\r\n\r\n{}'
FILE = 'content-disposition: form-data; name="{}"; filename="f"\r\n\r\n{}'


def posted(*parts: str, kind: str = "multipart/form-data; boundary=xyz") -> Request:
    body = "".join(f"--xyz\r\n{part}\r\n" for part in parts) + "--xyz--\r\n"
    return Request.of("POST", "/upload", {"content-type": kind}, body.encode())


def decoded(request: Request, operation: Operation = UPLOAD) -> Shape:
    return decode(operation, request, {})


def test_text_and_files_become_fields():
    body = decoded(
        posted(TEXT.format("path", "/x"), TEXT.format("overwrite", "True"), FILE.format("content", "a\r\nb"))
    )
    assert (body.path, body.content, body.overwrite) == ("/x", b"a\r\nb", True)


def test_json_is_taken_as_well_with_bytes_in_base64():
    body = decoded(Request.of("POST", "/upload", body=b'{"path": "/x", "content": "aGk="}'))
    assert (body.path, body.content) == ("/x", b"hi")


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([FILE.format("path", "/x")], "Invalid value for parameter 'path'"),
        ([TEXT.format("path", "/x"), TEXT.format("other", "1")], "Unknown field 'other'"),
        ([TEXT.format("path", "/x"), TEXT.format("content", "###")], "Invalid value for parameter 'content'"),
        ([], "Missing value for required parameter 'path'"),
    ],
)
def test_fields_are_checked_like_those_of_json(parts: list[str], message: str):
    with pytest.raises(InvalidParameterValue) as error:
        decoded(posted(*parts))
    assert error.value.message.startswith(message)


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=other", "text/plain", ""])
def test_what_is_no_form_is_malformed(kind: str):
    with pytest.raises((MalformedRequest, InvalidParameterValue)):
        decoded(posted(TEXT.format("path", "/x"), kind=kind))


def test_an_operation_takes_no_form_unless_it_says_so():
    with pytest.raises(MalformedRequest):
        decoded(posted(TEXT.format("path", "/x")), ONLY_JSON)
