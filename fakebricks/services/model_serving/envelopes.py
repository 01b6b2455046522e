"""What in a query's body is for the endpoint, and what is left for the model.

Real: the three fields that are the endpoint's, and that no custom model sees them. Inferred: the texts about fields
that are malformed. Refused: the trace of a streamed answer, and other Databricks options than `return_trace`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fakebricks.wire.errors import BadRequest, NotImplementedByFakebricks

_INPUTS = frozenset({"dataframe_split", "dataframe_records", "inputs", "instances"})
_FOR_ENDPOINT = frozenset({"client_request_id", "usage_context", "databricks_options"})
_LOOKED_AT = tuple(f'"{name}"'.encode() for name in (*_FOR_ENDPOINT, "stream", "messages", "input"))


class Envelope(NamedTuple):
    """A body, opened."""

    for_model: bytes
    client_request_id: str | None = None
    usage_context: Mapping[str, str] = MappingProxyType({})
    fields: frozenset[str] = frozenset()
    """What is in the body, as far as an agent would look at it."""
    stream: bool = False
    return_trace: bool = False


def opened(body: bytes, content_type: str) -> Envelope:
    """Take out of a JSON body what is not for the model; a body that is no JSON object is left to the model server.

    Raises:
        BadRequest: a field for the endpoint is malformed.
        NotImplementedByFakebricks: another Databricks option is asked for than a trace, or a trace of a stream.
    """
    sealed = Envelope(body)
    if not content_type.startswith("application/json") or not any(name in body for name in _LOOKED_AT):
        return sealed
    try:
        fields = json.loads(body)
        if not isinstance(fields, dict):
            return sealed
        for_model = _for_model(body, fields)
    except (ValueError, RecursionError):
        return sealed
    stream, return_trace = fields.get("stream") is True, _return_trace(fields)
    if stream and return_trace:
        message = (
            "fakebricks does not implement databricks_options.return_trace for streamed answers. Ask for the answer in "
            "one piece, or look for the trace with mlflow.search_traces()."
        )
        raise NotImplementedByFakebricks(message)
    told = client_request_id(fields.get("client_request_id"))
    return Envelope(
        for_model, told, usage_context(fields.get("usage_context")), frozenset(fields), stream, return_trace
    )


def client_request_id(value: Any) -> str | None:
    """The id that a client has given its request, or None.

    Raises:
        BadRequest: it is no string.
    """
    if value is not None and not isinstance(value, str):
        raise BadRequest("client_request_id must be a string.")
    return value and _text(value)


def usage_context(value: Any) -> dict[str, str]:
    """What a client wants to have beside the usage of its request.

    Raises:
        BadRequest: it is no object of strings.
    """
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise BadRequest("usage_context must be an object of strings.")
    return {_text(name): _text(one) for name, one in value.items()}


def _text(value: str) -> str:
    return value.encode(errors="replace").decode()  # half a surrogate pair is no text


def _return_trace(fields: dict[str, Any]) -> bool:
    """Whether the answer is to have the model's trace with it; other Databricks options are not known."""
    options = fields.get("databricks_options")
    if not isinstance(options, dict):
        return False
    unknown = options.keys() - {"return_trace"}
    if unknown:
        name = min(unknown)
        raise NotImplementedByFakebricks(
            f"fakebricks does not implement 'databricks_options.{name}'. Leave it out of the request."
        )
    return options.get("return_trace") is True


def _for_model(body: bytes, fields: dict[str, Any]) -> bytes:
    """MLflow ignores other keys beside its four input formats; other inputs it takes as a whole."""
    if _INPUTS & fields.keys() or not _FOR_ENDPOINT & fields.keys():
        return body
    return json.dumps({name: value for name, value in fields.items() if name not in _FOR_ENDPOINT}).encode()
