"""Requests in the form of the OpenAI client: the endpoint is named in the body, as the model.

Real: such requests reach the endpoint of that name (documented). Inferred: that the name does not reach the model, and
the texts of refusals.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from fakebricks.wire.errors import BadRequest, InvalidParameterValue


class Addressed(NamedTuple):
    """A request with the endpoint that it is for."""

    endpoint: str
    content: bytes


def addressed(body: bytes) -> Addressed:
    """A body of the OpenAI client, taken apart.

    Raises:
        BadRequest: it is no JSON object.
        InvalidParameterValue: it names no model.
    """
    try:
        fields = json.loads(body)
        if not isinstance(fields, dict):
            message = "Invalid request: the body must be a JSON object."
            raise BadRequest(message)
        content = json.dumps({name: value for name, value in fields.items() if name != "model"}).encode()
    except (ValueError, RecursionError) as error:
        message = "Invalid request: the body is not valid JSON."
        raise BadRequest(message) from error
    endpoint = fields.get("model")
    if not isinstance(endpoint, str) or not endpoint:
        message = "Invalid request: 'model' must be the name of a serving endpoint."
        raise InvalidParameterValue(message)
    return Addressed(endpoint, content)
