"""Unity Catalog: one metastore's catalogs and schemas, and where what is in them is found.

Real: the name rules, the missing, duplicate and not-empty errors, `default` and `information_schema` in every new
catalog, `force`, new names, which take along all that is in a catalog or schema. `information_schema` is the system's:
it goes away only with its catalog, and nothing can be made in it. What lives in schemas has a module of its own, and is
told of here as `SchemaContents`. Refused: foreign and shared catalogs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, levels_of, schema_levels
from fakebricks.services.unity_catalog.records import CatalogRecord, MetastoreRecord, SchemaRecord
from fakebricks.services.unity_catalog.schema_contents import AllContents, SchemaContents
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
        self._contents = AllContents()
        self._bucket = bucket
        self.metastore_id = ids.uuid()

    @property
    def metastore(self) -> MetastoreRecord:
        """The metastore; nobody's at first."""
        return self._metastore.get(()) or MetastoreRecord(name=_METASTORE_NAME, owner=SYSTEM_USER)

    def update_metastore(
        self, *, name: str | None = None, owner: str | None = None, default_catalog_name: str | None = None
    ) -> MetastoreRecord:
        """Change the metastore; what is None stays.

        Args:
            name: a new one.
            owner: somebody, or a group, who becomes the metastore's admin; empty for the System user (documented).
            default_catalog_name: which catalog the workspace uses where none is named.

        Raises:
            InvalidParameterValue: the name is not valid.
            PrincipalDoesNotExist: the account has none of that name.
        """
        changed = self.metastore
        if name is not None:
            changed = replace(changed, name=checked_name(name, "RPC UpdateMetastore Field managedcatalog.new_name"))
        if owner:
            self._grants.require_principal(owner)
        if owner is not None:
            changed = replace(changed, owner=owner or SYSTEM_USER)
        if default_catalog_name is not None:
            changed = replace(changed, default_catalog_name=default_catalog_name)
        self._metastore.put((), changed)
        return changed

    @property
    def metastore_root(self) -> str:
        """Where managed storage starts."""
        return f"s3://{self._bucket}/{self.metastore_id}"

    def also_holds(self, contents: SchemaContents) -> None:
        """Find `contents` in schemas, count them when one must be empty, and remove them when forced."""
        self._contents.add(contents)

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
        return self._contents.find(kind, catalog, schema, name)

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
        self._require_free(stored)
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
        """Change `owner`, `comment`, `properties`, `isolation_mode` or `enable_predictive_optimization`.

        Raises:
            CatalogDoesNotExist: there is none.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self.check_owner(changes)
        changed = replace(self.require_catalog(name), updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._catalogs.put((changed.name,), changed)
        return changed

    def rename_catalog(self, name: str, new_name: str) -> CatalogRecord:
        """Give a catalog another name, with all that is in it; grants and owners stay.

        Raises:
            CatalogDoesNotExist: there is none.
            InvalidParameterValue: the new name is not valid.
            CatalogAlreadyExists: there is one of the new name.
        """
        catalog = self.require_catalog(name)
        stored = checked_name(new_name, "RPC UpdateCatalog Field managedcatalog.CatalogInfo.name")
        if stored == catalog.name:
            return catalog
        self._require_free(stored)
        renamed = replace(catalog, name=stored)
        with self._state.transaction():
            for schema in list(self.schemas(catalog.name)):
                self._move_schema(schema, replace(schema, catalog_name=stored))
            self._catalogs.delete((catalog.name,))
            self._catalogs.put((stored,), renamed)
        return renamed

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
        self._require_free(catalog.name, stored)
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

    def require_open_schema(self, catalog: str, schema: str) -> SchemaRecord:
        """The schema of that name, for something to be made in it.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            InvalidParameterValue: it is the system's.
        """
        return self._own_schema(f"{catalog}.{schema}", "added to")

    def update_schema(self, full_name: str, user: str, changes: Mapping[str, object]) -> SchemaRecord:
        """Change `owner`, `comment`, `properties` or `enable_predictive_optimization`.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            InvalidParameterValue: it is the system's.
            PrincipalDoesNotExist: the account has no such owner.
        """
        self.check_owner(changes)
        found = self._own_schema(full_name, "updated")
        changed = replace(found, updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        self._schemas.put((changed.catalog_name, changed.name), changed)
        return changed

    def rename_schema(self, full_name: str, new_name: str) -> SchemaRecord:
        """Give a schema another name in its catalog, with all that is in it; grants and owners stay.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            InvalidParameterValue: the new name is not valid, or the schema is the system's.
            SchemaAlreadyExists: there is one of the new name.
        """
        schema = self._own_schema(full_name, "renamed")
        stored = checked_name(new_name, "RPC UpdateSchema Field managedcatalog.SchemaInfo.name")
        if stored == schema.name:
            return schema
        self._require_free(schema.catalog_name, stored)
        renamed = replace(schema, name=stored)
        with self._state.transaction():
            self._move_schema(schema, renamed)
        return renamed

    def delete_schema(self, full_name: str, *, force: bool = False) -> None:
        """Remove a schema; with `force`, also everything in it.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: there is none.
            InvalidParameterValue: it is the system's.
            SchemaNotEmpty: something is in it and `force` is false; the text is the platform's (observed).
        """
        schema = self._own_schema(full_name, "deleted")
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

    def _require_free(self, catalog: str, schema: str = "") -> None:
        """Refuse the name of a catalog or schema that is there."""
        if not schema and self._catalogs.get((catalog,)):
            raise CatalogAlreadyExists(f"Catalog '{catalog}' already exists")
        if schema and self._schemas.get((catalog, schema)):
            raise SchemaAlreadyExists(f"Schema '{catalog}.{schema}' already exists")

    def _own_schema(self, full_name: str, done: str) -> SchemaRecord:
        """The schema of that name, which must not be the system's (that it cannot be changed is documented)."""
        schema = self.require_schema(*schema_levels(full_name))
        if schema.name == _INFORMATION_SCHEMA:
            raise InvalidParameterValue(f"Schema '{schema.full_name}' is managed by the system; it cannot be {done}.")
        return schema

    def _move_schema(self, schema: SchemaRecord, renamed: SchemaRecord) -> None:
        key, target = (schema.catalog_name, schema.name), (renamed.catalog_name, renamed.name)
        self._contents.move(key, target)
        self._schemas.delete(key)
        self._schemas.put(target, renamed)

    def _require_empty(self, schema: SchemaRecord) -> None:
        told = self._contents.told_in(schema.catalog_name, schema.name)
        if told:
            raise SchemaNotEmpty(f"Schema '{schema.full_name}' is not empty. The schema has {told}")

    def _remove_schema(self, schema: SchemaRecord) -> None:
        self._contents.remove_from(schema.catalog_name, schema.name)
        self._grants.forget(schema.id)
        self._schemas.delete((schema.catalog_name, schema.name))
