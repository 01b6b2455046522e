"""REST operations of functions, as databricks-sdk speaks them."""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Literal

import msgspec

from fakebricks.services.unity_catalog.authority import needs
from fakebricks.services.unity_catalog.metastore import Metastore
from fakebricks.services.unity_catalog.records import FunctionRecord
from fakebricks.services.unity_catalog.rules import Rule
from fakebricks.services.unity_catalog.shapes import Page, Told, common, page, schema_of
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Call, Routes, Shape

routes = Routes()

_FUNCTIONS = "/api/2.1/unity-catalog/functions"
name = attrgetter("name")

TypeName = Literal[
    "ARRAY",
    "BINARY",
    "BOOLEAN",
    "BYTE",
    "CHAR",
    "DATE",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "GEOGRAPHY",
    "GEOMETRY",
    "INT",
    "INTERVAL",
    "LONG",
    "MAP",
    "NULL",
    "SHORT",
    "STRING",
    "STRUCT",
    "TABLE_TYPE",
    "TIMESTAMP",
    "TIMESTAMP_NTZ",
    "USER_DEFINED_TYPE",
    "VARIANT",
]


class Parameter(Shape, omit_defaults=True):
    name: str
    type_text: str
    type_name: TypeName
    position: int
    comment: str | None = None
    parameter_default: str | None = None
    parameter_mode: Literal["IN"] | None = None
    parameter_type: Literal["COLUMN", "PARAM"] | None = None
    type_interval_type: str | None = None
    type_json: str | None = None
    type_precision: int | None = None
    type_scale: int | None = None


class Parameters(Shape, omit_defaults=True):
    parameters: tuple[Parameter, ...] = ()


class Definition(Shape, omit_defaults=True):
    """What is kept of a function as it was said."""

    input_params: Parameters
    data_type: TypeName
    full_data_type: str
    routine_body: Literal["SQL", "EXTERNAL"]
    routine_definition: str
    parameter_style: Literal["S"]
    is_deterministic: bool
    sql_data_access: Literal["CONTAINS_SQL", "NO_SQL", "READS_SQL_DATA"]
    is_null_call: bool
    security_type: Literal["DEFINER"]
    specific_name: str
    external_language: str | None = None
    external_name: str | None = None
    properties: str | None = None
    return_params: Parameters | None = None
    routine_dependencies: dict[str, Any] | None = None
    sql_path: str | None = None

    def described(self) -> dict[str, Any]:
        """The fields of a definition alone, as JSON."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return {field: value for field, value in built.items() if field in Definition.__struct_fields__}


class NewFunction(Definition, kw_only=True):
    name: str
    catalog_name: str
    schema_name: str
    comment: str | None = None


class CreateFunction(Shape):
    function_info: NewFunction


class FunctionName(Shape):
    name: str
    include_browse: bool = False


class ListFunctions(Page, kw_only=True):
    catalog_name: str
    schema_name: str


class UpdateFunction(Shape):
    name: str
    owner: str | None = None


class DeleteFunction(Shape):
    name: str
    force: bool = False


class FunctionInfo(Told, kw_only=True):
    function_id: str
    properties: str | None = None  # type: ignore[assignment] # a function's are text (documented)
    catalog_name: str
    schema_name: str
    input_params: dict[str, Any] | None = None
    data_type: str = ""
    full_data_type: str = ""
    routine_body: str = ""
    routine_definition: str = ""
    parameter_style: str = ""
    is_deterministic: bool | None = None
    sql_data_access: str = ""
    is_null_call: bool | None = None
    security_type: str = ""
    specific_name: str = ""
    external_language: str | None = None
    external_name: str | None = None
    return_params: dict[str, Any] | None = None
    routine_dependencies: dict[str, Any] | None = None
    sql_path: str | None = None


@routes.post(_FUNCTIONS, privilege=needs(Rule.CREATE_FUNCTION, lambda body: schema_of(body.function_info)))
def create_function(metastore: Metastore, call: Call, body: CreateFunction) -> FunctionInfo:
    asked = body.function_info
    names = [one.name.lower() for one in asked.input_params.parameters]
    if len(set(names)) < len(names):
        raise InvalidParameterValue("Two parameters of a function cannot have the same name.")
    created = metastore.functions.create(
        asked.catalog_name,
        asked.schema_name,
        asked.name,
        call.caller.user_name,
        comment=asked.comment,
        definition=asked.described(),
    )
    return _function(metastore, call, created)


@routes.get(f"{_FUNCTIONS}/<name>", privilege=needs(Rule.SEE_FUNCTION, name))
def get_function(metastore: Metastore, call: Call, body: FunctionName) -> FunctionInfo:
    return _function(metastore, call, metastore.functions.require(body.name))


@routes.get(_FUNCTIONS, privilege=needs(Rule.SEE_SCHEMA, schema_of))
def list_functions(metastore: Metastore, call: Call, body: ListFunctions) -> dict[str, Any]:
    """Those that the caller may see; registered models have a list of their own."""
    schema = metastore.unity_catalog.require_schema(body.catalog_name, body.schema_name)

    def visible(after: str | None) -> Iterator[FunctionRecord]:
        found = metastore.functions.list(schema.catalog_name, schema.name, after)
        return metastore.authority.allowed(Rule.SEE_FUNCTION, found, call.caller, browse=body.include_browse)

    return page("functions", body, visible, lambda one: _function(metastore, call, one), schema.full_name)


@routes.patch(f"{_FUNCTIONS}/<name>", privilege=needs(Rule.MANAGE_FUNCTION, name))
def update_function(metastore: Metastore, call: Call, body: UpdateFunction) -> FunctionInfo:
    changes: dict[str, object] = {} if body.owner is None else {"owner": body.owner}
    return _function(metastore, call, metastore.functions.update(body.name, call.caller.user_name, changes))


@routes.delete(f"{_FUNCTIONS}/<name>", privilege=needs(Rule.MANAGE_FUNCTION, name))
def delete_function(metastore: Metastore, call: Call, body: DeleteFunction) -> None:
    """Nothing is in a function, so that `force` changes nothing."""
    metastore.functions.delete(body.name)


def _function(metastore: Metastore, call: Call, record: FunctionRecord) -> FunctionInfo:
    return FunctionInfo(
        **{
            **common(metastore.id, record, record.full_name),
            **record.definition,
            "browse_only": metastore.authority.browses_only(Rule.SEE_FUNCTION, record.full_name, call.caller),
            "function_id": record.id,
            "catalog_name": record.catalog_name,
            "schema_name": record.schema_name,
        }
    )
