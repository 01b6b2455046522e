"""Functions of Unity Catalog.

Real: what is told of a function, and its name, which it shares with registered models. Only kept: parameters, types and
body, which are never looked into or run; to call a function is SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, object_levels
from fakebricks.services.unity_catalog.records import FunctionRecord
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import ResourceAlreadyExists, ResourceDoesNotExist


class Functions:
    """The functions of one metastore."""

    kind = Kind.FUNCTION

    def __init__(self, state: State, ids: Ids, clock: Clock, unity_catalog: UnityCatalog, grants: Grants) -> None:
        self._functions = state.table("functions", FunctionRecord)
        self._ids = ids
        self._clock = clock
        self._grants = grants
        self._unity_catalog = unity_catalog
        unity_catalog.also_holds(self)

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
        stored = checked_name(name, "RPC CreateFunction Field managedcatalog.FunctionInfo.name")
        parent = self._unity_catalog.require_open_schema(catalog, schema)
        key = (parent.catalog_name, parent.name, stored)
        if self._unity_catalog.find(self.kind, *key):
            raise ResourceAlreadyExists(f"Routine or Model '{'.'.join(key)}' already exists")
        now = self._clock.millis()
        function = FunctionRecord(
            id=self._ids.uuid(),
            catalog_name=parent.catalog_name,
            schema_name=parent.name,
            name=stored,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            comment=comment,
            definition=dict(definition),
        )
        self._functions.put(key, function)
        return function

    def require(self, full_name: str) -> FunctionRecord:
        """The function of that name; a registered model is none (inferred).

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        key = object_levels(full_name)
        self._unity_catalog.require_schema(*key[:2])
        function = self._functions.get(key)
        if function is not None:
            return function
        shown = ".".join(key)
        if self._unity_catalog.find(self.kind, *key):
            raise ResourceDoesNotExist(f"Routine or Model '{shown}' is a registered model, not a function.")
        raise ResourceDoesNotExist(f"Routine or Model '{shown}' does not exist.")

    def list(self, catalog: str, schema: str, after: str | None = None) -> Iterator[FunctionRecord]:
        """The functions of a schema by name, from the one after `after` on."""
        prefix = (catalog.lower(), schema.lower())
        for _, function in self._functions.scan(prefix, after=None if after is None else (*prefix, after)):
            yield function

    def update(self, full_name: str, user: str, changes: Mapping[str, object]) -> FunctionRecord:
        """Change `owner`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self._unity_catalog.check_owner(changes)
        changed = replace(self.require(full_name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._functions.put((changed.catalog_name, changed.schema_name, changed.name), changed)
        return changed

    def delete(self, full_name: str) -> None:
        """Remove a function.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
        """
        self._remove(self.require(full_name))

    # What Unity Catalog asks of everything that lives in its schemas

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The function of that name, or None."""
        function = self._functions.get((catalog, schema, name))
        return Securable(self.kind, function.full_name, function.id, function.owner) if function else None

    def count_in(self, catalog: str, schema: str) -> int:
        """How many functions a schema has."""
        return sum(1 for _ in self._functions.scan((catalog, schema)))

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all functions of a schema."""
        for _, function in list(self._functions.scan((catalog, schema))):
            self._remove(function)

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take the functions of a schema along to its new name."""
        for key, function in list(self._functions.scan(schema)):
            moved = replace(function, catalog_name=target[0], schema_name=target[1])
            self._functions.delete(key)
            self._functions.put((*target, moved.name), moved)

    def _remove(self, function: FunctionRecord) -> None:
        self._grants.forget(function.id)
        self._functions.delete((function.catalog_name, function.schema_name, function.name))
