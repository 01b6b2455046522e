"""Volumes of Unity Catalog: named trees of files in schemas.

Real: managed volumes, whose files go away with them and follow them to another name, because they are stored under the
volume's id. Refused: external volumes, because there are no external locations. Inferred: the error codes of a volume
that is missing or there already, which are those of models (the texts are observed, or like a table's).
"""

from __future__ import annotations

from collections.abc import Mapping

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import Parts, joined
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.names import checked_name
from fakebricks.services.unity_catalog.records import VolumePlace, VolumeRecord
from fakebricks.services.unity_catalog.schema_objects import SchemaObjects
from fakebricks.services.unity_catalog.securables import Kind
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State

STORED = "_Volumes"
"""Where the files of all volumes are within `Files`, each below its id."""

_NAME = "RPC {rpc} Field managedcatalog.volume.VolumeInfo.name"  # observed for `schema_name`: the Databricks CLI


class Volumes(SchemaObjects[VolumeRecord]):
    """The volumes of one metastore. Deleting one removes its files; they stay where they are when it is renamed."""

    kind = Kind.VOLUME
    stored_as = ("volumes", VolumeRecord)
    name_field = _NAME.format(rpc="CreateVolume")

    def __init__(
        self, state: State, ids: Ids, clock: Clock, unity_catalog: UnityCatalog, grants: Grants, *, files: Files
    ) -> None:
        super().__init__(state, ids, clock, unity_catalog, grants)
        self._places = state.table("volume_places", VolumePlace)
        self._files = files
        files.shows(STORED, self.shown)

    def create(
        self, catalog_name: str, schema_name: str, name: str, owner: str, *, comment: str | None = None
    ) -> VolumeRecord:
        """A new managed volume, with its root directory.

        Raises:
            InvalidParameterValue: the name is not valid, or the schema is the system's.
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            ResourceAlreadyExists: there is one of that name.
        """
        made = self._made(self._free(catalog_name, schema_name, name, self.name_field), owner)
        location = f"{self._unity_catalog.metastore_root}/volumes/{made['id']}"
        volume = VolumeRecord(**made, storage_location=location, comment=comment)
        with self._state.transaction():
            self._put(volume)
            self._files.make_directory(joined(directory_of(volume)), lasting=True)
        return volume

    def by_id(self, volume_id: str) -> VolumeRecord | None:
        """The volume of that id, or None."""
        place = self._places.get((volume_id,))
        return self._records.get((place.catalog_name, place.schema_name, place.name)) if place else None

    def rename(self, full_name: str, new_name: str, user: str, changes: Mapping[str, object]) -> VolumeRecord:
        """Change fields as `update` does, and the name.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
            PrincipalDoesNotExist: the account has no such owner.
            InvalidParameterValue: the new name is not valid.
            ResourceAlreadyExists: another one has the new name.
        """
        found = self.require(full_name)
        field = _NAME.format(rpc="UpdateVolume")
        if checked_name(new_name, field) == found.name:
            return self.update(full_name, user, changes)
        key = self._free(found.catalog_name, found.schema_name, new_name, field)
        with self._state.transaction():
            changed = self.update(full_name, user, {**changes, "name": key[2]})
            self._records.delete(found.key)
        return changed

    def shown(self, parts: Parts) -> Parts:
        """The path that clients know a stored file by."""
        volume = self.by_id(parts[1]) if len(parts) > 1 else None
        return ("Volumes", *volume.key, *parts[2:]) if volume else parts

    def _put(self, record: VolumeRecord) -> None:
        super()._put(record)
        place = VolumePlace(catalog_name=record.catalog_name, schema_name=record.schema_name, name=record.name)
        self._places.put((record.id,), place)

    def _remove(self, record: VolumeRecord) -> None:
        with self._state.transaction():
            super()._remove(record)
            self._places.delete((record.id,))
            self._files.delete_tree(joined(directory_of(record)))


def directory_of(volume: VolumeRecord) -> Parts:
    """Where the files of a volume are within `Files`."""
    return (STORED, volume.id)
