"""The model registry of Unity Catalog: registered models, their versions, aliases and tags.

Real: three-level names whose catalog and schema must exist, the life of a version from PENDING_REGISTRATION to READY,
numbers that are not used twice, aliases that move, what goes away with what. A version becomes READY only with files
that hold an MLmodel with a full signature; a version whose finalization is refused stays PENDING_REGISTRATION, so that
it can be mended; nothing here ever becomes FAILED_REGISTRATION. Refused: deployment jobs, moving a model to another
schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.mlmodel import check_signature
from fakebricks.services.model_registry.names import (
    ModelKey,
    check_alias,
    checked_model_name,
    model_key,
    version_number,
)
from fakebricks.services.model_registry.records import (
    AliasRecord,
    DependencyRecord,
    LineageRecord,
    ModelVersionRecord,
    RegisteredModelRecord,
    TagRecord,
)
from fakebricks.services.model_registry.version_storage import VersionStorage
from fakebricks.services.tracking.records import Metric, Param
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import Key, State, Table
from fakebricks.wire.errors import (
    InvalidParameterValue,
    InvalidState,
    NotImplementedByFakebricks,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

_LONGEST_DESCRIPTION = 65_535
_LONGEST_TAG = 256


class ModelRegistry:
    """The registered models of one metastore.

    Args:
        unity_catalog: whose schemas the models live in.
        grants: on the models, as functions.
        files: where the files of versions are.
        storage: where clients put them first.
        experiment_of: the experiment of a run, or None where there is no such run.
        params_of: the params of a logged model, as key and value.
        metrics_of: the points of the metrics of a logged model.
    """

    kind = Kind.FUNCTION

    def __init__(
        self,
        state: State,
        ids: Ids,
        clock: Clock,
        *,
        unity_catalog: UnityCatalog,
        grants: Grants,
        files: Files,
        storage: VersionStorage,
        experiment_of: Callable[[str], str | None],
        params_of: Callable[[str], Sequence[Param]],
        metrics_of: Callable[[str], Sequence[Metric]],
    ) -> None:
        self._state = state
        self._models = state.table("registered_models", RegisteredModelRecord)
        self._versions = state.table("model_versions", ModelVersionRecord)
        self._aliases = state.table("model_aliases", AliasRecord)
        self._model_tags = state.table("registered_model_tags", TagRecord)
        self._version_tags = state.table("model_version_tags", TagRecord)
        self._lineage = state.table("model_version_lineage", LineageRecord)
        self._ids = ids
        self._clock = clock
        self._unity_catalog = unity_catalog
        self._grants = grants
        self._files = files
        self._storage = storage
        self._experiment_of = experiment_of
        self._params_of = params_of
        self._metrics_of = metrics_of
        unity_catalog.also_holds(self)

    # Registered models

    def create_model(
        self, full_name: str, owner: str, *, description: str = "", tags: Sequence[tuple[str, str]] = ()
    ) -> RegisteredModelRecord:
        """A new registered model, without versions.

        Raises:
            InvalidParameterValue: the name or a tag is not valid.
            CatalogDoesNotExist, SchemaDoesNotExist: its parents are missing.
            ResourceAlreadyExists: there is one of that name.
        """
        catalog, schema, name = model_key(full_name)
        key = (catalog, schema, checked_model_name(name))
        self._unity_catalog.require_schema(catalog, schema)
        if self._unity_catalog.find(self.kind, *key):
            raise ResourceAlreadyExists(f"Routine or Model '{'.'.join(key)}' already exists")
        now = self._clock.millis()
        model = RegisteredModelRecord(
            id=self._ids.uuid(),
            catalog_name=key[0],
            schema_name=key[1],
            model_name=key[2],
            owner=owner,
            created_at=now,
            updated_at=now,
            description=_checked_description(description),
        )
        with self._state.transaction():
            self._models.put(key, model)
            for tag, value in tags:
                self._model_tags.put((*key, _checked_tag(tag)), TagRecord(key=tag, value=value))
        return model

    def get_model(self, full_name: str) -> RegisteredModelRecord:
        """The registered model of that name.

        Raises:
            InvalidParameterValue: the name does not have three levels.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        return self._require_model(model_key(full_name))

    def models(self, after: ModelKey | None = None) -> Iterator[RegisteredModelRecord]:
        """All registered models by name, from the one after `after` on."""
        for _, model in self._models.scan(after=after):
            yield model

    def update_model(self, full_name: str, *, description: str | None) -> RegisteredModelRecord:
        """Change the description of a model."""
        model = self.get_model(full_name)
        return self._put_model(
            model if description is None else replace(model, description=_checked_description(description))
        )

    def rename_model(self, full_name: str, new_name: str) -> RegisteredModelRecord:
        """Give a model another name in its schema, with all it has.

        Args:
            full_name: of three levels.
            new_name: of three levels, or the model's own level alone.

        Raises:
            ResourceAlreadyExists: there is a model of the new name.
            NotImplementedByFakebricks: the new name is in another schema.
        """
        model = self.get_model(full_name)
        target = model_key(new_name) if "." in new_name else (*model.key[:2], new_name)
        if target[:2] != model.key[:2]:
            raise NotImplementedByFakebricks(
                f"fakebricks does not move models to another schema ('{model.name}' to '{new_name}'); "
                "register the version's files under the new name instead."
            )
        key = (*model.key[:2], checked_model_name(target[2]))
        if key == model.key:
            return model
        if self._unity_catalog.find(self.kind, *key):
            raise ResourceAlreadyExists(f"Routine or Model '{'.'.join(key)}' already exists")
        with self._state.transaction():
            for table in (self._model_tags, self._aliases, self._version_tags, self._lineage):
                _move(table, model.key, key)
            for version in list(self.versions(model.name)):
                self._rename_version(version, key)
            self._models.delete(model.key)
            return self._put_model(replace(model, model_name=key[2]))

    def delete_model(self, full_name: str) -> None:
        """Remove a model with its versions, their files, its aliases and tags."""
        model = self.get_model(full_name)
        with self._state.transaction():
            for version in list(self.versions(model.name)):
                self._remove_version(version)
            for table in (self._model_tags, self._aliases):
                _remove(table, model.key)
            self._grants.forget(model.id)
            self._models.delete(model.key)

    # Versions

    def create_version(
        self,
        full_name: str,
        user: str,
        *,
        source: str,
        run_id: str = "",
        run_tracking_server_id: str = "",
        model_id: str = "",
        description: str = "",
        feature_deps: str = "",
        dependencies: Sequence[DependencyRecord] = (),
        tags: Sequence[tuple[str, str]] = (),
    ) -> ModelVersionRecord:
        """A new version, PENDING_REGISTRATION until its files are there and it is finalized.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: the model is missing.
            InvalidParameterValue: a tag or the description is not valid.
        """
        model = self.get_model(full_name)
        number = model.last_version + 1
        now = self._clock.millis()
        identity = self._ids.uuid()
        root = f"{self._unity_catalog.metastore_root}/__unitystorage/models/{model.id}/versions/{identity}"
        version = ModelVersionRecord(
            id=identity,
            catalog_name=model.catalog_name,
            schema_name=model.schema_name,
            model_name=model.model_name,
            number=number,
            status="PENDING_REGISTRATION",
            created_by=user,
            created_at=now,
            updated_at=now,
            source=source,
            storage_location=root,
            description=_checked_description(description),
            run_id=run_id,
            run_experiment_id=(self._experiment_of(run_id) or "") if run_id else "",
            run_tracking_server_id=run_tracking_server_id,
            model_id=model_id,
            feature_deps=feature_deps,
            dependencies=tuple(dependencies),
        )
        with self._state.transaction():
            self._put_model(replace(model, last_version=number))
            self._versions.put(version.key, version)
            for tag, value in tags:
                self._version_tags.put((*version.key, _checked_tag(tag)), TagRecord(key=tag, value=value))
        return version

    def get_version(self, full_name: str, version: str) -> ModelVersionRecord:
        """The version of that number.

        Raises:
            InvalidParameterValue: the name does not have three levels, or the version is not a number.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        return self._require_version(self.get_model(full_name), version_number(version))

    def get_by_alias(self, full_name: str, alias: str) -> ModelVersionRecord:
        """The version that an alias stands for.

        Raises:
            InvalidParameterValue: the name does not have three levels.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        model = self.get_model(full_name)
        found = self._aliases.get((*model.key, alias))
        if found is None:
            raise ResourceDoesNotExist(f"Alias '{alias}' does not exist for Routine or Model '{model.name}'.")
        return self._require_version(model, found.number)

    def versions(self, full_name: str, below: int | None = None) -> Iterator[ModelVersionRecord]:
        """The versions of a model, the newest first; with `below`, only those with smaller numbers."""
        key = self.get_model(full_name).key
        after = None if below is None else (*key, below)
        for _, version in self._versions.scan(key, reverse=True, after=after):
            yield version

    def all_versions(self) -> Iterator[ModelVersionRecord]:
        """Every version of every model."""
        for _, version in self._versions.scan():
            yield version

    def update_version(self, full_name: str, version: str, *, description: str | None) -> ModelVersionRecord:
        """Change the description of a version."""
        found = self.get_version(full_name, version)
        if description is None:
            return found
        return self._put_version(replace(found, description=_checked_description(description)))

    def finalize_version(self, full_name: str, version: str) -> ModelVersionRecord:
        """Make a version READY, now that its files are there. Finalizing a READY one changes nothing.

        Raises:
            InvalidParameterValue: there is no MLmodel among its files, or none with a full signature.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
        """
        found = self.get_version(full_name, version)
        if found.status == "READY":
            return found
        self._storage.collect(found, self.files_directory(found))
        path = f"{self.files_directory(found)}/MLmodel"
        if self._files.find(path) is None:
            raise InvalidParameterValue(
                f"Model version {found.version} of '{found.name}' cannot be finalized: no file 'MLmodel' was uploaded."
            )
        check_signature(self._files.get(path))
        return self._put_version(replace(found, status="READY"))

    def delete_version(self, full_name: str, version: str) -> None:
        """Remove a version, with its files, its tags and the aliases that stand for it."""
        found = self.get_version(full_name, version)
        with self._state.transaction():
            self._remove_version(found)

    def files_directory(self, version: ModelVersionRecord) -> str:
        """Where the files of a version are, within `Files`."""
        return f"/Models/{version.catalog_name}/{version.schema_name}/{version.model_name}/{version.number}"

    def require_ready(self, version: ModelVersionRecord) -> None:
        """Refuse a version that is not READY (inferred: the platform gives no way to read an unfinished version).

        Raises:
            InvalidState: it is not.
        """
        if version.status != "READY":
            raise InvalidState(
                f"Model version {version.version} of '{version.name}' is not READY: its status is {version.status}."
            )

    def require_pending(self, version: ModelVersionRecord) -> None:
        """Refuse to write the files of a version that is finished.

        Raises:
            InvalidState: it is not PENDING_REGISTRATION.
        """
        if version.status != "PENDING_REGISTRATION":
            raise InvalidState(
                f"The files of model version {version.version} of '{version.name}' cannot be changed: "
                f"its status is {version.status}."
            )

    def logged(self, version: ModelVersionRecord) -> tuple[Sequence[Param], Sequence[Metric]]:
        """The params and metrics of the logged model that a version was made from; none where it names none."""
        if not version.model_id:
            return (), ()
        return self._params_of(version.model_id), self._metrics_of(version.model_id)

    def emit_lineage(
        self,
        full_name: str,
        version: str,
        user: str,
        *,
        direction: str,
        entities: Sequence[dict[str, Any]],
        securable: dict[str, Any] | None,
    ) -> None:
        """Keep what a client tells about the use of a version."""
        found = self.get_version(full_name, version)
        last = next(self._lineage.scan(found.key, reverse=True), None)
        place = int(last[0][-1]) + 1 if last else 0
        record = LineageRecord(
            emitted_by=user,
            emitted_at=self._clock.millis(),
            direction=direction,
            entities=tuple(entities),
            securable=securable,
        )
        self._lineage.put((*found.key, place), record)

    def lineage(self, version: ModelVersionRecord) -> list[LineageRecord]:
        """What clients told about the use of a version, oldest first."""
        return [record for _, record in self._lineage.scan(version.key)]

    # Aliases and tags

    def set_alias(self, full_name: str, alias: str, version: str) -> None:
        """Let an alias stand for a version; it stands no more for the one that it stood for.

        Raises:
            InvalidParameterValue: the alias is not a valid one.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: the version is missing.
        """
        check_alias(alias)
        found = self.get_version(full_name, version)
        self._aliases.put((*found.key[:3], alias), AliasRecord(alias=alias, number=found.number))

    def delete_alias(self, full_name: str, alias: str) -> None:
        """Remove an alias; nothing happens where the model has none of that name, as in MLflow's own store."""
        self._aliases.delete((*self.get_model(full_name).key, alias))

    def aliases(self, of: RegisteredModelRecord | ModelVersionRecord) -> list[AliasRecord]:
        """The aliases of a model or of one of its versions, by name."""
        found = [record for _, record in self._aliases.scan(of.key[:3])]
        return found if isinstance(of, RegisteredModelRecord) else [one for one in found if one.number == of.number]

    def set_model_tag(self, full_name: str, key: str, value: str) -> None:
        model = self.get_model(full_name)
        self._model_tags.put((*model.key, _checked_tag(key)), TagRecord(key=key, value=value))

    def delete_model_tag(self, full_name: str, key: str) -> None:
        self._model_tags.delete((*self.get_model(full_name).key, key))

    def set_version_tag(self, full_name: str, version: str, key: str, value: str) -> None:
        found = self.get_version(full_name, version)
        self._version_tags.put((*found.key, _checked_tag(key)), TagRecord(key=key, value=value))

    def delete_version_tag(self, full_name: str, version: str, key: str) -> None:
        self._version_tags.delete((*self.get_version(full_name, version).key, key))

    def tags(self, of: RegisteredModelRecord | ModelVersionRecord) -> list[TagRecord]:
        """The tags of a model or of a version, by key."""
        table = self._model_tags if isinstance(of, RegisteredModelRecord) else self._version_tags
        return [record for _, record in table.scan(of.key)]

    # What Unity Catalog asks of everything that lives in its schemas

    def find(self, catalog: str, schema: str, name: str) -> Securable | None:
        """The model of that name, or None."""
        model = self._models.get((catalog, schema, name))
        return Securable(self.kind, model.full_name, model.id, model.owner) if model else None

    def count_in(self, catalog: str, schema: str) -> int:
        """How many models a schema has."""
        return sum(1 for _ in self._models.scan((catalog, schema)))

    def remove_from(self, catalog: str, schema: str) -> None:
        """Remove all models of a schema."""
        for _, model in list(self._models.scan((catalog, schema))):
            self.delete_model(model.name)

    def _require_model(self, key: ModelKey) -> RegisteredModelRecord:
        model = self._models.get(key)
        if model is None:
            self._unity_catalog.require_schema(key[0], key[1])
            raise ResourceDoesNotExist(f"Routine or Model '{'.'.join(key)}' does not exist.")
        return model

    def _require_version(self, model: RegisteredModelRecord, number: int) -> ModelVersionRecord:
        version = self._versions.get((*model.key, number))
        if version is None:
            raise ResourceDoesNotExist(f"Model version {number} of Routine or Model '{model.name}' does not exist.")
        return version

    def _put_model(self, model: RegisteredModelRecord) -> RegisteredModelRecord:
        changed = replace(model, updated_at=self._clock.millis())
        self._models.put(changed.key, changed)
        return changed

    def _put_version(self, version: ModelVersionRecord) -> ModelVersionRecord:
        changed = replace(version, updated_at=self._clock.millis())
        self._versions.put(changed.key, changed)
        return changed

    def _rename_version(self, version: ModelVersionRecord, key: ModelKey) -> None:
        renamed = replace(version, model_name=key[2])
        self._versions.delete(version.key)
        self._versions.put(renamed.key, renamed)
        self._files.move_tree(self.files_directory(version), self.files_directory(renamed))

    def _remove_version(self, version: ModelVersionRecord) -> None:
        for alias in self.aliases(version):
            self._aliases.delete((*version.key[:3], alias.alias))
        for table in (self._version_tags, self._lineage):
            _remove(table, version.key)
        self._files.delete_tree(self.files_directory(version))
        self._storage.remove(version)
        self._versions.delete(version.key)


def _move(table: Table[Any], prefix: Key, target: Key) -> None:
    for key, record in list(table.scan(prefix)):
        table.delete(key)
        table.put((*target, *key[len(prefix) :]), record)


def _remove(table: Table[Any], prefix: Key) -> None:
    for key, _ in list(table.scan(prefix)):
        table.delete(key)


def _checked_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        raise InvalidParameterValue(f"The description is longer than {_LONGEST_DESCRIPTION} characters.")
    return description


def _checked_tag(key: str) -> str:
    if not key or len(key) > _LONGEST_TAG:
        raise InvalidParameterValue(
            f"Invalid tag key {key[:_LONGEST_TAG]!r}: it must have 1 to {_LONGEST_TAG} characters."
        )
    return key
