"""From a request to the typed shape that its operation declares.

Real: what is malformed, missing, of a wrong type or unknown is refused before an operation sees it, with the field's
name in the message. The platform ignores unknown fields; the fake refuses them, because a field that is silently
ignored is a promise not kept.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from fakebricks.wire.errors import DatabricksError, InvalidParameterValue, MalformedRequest
from fakebricks.wire.forms import form_fields, is_form
from fakebricks.wire.messages import Request
from fakebricks.wire.operations import Operation, Shape

# Links copied from a workspace's pages carry the workspace id under this name; it is not part of any operation.
_IGNORED_QUERY = "o"

_MISSING = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<field>[^`]+)`")
_WRONG = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")
_AT = re.compile(r" - at `(?:key in )?\$\.?(?P<where>[^`]*)`$")


class _Nothing(Shape):
    """The shape of an operation that takes nothing."""


def decode(operation: Operation, request: Request, places: dict[str, str]) -> Shape:
    """The request in its operation's shape.

    Args:
        operation: what the router found.
        request: as it came.
        places: the values of the path parameters.

    Raises:
        MalformedRequest: the body is not a JSON object.
        InvalidParameterValue: a field is missing, unknown, of a wrong type, or said twice in two ways.
    """
    shape = operation.shape or _Nothing
    try:
        fields = _fields(operation, request)
        if not operation.opaque:
            _add(fields, _query(request, _lists(shape)))
        _add(fields, places)
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(str(error)) from None


def _fields(operation: Operation, request: Request) -> dict[str, Any]:
    if operation.raw or operation.opaque:
        return {}
    if operation.form and is_form(request):
        return form_fields(request)
    return _body(request.body)


def _body(body: bytes) -> dict[str, Any]:
    if not body.strip():
        return {}
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = f"Invalid JSON given in the body of the request - failed to parse given JSON ({error})"
        raise MalformedRequest(message) from None
    if not isinstance(fields, dict):
        message = "Invalid JSON given in the body of the request - expected a map"
        raise MalformedRequest(message)
    return {name: value for name, value in fields.items() if value is not None}


def _query(request: Request, lists: frozenset[str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in request.query:
        if name in lists:
            fields.setdefault(name, []).append(value)
        elif name != _IGNORED_QUERY:
            fields[name] = value
    return fields


def _add(fields: dict[str, Any], more: dict[str, Any]) -> None:
    """Merge what stands in another part of the request; the same field may stand in both, if it says the same."""
    for name, value in more.items():
        if name in fields and fields[name] != value and str(fields[name]) != value:
            message = f"Parameter '{name}' was given twice, as {fields[name]!r} and as {value!r}."
            raise InvalidParameterValue(message)
        fields[name] = value


@cache
def _lists(shape: type[Shape]) -> frozenset[str]:
    """The fields that may be repeated in a query."""
    return frozenset(name for name, hint in get_type_hints(shape).items() if _is_list(hint))


def _is_list(hint: Any) -> bool:
    return get_origin(hint) in (list, tuple) or any(_is_list(part) for part in get_args(hint))


def _refusal(text: str) -> DatabricksError:
    """MLflow's and the gateway's ways of saying what msgspec found."""
    at = _AT.search(text)
    where = at["where"] if at else ""
    if missing := _MISSING.search(text):
        name = f"{where}.{missing['field']}".lstrip(".")
        advice = "See the API docs for more information about request parameters."
        return InvalidParameterValue(f"Missing value for required parameter '{name}'. {advice}")
    if unknown := _UNKNOWN.search(text):
        name = f"{where}.{unknown['field']}".lstrip(".")
        return InvalidParameterValue(f"Unknown field '{name}': fakebricks does not know it for this operation.")
    if wrong := _WRONG.search(text):
        return InvalidParameterValue(
            f"Invalid value for parameter '{where}': expected {wrong['expected']}, got {wrong['got']}."
        )
    return InvalidParameterValue(f"Invalid value for parameter '{where}': {_AT.sub('', text)}.")
