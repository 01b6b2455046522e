"""Functions of Unity Catalog.

Real: what is told of a function, and its name, which it shares with registered models. Only kept: parameters, types and
body, which are never looked into or run; to call a function is SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fakebricks.services.unity_catalog.names import object_levels
from fakebricks.services.unity_catalog.records import FunctionRecord
from fakebricks.services.unity_catalog.schema_objects import SchemaObjects
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.wire.errors import ResourceDoesNotExist


class Functions(SchemaObjects[FunctionRecord]):
    """The functions of one metastore."""

    kind = Kind.FUNCTION
    stored_as = ("functions", FunctionRecord)
    name_field = "RPC CreateFunction Field managedcatalog.FunctionInfo.name"

    def create(
        self,
        catalog: str,
        schema: str,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        definition: Mapping[str, Any],
    ) -> FunctionRecord:
        """A new function.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            InvalidParameterValue: the name is not valid, or the schema is the system's.
            ResourceAlreadyExists: there is a function or a registered model of that name.
        """
        key = self._free(catalog, schema, name, self.name_field)
        function = FunctionRecord(**self._made(key, owner), comment=comment, definition=dict(definition))
        self._put(function)
        return function

    def require(self, full_name: str) -> FunctionRecord:
        """The function of that name; a registered model is none (inferred).

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        key = object_levels(full_name)
        if self._records.get(key) is None and self._unity_catalog.find(self.kind, *key):
            raise ResourceDoesNotExist(f"Routine or Model '{'.'.join(key)}' is a registered model, not a function.")
        return super().require(full_name)
