"""The model registry of Unity Catalog: registered models, their versions, aliases and tags.

Real: three-level names whose catalog and schema must exist, the life of a version from PENDING_REGISTRATION to READY,
numbers that are not used twice, aliases that move, what goes away with what. A version becomes READY only with files
that hold an MLmodel with a full signature; a version whose finalization is refused stays PENDING_REGISTRATION, so that
it can be mended; nothing here ever becomes FAILED_REGISTRATION. Refused: deployment jobs, moving a model to another
schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.files.files import Files
from fakebricks.services.model_registry.aliases import Aliases
from fakebricks.services.model_registry.lineage import Lineage
from fakebricks.services.model_registry.mlmodel import check_signature
from fakebricks.services.model_registry.names import (
    ModelKey,
    checked_model_name,
    model_key,
    version_number,
)
from fakebricks.services.model_registry.records import (
    DependencyRecord,
    ModelVersionRecord,
    RegisteredModelRecord,
)
from fakebricks.services.model_registry.tags import Tags
from fakebricks.services.model_registry.version_storage import VersionStorage
from fakebricks.services.tracking.records import Metric, Param
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.securables import Kind, Securable
from fakebricks.services.unity_catalog.unity_catalog import UnityCatalog
from fakebricks.state import State
from fakebricks.wire.errors import (
    InvalidParameterValue,
    InvalidState,
    NotImplementedByFakebricks,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)

_LONGEST_DESCRIPTION = 65_536  # documented: the API reference of `PATCH /api/2.1/unity-catalog/models`


class ModelRegistry:
    """The registered models of one metastore, with their versions.

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
        self.aliases = Aliases(state)
        self.tags = Tags(state)
        self.lineage = Lineage(state, clock)
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

    @property
    def metastore_id(self) -> str:
        """The id of the metastore that the models are in."""
        return self._unity_catalog.metastore_id

    def require_schema(self, catalog: str, schema: str) -> None:
        """Refuse a schema that is missing.

        Raises:
            CatalogDoesNotExist, SchemaDoesNotExist: it is, or its catalog.
        """
        self._unity_catalog.require_schema(catalog, schema)

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
        self._unity_catalog.require_open_schema(catalog, schema)
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
            created_by=owner,
            updated_at=now,
            updated_by=owner,
            description=_checked_description(description),
        )
        with self._state.transaction():
            self._models.put(key, model)
            self.tags.set(model, tags)
        return model

    def get_model(self, full_name: str) -> RegisteredModelRecord:
        """The registered model of that name.

        Raises:
            InvalidParameterValue: the name does not have three levels.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing, or what it would be in.
        """
        return self._require_model(model_key(full_name))

    def models(
        self, after: ModelKey | None = None, within: tuple[str, str] | None = None
    ) -> Iterator[RegisteredModelRecord]:
        """The registered models by name, from the one after `after` on; with `within`, only those of that schema."""
        for _, model in self._models.scan(within or (), after=after):
            yield model

    def update_model(
        self, full_name: str, user: str, *, description: str | None = None, owner: str | None = None
    ) -> RegisteredModelRecord:
        """Change the description or the owner of a model; what is None stays.

        Raises:
            PrincipalDoesNotExist: the account has no such owner.
            InvalidParameterValue: the description is not valid.
            CatalogDoesNotExist, SchemaDoesNotExist, ResourceDoesNotExist: it is missing.
        """
        model = self.get_model(full_name)
        if owner is not None:
            self._unity_catalog.check_owner({"owner": owner})
            model = replace(model, owner=owner)
        if description is not None:
            model = replace(model, description=_checked_description(description))
        return self._put_model(model, user)

    def rename_model(self, full_name: str, new_name: str, user: str) -> RegisteredModelRecord:
        """Give a model another name in its schema, with all it has.

        Args:
            full_name: of three levels.
            new_name: of three levels, or the model's own level alone.
            user: who does it.

        Raises:
            ResourceAlreadyExists: there is a model of the new name.
            NotImplementedByFakebricks: the new name is in another schema; no source tells of models that move.
        """
        model = self.get_model(full_name)
        target = model_key(new_name) if "." in new_name else (*model.key[:2], new_name)
        if target[:2] != model.key[:2]:
            raise NotImplementedByFakebricks(
                f"fakebricks does not move models to another schema ('{model.name}' to '{new_name}'); "
                "copy the model's versions there instead, with MLflow's `copy_model_version`."
            )
        key = (*model.key[:2], checked_model_name(target[2]))
        if key == model.key:
            return model
        if self._unity_catalog.find(self.kind, *key):
            raise ResourceAlreadyExists(f"Routine or Model '{'.'.join(key)}' already exists")
        with self._state.transaction():
            return self._put_model(self._move_model(model, key), user)

    def delete_model(self, full_name: str) -> None:
        """Remove a model with its versions, their files, its aliases and tags."""
        model = self.get_model(full_name)
        with self._state.transaction():
            for version in list(self.versions(model.name)):
                self._remove_version(version)
            self.tags.forget(model)
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
            updated_by=user,
            source=source,
            storage_location=f"{self.storage_location(model)}/versions/{identity}",
            description=_checked_description(description),
            run_id=run_id,
            run_experiment_id=(self._experiment_of(run_id) or "") if run_id else "",
            run_tracking_server_id=run_tracking_server_id,
            model_id=model_id,
            feature_deps=feature_deps,
            dependencies=tuple(dependencies),
        )
        with self._state.transaction():
            self._put_model(replace(model, last_version=number), user)
            self._versions.put(version.key, version)
            self.tags.set(version, tags)
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
        found = self.aliases.get(model, alias)
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

    def update_version(self, full_name: str, version: str, user: str, *, description: str | None) -> ModelVersionRecord:
        """Change the description of a version."""
        found = self.get_version(full_name, version)
        if description is None:
            return found
        return self._put_version(replace(found, description=_checked_description(description)), user)

    def finalize_version(self, full_name: str, version: str, user: str | None = None) -> ModelVersionRecord:
        """Make a version READY, now that its files are there. Finalizing a READY one changes nothing.

        Args:
            full_name: of the model.
            version: its number.
            user: who does it; where that is not said, who created it.

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
        return self._put_version(replace(found, status="READY"), user or found.created_by)

    def delete_version(self, full_name: str, version: str) -> None:
        """Remove a version, with its files, its tags and the aliases that stand for it."""
        found = self.get_version(full_name, version)
        with self._state.transaction():
            self._remove_version(found)

    def storage_location(self, model: RegisteredModelRecord) -> str:
        """Below which the files of a model's versions are said to be."""
        return f"{self._unity_catalog.metastore_root}/__unitystorage/models/{model.id}"

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

    def move(self, schema: tuple[str, str], target: tuple[str, str]) -> None:
        """Take the models of a schema along to its new name, with all they have."""
        for _, model in list(self._models.scan(schema)):
            self._move_model(model, (*target, model.model_name))

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

    def _put_model(self, model: RegisteredModelRecord, user: str) -> RegisteredModelRecord:
        changed = replace(model, updated_at=self._clock.millis(), updated_by=user)
        self._models.put(changed.key, changed)
        return changed

    def _put_version(self, version: ModelVersionRecord, user: str) -> ModelVersionRecord:
        changed = replace(version, updated_at=self._clock.millis(), updated_by=user)
        self._versions.put(changed.key, changed)
        return changed

    def _move_model(self, model: RegisteredModelRecord, key: ModelKey) -> RegisteredModelRecord:
        names = dict(zip(("catalog_name", "schema_name", "model_name"), key, strict=True))
        for labels in (self.aliases, self.tags, self.lineage):
            labels.move(model.key, key)
        for old, version in list(self._versions.scan(model.key)):
            moved = replace(version, **names)
            self._versions.delete(old)
            self._versions.put(moved.key, moved)
            self._files.move_tree(self.files_directory(version), self.files_directory(moved))
        renamed = replace(model, **names)
        self._models.delete(model.key)
        self._models.put(key, renamed)
        return renamed

    def _remove_version(self, version: ModelVersionRecord) -> None:
        for labels in (self.aliases, self.tags, self.lineage):
            labels.forget(version)
        self._files.delete_tree(self.files_directory(version))
        self._storage.remove(version)
        self._versions.delete(version.key)


def _checked_description(description: str) -> str:
    if len(description) > _LONGEST_DESCRIPTION:
        raise InvalidParameterValue(f"The description is longer than {_LONGEST_DESCRIPTION} characters.")
    return description
