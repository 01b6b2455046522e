"""Volumes of Unity Catalog: named trees of files in schemas.

Real: managed volumes, whose files go away with them and follow them to another name, because they are stored under the
volume's id. Refused: external volumes, because there are no external locations. Inferred: the error codes of a volume
that is missing or there already, which are those of models (the texts are observed, or like a table's).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name, object_levels
from fakebricks.services.unity_catalog.records import VolumePlace, VolumeRecord
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import ResourceAlreadyExists, ResourceDoesNotExist

STORED = "_Volumes"
"""Where the files of all volumes are within `Files`, each below its id."""

_NAME = "RPC {rpc} Field managedcatalog.volume.VolumeInfo.name"  # observed for `schema_name`: the Databricks CLI


class Volumes:
    """The volumes of one metastore."""

    kind = Kind.VOLUME

    def __init__(
        self, state: State, ids: Ids, clock: Clock, *, unity_catalog: UnityCatalog, grants: Grants, files: Files
    ) -> None:
        self._state = state
        self._volumes = state.table("volumes", VolumeRecord)
        self._places = state.table("volume_places", VolumePlace)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._grants = grants
        self._files = files
        unity_catalog.also_holds(self)
        files.shows(STORED, self.shown)

    def create(
        self, catalog_name: str, schema_name: str, name: str, owner: str, *, comment: str | None = None
    ) -> VolumeRecord:
        """A new managed volume, with its root directory.

        Raises:
            InvalidParameterValue: the name is not valid.
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            ResourceAlreadyExists: there is one of that name.
        """
        stored = checked_name(name, _NAME.format(rpc="CreateVolume"))
        parent = self._unity_catalog.require_open_schema(catalog_name, schema_name)
        self._require_free(parent.catalog_name, parent.name, stored)
        now = self._clock.millis()
        identity = self._ids.uuid()
        volume = VolumeRecord(
            id=identity,
            catalog_name=parent.catalog_name,
            schema_name=parent.name,
            name=stored,
            owner=owner,
            created_at=now,
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            storage_location=f"{self._unity_catalog.metastore_root}/volumes/{identity}",
            comment=comment,
        )
        with self._state.transaction():
            self._put(volume)
            self._files.make_directory(joined(directory_of(volume)), lasting=True)
        return volume

    def get(self, full_name: str) -> VolumeRecord | None:
        """The volume of that name, or None, also where its parents are missing.

        Raises:
            InvalidParameterValue: the name does not have three levels.
        """
        return self._volumes.get(object_levels(full_name))

    def require(self, full_name: str) -> VolumeRecord:
        """The volume of that name.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        catalog, schema, name = object_levels(full_name)
        self._unity_catalog.require_schema(catalog, schema)
        volume = self._volumes.get((catalog, schema, name))
        if volume is None:
            raise ResourceDoesNotExist(f"Volume '{catalog}.{schema}.{name}' does not exist.")
        return volume

    def by_id(self, volume_id: str) -> VolumeRecord | None:
        """The volume of that id, or None."""
        place = self._places.get((volume_id,))
        return self._volumes.get((place.catalog_name, place.schema_name, place.name)) if place else None

    def list(self, catalog: str, schema: str, after: str | None = None) -> Iterator[VolumeRecord]:
        """The volumes of a schema by name, from the one after `after` on."""
        prefix = (catalog.lower(), schema.lower())
        for _, volume in self._volumes.scan(prefix, after=None if after is None else (*prefix, after)):
            yield volume

    def update(
        self, full_name: str, user: str, changes: Mapping[str, object], *, new_name: str | None = None
    ) -> VolumeRecord:
        """Change `owner` or `comment`, and the name.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
            PrincipalDoesNotExist: the account has no such owner.
            InvalidParameterValue: the new name is not valid.
            ResourceAlreadyExists: another one has the new name.
        """
        self._unity_catalog.check_owner(changes)
        found = self.require(full_name)
        name = found.name if new_name is None else checked_name(new_name, _NAME.format(rpc="UpdateVolume"))
        if name != found.name:
            self._require_free(found.catalog_name, found.schema_name, name)
        changed = replace(found, name=name, updated_at=self._clock.millis(), updated_by=user, **dict(changes))
        with self._state.transaction():
            self._volumes.delete(_key(found))
            self._put(changed)
        return changed

    def delete(self, full_name: str) -> None:
        """Remove a volume, with its files.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
        """
        self._remove(self.require(full_name))

    def shown(self, parts: Parts) -> Parts:
        """The path that clients know a stored file by."""
        volume = self.by_id(parts[1]) if len(parts) > 1 else None
        return ("Volumes", *_key(volume), *parts[2:]) if volume else parts

    # What Unity Catalog asks of everything that lives in its schemas

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The volume of that name, or None."""
        volume = self._volumes.get((catalog, schema, name))
        return Securable(self.kind, volume.full_name, volume.id, volume.owner) if volume else None

    def count_in(self, catalog: str, schema: str) -> int:
        """How many volumes a schema has."""
        return sum(1 for _ in self._volumes.scan((catalog, schema)))

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all volumes of a schema, with their files."""
        for _, volume in list(self._volumes.scan((catalog, schema))):
            self._remove(volume)

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take the volumes of a schema along to its new name; their files stay where they are."""
        for key, volume in list(self._volumes.scan(schema)):
            self._volumes.delete(key)
            self._put(replace(volume, catalog_name=target[0], schema_name=target[1]))

    def _require_free(self, catalog: str, schema: str, name: str) -> None:
        if self._volumes.get((catalog, schema, name)):
            raise ResourceAlreadyExists(f"Volume '{catalog}.{schema}.{name}' already exists")

    def _put(self, volume: VolumeRecord) -> None:
        key = _key(volume)
        self._volumes.put(key, volume)
        self._places.put((volume.id,), VolumePlace(catalog_name=key[0], schema_name=key[1], name=key[2]))

    def _remove(self, volume: VolumeRecord) -> None:
        with self._state.transaction():
            self._grants.forget(volume.id)
            self._files.delete_tree(joined(directory_of(volume)))
            self._places.delete((volume.id,))
            self._volumes.delete(_key(volume))


def directory_of(volume: VolumeRecord) -> Parts:
    """Where the files of a volume are within `Files`."""
    return (STORED, volume.id)


def _key(volume: VolumeRecord) -> tuple[str, str, str]:
    return volume.catalog_name, volume.schema_name, volume.name
