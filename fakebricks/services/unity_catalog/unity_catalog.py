"""Unity Catalog: one metastore's catalogs and schemas, and where what is in them is found.

Real: the name rules, the missing, duplicate and not-empty errors, `default` and `information_schema` in every new
catalog, `force`. What lives in schemas has a module of its own, and is told of here as `SchemaContents`. Refused:
renaming catalogs and schemas, foreign and shared catalogs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, levels_of, schema_levels
from fakebricks.services.unity_catalog.records import CatalogRecord, MetastoreRecord, SchemaRecord
from fakebricks.services.unity_catalog.securables import Kind, Line, Securable
from fakebricks.state import State
from fakebricks.wire.errors import (
    CatalogAlreadyExists,
    CatalogDoesNotExist,
    CatalogNotEmpty,
    InvalidParameterValue,
    MetastoreDoesNotExist,
    ResourceDoesNotExist,
    SchemaAlreadyExists,
    SchemaDoesNotExist,
    SchemaNotEmpty,
    TableDoesNotExist,
)

SYSTEM_USER = "System user"
_INFORMATION_SCHEMA = "information_schema"
_METASTORE_NAME = "fakebricks"

# How a schema that is not empty is said to be (observed): in this order, and models are counted as functions.
_COUNTED = {Kind.TABLE: "tables", Kind.FUNCTION: "functions", Kind.VOLUME: "volumes"}


class SchemaContents(Protocol):
    """A kind of object that lives in schemas, whose module tells Unity Catalog what there is of it."""

    @property
    def kind(self) -> Kind:
        """As what it is granted on; several modules may have objects of one kind, which then share their names."""

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The one of that name, in lower case, or None."""

    def count_in(self, catalog: str, schema: str) -> int:
        """How many there are in a schema."""

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all of them from a schema."""


class UnityCatalog:
    """The objects of one metastore. Names may come in any case; they are stored in lower case.

    Args:
        grants: on the objects.
        bucket: where managed storage is; only model versions are ever stored there, and only by the route `s3`.
    """

    def __init__(self, state: State, ids: Ids, clock: Clock, grants: Grants, *, bucket: str) -> None:
        self._state = state
        self._metastore = state.table("metastore", MetastoreRecord)
        self._catalogs = state.table("catalogs", CatalogRecord)
        self._schemas = state.table("schemas", SchemaRecord)
        self._ids = ids
        self._clock = clock
        self._grants = grants
        self._contents: list[SchemaContents] = []
        self._bucket = bucket
        self.metastore_id = ids.uuid()

    @property
    def metastore(self) -> MetastoreRecord:
        """The metastore; nobody's at first."""
        return self._metastore.get(()) or MetastoreRecord(name=_METASTORE_NAME, owner=SYSTEM_USER)

    def update_metastore(self, *, owner: str) -> MetastoreRecord:
        """Make somebody, or a group, the metastore's admin.

        Raises:
            PrincipalDoesNotExist: the account has none of that name.
        """
        self._grants.require_principal(owner)
        changed = replace(self.metastore, owner=owner)
        self._metastore.put((), changed)
        return changed

    @property
    def metastore_root(self) -> str:
        """Where managed storage starts."""
        return f"s3://{self._bucket}/{self.metastore_id}"

    def also_holds(self, contents: SchemaContents) -> None:
        """Find `contents` in schemas, count them when one must be empty, and remove them when forced."""
        self._contents.append(contents)

    def line(self, kind: Kind, full_name: str) -> Line:
        """The object of that name with its parents, from the metastore down; shorter where something is missing.

        The name may have more levels than the kind: those of something that is in it.
        """
        levels = full_name.lower().split(".")
        metastore = Securable(Kind.METASTORE, self.metastore.name, self.metastore_id, self.metastore.owner)
        if kind is Kind.METASTORE:
            return (metastore,)
        catalog = self._catalogs.get((levels[0],))
        if catalog is None:
            return (metastore,)
        above: Line = (metastore, Securable(Kind.CATALOG, catalog.name, catalog.id, catalog.owner))
        schema = None if kind is Kind.CATALOG else self._schemas.get(tuple(levels[:2]))
        if schema is None:
            return above
        above = (*above, Securable(Kind.SCHEMA, schema.full_name, schema.id, schema.owner))
        found = None if kind is Kind.SCHEMA else self.find(kind, *levels[:3])
        return above if found is None else (*above, found)

    def require_line(self, kind: Kind, full_name: str) -> Line:
        """As `line`, whole.

        Raises:
            InvalidParameterValue: the name is not one of such an object.
            CatalogDoesNotExist, SchemaDoesNotExist, TableDoesNotExist, ResourceDoesNotExist: something is missing.
        """
        line = self.line(kind, full_name)
        if kind is Kind.METASTORE:
            if full_name.lower() not in (self.metastore_id, self.metastore.name):
                raise MetastoreDoesNotExist(f"Metastore '{full_name}' does not exist.")
            return line
        levels = levels_of(full_name, kind.depth)
        if len(line) > kind.depth:
            return line
        self.require_catalog(levels[0])
        if kind is not Kind.CATALOG:
            self.require_schema(levels[0], levels[1])
        missing = TableDoesNotExist if kind is Kind.TABLE else ResourceDoesNotExist
        raise missing(f"{kind.noun} '{full_name.lower()}' does not exist.")

    def find(self, kind: Kind, catalog: str, schema: str, name: str = "") -> Securable | None:
        """The object of that kind and name in a schema, or None; all in lower case."""
        candidates = (contents.find(catalog, schema, name) for contents in self._contents if contents.kind is kind)
        return next((one for one in candidates if one is not None), None)

    def create_catalog(
        self,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> CatalogRecord:
        """A new catalog, with its schemas `default` and `information_schema`.

        Raises:
            InvalidParameterValue: the name is not valid.
            CatalogAlreadyExists: there is one of that name.
        """
        stored = checked_name(name, "RPC CreateCatalog Field managedcatalog.CatalogInfo.name")
        if self._catalogs.get((stored,)):
            raise CatalogAlreadyExists(f"Catalog '{stored}' already exists")
        now = self._clock.millis()
        identity = self._ids.uuid()
        catalog = CatalogRecord(
            id=identity,
            name=stored,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            comment=comment,
            properties=dict(properties or {}),
            storage_root=storage_root,
            storage_location=f"{storage_root or self.metastore_root}/__unitystorage/catalogs/{identity}",
        )
        with self._state.transaction():
            self._catalogs.put((stored,), catalog)
            self._add_schema(stored, "default", owner, comment="Default schema (auto-created)")
            self._add_schema(stored, _INFORMATION_SCHEMA, SYSTEM_USER, comment="Information schema (auto-created)")
        return catalog

    def catalogs(self, after: str | None = None) -> Iterator[CatalogRecord]:
        """The catalogs by name, from the one after `after` on."""
        for _, catalog in self._catalogs.scan(after=None if after is None else (after,)):
            yield catalog

    def require_catalog(self, name: str) -> CatalogRecord:
        """The catalog of that name.

        Raises:
            CatalogDoesNotExist: there is none.
        """
        catalog = self._catalogs.get((name.lower(),))
        if catalog is None:
            raise CatalogDoesNotExist(f"Catalog '{name.lower()}' does not exist.")
        return catalog

    def update_catalog(self, name: str, user: str, changes: Mapping[str, object]) -> CatalogRecord:
        """Change `owner`, `comment`, `properties` or `isolation_mode`.

        Raises:
            CatalogDoesNotExist: there is none.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self.check_owner(changes)
        changed = replace(self.require_catalog(name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._catalogs.put((changed.name,), changed)
        return changed

    def delete_catalog(self, name: str, *, force: bool = False) -> None:
        """Remove a catalog; with `force`, also everything in it.

        Raises:
            CatalogDoesNotExist: there is none.
            CatalogNotEmpty: it has a schema other than `information_schema`, even `default` (inferred: Terraform's
                provider removes `default` of each catalog that it makes), and `force` is false.
        """
        catalog = self.require_catalog(name)
        schemas = list(self.schemas(catalog.name))
        own = [schema for schema in schemas if schema.name != _INFORMATION_SCHEMA]
        if own and not force:
            raise CatalogNotEmpty(f"Catalog '{catalog.name}' is not empty. The catalog has {len(own)} schema(s)")
        with self._state.transaction():
            for schema in schemas:
                self._remove_schema(schema)
            self._grants.forget(catalog.id)
            self._catalogs.delete((catalog.name,))

    def create_schema(
        self,
        catalog_name: str,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> SchemaRecord:
        """A new schema.

        Raises:
            CatalogDoesNotExist: there is no such catalog.
            InvalidParameterValue: the name is not valid.
            SchemaAlreadyExists: there is one of that name.
        """
        stored = checked_name(name, "RPC CreateSchema Field managedcatalog.SchemaInfo.name")
        catalog = self.require_catalog(catalog_name)
        if self._schemas.get((catalog.name, stored)):
            raise SchemaAlreadyExists(f"Schema '{catalog.name}.{stored}' already exists")
        return self._add_schema(
            catalog.name, stored, owner, comment=comment, properties=properties, storage_root=storage_root
        )

    def schemas(self, catalog: str, after: str | None = None) -> Iterator[SchemaRecord]:
        """The schemas of a catalog by name, from the one after `after` on; none where there is no such catalog."""
        prefix = (catalog.lower(),)
        for _, schema in self._schemas.scan(prefix, after=None if after is None else (*prefix, after)):
            yield schema

    def require_schema(self, catalog: str, schema: str) -> SchemaRecord:
        """The schema of that name.

        Raises:
            CatalogDoesNotExist: there is no such catalog.
            SchemaDoesNotExist: there is no such schema in it.
        """
        found = self._schemas.get((self.require_catalog(catalog).name, schema.lower()))
        if found is None:
            raise SchemaDoesNotExist(f"Schema '{catalog.lower()}.{schema.lower()}' does not exist.")
        return found

    def update_schema(self, full_name: str, user: str, changes: Mapping[str, object]) -> SchemaRecord:
        """Change `owner`, `comment` or `properties`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self.check_owner(changes)
        found = self.require_schema(*schema_levels(full_name))
        changed = replace(found, updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._schemas.put((changed.catalog_name, changed.name), changed)
        return changed

    def delete_schema(self, full_name: str, *, force: bool = False) -> None:
        """Remove a schema; with `force`, also everything in it.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            SchemaNotEmpty: something is in it and `force` is false; the text is the platform's (observed). Models are
                counted as functions, which is the kind they are granted as (inferred).
        """
        schema = self.require_schema(*schema_levels(full_name))
        if schema.name == _INFORMATION_SCHEMA:
            raise InvalidParameterValue(f"Schema '{schema.full_name}' is managed by the system; it cannot be deleted.")
        if not force:
            self._require_empty(schema)
        with self._state.transaction():
            self._remove_schema(schema)

    def check_owner(self, changes: Mapping[str, object]) -> None:
        """Refuse changes that name an owner whom the account does not have.

        Raises:
            PrincipalDoesNotExist: it has none of that name.
        """
        if "owner" in changes:
            self._grants.require_principal(str(changes["owner"]))

    def _add_schema(
        self,
        catalog: str,
        name: str,
        owner: str,
        *,
        comment: str | None = None,
        properties: Mapping[str, str] | None = None,
        storage_root: str | None = None,
    ) -> SchemaRecord:
        now = self._clock.millis()
        schema = SchemaRecord(
            id=self._ids.uuid(),
            catalog_name=catalog,
            name=name,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            comment=comment,
            properties=dict(properties or {}),
            storage_root=storage_root,
        )
        self._schemas.put((catalog, name), schema)
        return schema

    def _require_empty(self, schema: SchemaRecord) -> None:
        counts = dict.fromkeys(_COUNTED, 0)
        for contents in self._contents:
            counts[contents.kind] += contents.count_in(schema.catalog_name, schema.name)
        if any(counts.values()):
            told = ", ".join(f"{count} {_COUNTED[kind]}(s)" for kind, count in counts.items())
            raise SchemaNotEmpty(f"Schema '{schema.full_name}' is not empty. The schema has {told}")

    def _remove_schema(self, schema: SchemaRecord) -> None:
        for contents in self._contents:
            contents.remove_from(schema.catalog_name, schema.name)
        self._grants.forget(schema.id)
        self._schemas.delete((schema.catalog_name, schema.name))
