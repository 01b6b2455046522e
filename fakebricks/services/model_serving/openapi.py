"""An endpoint's queries, described in OpenAPI 3.1.

Real: the document's shape, from the platform's own example of a model with three columns (documented): one path for
each served entity, `dataframe_split` and `dataframe_records` with the model's params, predictions by the signature's
outputs; that it takes a signature, and an endpoint that is READY (documented). Inferred: the shapes of tensors
(`inputs` and `instances`), of columns without names, of agents' requests, and the texts of refusals.
"""

from __future__ import annotations

from typing import Any

import msgspec

from fakebricks.services.model_serving import agents, signature_schemas
from fakebricks.services.model_serving.records import Config, Declared, Endpoint, ServedEntity
from fakebricks.services.model_serving.signature_schemas import Column, Schema
from fakebricks.wire.errors import BadRequest


def document(endpoint: Endpoint, base_url: str) -> dict[str, Any]:
    """The OpenAPI document of an endpoint that is reached at that URL.

    Raises:
        BadRequest: the endpoint is not ready, or none of its models has a signature.
    """
    if endpoint.config is None:
        raise BadRequest(f"Endpoint with name '{endpoint.name}' is not ready: its OpenAPI schema is not available.")
    paths = _paths(endpoint.config)
    if not paths:
        message = (
            f"The OpenAPI schema of endpoint '{endpoint.name}' is not available: its models have no signature. Log "
            "them with one."
        )
        raise BadRequest(message)
    return {
        "openapi": "3.1.0",
        "info": {"title": endpoint.name, "version": str(endpoint.config.config_version)},
        "servers": [{"url": f"{base_url}/serving-endpoints/{endpoint.name}"}],
        "paths": paths,
    }


def _paths(config: Config) -> dict[str, Any]:
    described = [one for one in config.served_entities if one.declared.inputs]
    return {f"/served-models/{one.name}/invocations": {"post": _post(one)} for one in described}


def _post(entity: ServedEntity) -> dict[str, Any]:
    declared = entity.declared
    agent = agents.is_agent(declared.task)
    request = signature_schemas.fields(_columns(declared.inputs)) if agent else {"oneOf": _requests(declared)}
    return {
        "requestBody": {"content": _json(request), "required": True},
        "responses": {
            "200": {"description": "Successful operation", "content": _json(_response(declared, agent=agent))}
        },
    }


def _json(schema: Schema) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _requests(declared: Declared) -> list[Schema]:
    """The forms that a request may have."""
    columns = _columns(declared.inputs)
    if signature_schemas.is_tensors(columns):
        forms = {"inputs": signature_schemas.tensors(columns), "instances": signature_schemas.instances(columns)}
    elif _are_named(columns):
        forms = {"dataframe_split": _split(columns), "dataframe_records": _records(columns)}
    elif len(columns) == 1:
        forms = {"inputs": {"type": "array", "items": signature_schemas.value(columns[0])}}
    else:
        forms = {"dataframe_split": {"type": "object", "required": ["data"], "properties": {"data": _rows(columns)}}}
    params = signature_schemas.params(_columns(declared.params))
    return [_request(name, form, params) for name, form in forms.items()]


def _request(name: str, form: Schema, params: Schema | None) -> Schema:
    properties = {name: form} | ({"params": params} if params else {})
    return {"type": "object", "required": [name], "properties": properties}


def _split(columns: list[Column]) -> Schema:
    names = [column["name"] for column in columns]
    required = ", ".join(column["name"] for column in columns if signature_schemas.is_required(column))
    return {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {
                "description": f"required fields: {required}",
                "type": "array",
                "items": {"type": "string", "enum": names},
                "minItems": len(names),
                "maxItems": len(names),
            },
            "data": _rows(columns),
        },
        "examples": [{"columns": names, "data": [[signature_schemas.example(column) for column in columns]]}],
    }


def _rows(columns: list[Column]) -> Schema:
    row = {
        "type": "array",
        "prefixItems": [signature_schemas.value(column) for column in columns],
        "minItems": len(columns),
        "maxItems": len(columns),
    }
    return {"type": "array", "items": row}


def _records(columns: list[Column]) -> Schema:
    return {"type": "array", "items": signature_schemas.fields(columns)}


def _response(declared: Declared, *, agent: bool) -> Schema:
    columns = _columns(declared.outputs)
    if not agent:
        return {"type": "object", "properties": {"predictions": _predictions(columns)}}
    if columns and _are_named(columns):
        return signature_schemas.fields(columns)
    return signature_schemas.value(columns[0]) if columns else {}


def _predictions(columns: list[Column]) -> Schema:
    if not columns:
        return {}
    if signature_schemas.is_tensors(columns):
        return signature_schemas.tensors(columns)
    if _are_named(columns):
        return _records(columns)
    return {"type": "array", "items": signature_schemas.value(columns[0]) if len(columns) == 1 else {}}


def _are_named(columns: list[Column]) -> bool:
    return all(column.get("name") is not None for column in columns)


def _columns(text: str | None) -> list[Column]:
    columns: list[Column] = msgspec.json.decode(text) if text else []
    return columns
