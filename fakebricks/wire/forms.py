"""Posted forms: what some clients send instead of JSON, so that a file travels as it is."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from fakebricks.wire.errors import MalformedRequest
from fakebricks.wire.messages import Request

_FORM = "multipart/form-data"


def is_form(request: Request) -> bool:
    """Whether the body is a posted form."""
    return parse_options_header(request.headers.get("content-type"))[0] == _FORM


def form_fields(request: Request) -> dict[str, Any]:
    """The fields of a posted form: text, and the bytes of files.

    Raises:
        MalformedRequest: the body is not such a form.
    """
    options = parse_options_header(request.headers.get("content-type"))[1]
    parser = FormDataParser(stream_factory=_in_memory, silent=False)
    try:
        _, texts, files = parser.parse(BytesIO(request.body), _FORM, len(request.body), options)
    except ValueError as error:
        message = f"Invalid form given in the body of the request ({error})"
        raise MalformedRequest(message) from None
    return {**texts.to_dict(), **{name: file.stream.read() for name, file in files.items()}}


def _in_memory(*_: object, **__: object) -> BytesIO:
    return BytesIO()
