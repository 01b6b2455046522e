"""What the tests of Unity Catalog ask for again and again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from acting import As
from conftest import RefusedError, Rest

from fakebricks import Workspace
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.services.unity_catalog.tables import Tables
from fakebricks.wire.errors import DatabricksError

UNITY_CATALOG = "/api/2.1/unity-catalog"
CATALOGS = f"{UNITY_CATALOG}/catalogs"
SCHEMAS = f"{UNITY_CATALOG}/schemas"
TABLES = f"{UNITY_CATALOG}/tables"
FUNCTIONS = f"{UNITY_CATALOG}/functions"
MODELS = "/api/2.0/mlflow/unity-catalog/registered-models"
TAGS = f"{UNITY_CATALOG}/entity-tag-assignments"

BOB = "bob@acme.test"


def refused(ask: Callable[[], Any]) -> tuple[int, str, str]:
    """Status, error code and message of what must be refused."""
    with pytest.raises((RefusedError, DatabricksError)) as error:
        ask()
    refusal: Any = error.value
    return refusal.status, refusal.error_code, refusal.message


def names(rest: Rest, path: str, kind: str, **query: object) -> list[str]:
    return [one["name"] for one in rest.get(path, **query).get(kind, [])]


def add_table(workspace: Workspace, full_name: str) -> None:
    """Register a table that has no files."""
    column = ColumnRecord(name="amount", type_name="DOUBLE", type_text="double")
    workspace._services[Tables].create(full_name, [column], "/somewhere", "jane@acme.test")


def create_table(rest: Rest, full_name: str, *columns: dict[str, Any], **more: Any) -> Any:
    """Make a table by REST; of two columns where none is said."""
    catalog, schema, name = full_name.split(".")
    asked = {
        "table_type": "MANAGED",
        "data_source_format": "DELTA",
        "columns": list(columns) or [{"name": "id", "type_text": "bigint"}, {"name": "name", "type_text": "string"}],
        **more,
    }
    return rest.post(TABLES, name=name, catalog_name=catalog, schema_name=schema, **asked)


def function_info(full_name: str, **more: Any) -> dict[str, Any]:
    """A function that a client would create."""
    catalog, schema, name = full_name.split(".")
    return {
        "name": name,
        "catalog_name": catalog,
        "schema_name": schema,
        "input_params": {"parameters": [{"name": "x", "type_text": "int", "type_name": "INT", "position": 0}]},
        "data_type": "INT",
        "full_data_type": "int",
        "routine_body": "SQL",
        "routine_definition": "x + 1",
        "parameter_style": "S",
        "is_deterministic": True,
        "sql_data_access": "CONTAINS_SQL",
        "is_null_call": False,
        "security_type": "DEFINER",
        "specific_name": name,
        **more,
    }


def create_function(rest: Rest, full_name: str, **more: Any) -> Any:
    return rest.post(FUNCTIONS, function_info=function_info(full_name, **more))


def grant(rest: Rest, kind: str, full_name: str, *privileges: str, to: str = BOB) -> None:
    rest.patch(f"{UNITY_CATALOG}/permissions/{kind}/{full_name}", changes=[{"principal": to, "add": list(privileges)}])


def grants(rest: Rest, kind: str, full_name: str) -> Any:
    return rest.get(f"{UNITY_CATALOG}/permissions/{kind}/{full_name}")


def as_bob(rest: Rest) -> As:
    """The same calls, as an ordinary user."""
    return As(rest, BOB)
