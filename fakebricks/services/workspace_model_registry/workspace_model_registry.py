"""The workspace model registry: registered models of one level, walled off from those of Unity Catalog.

Real: what a model is called, what goes away with it, what its versions do to the time of its last update; that a model
or version in Staging or Production is not deleted before it is archived (observed). Refused: aliases, which this
registry does not have; webhooks. Who may do what: `model_permissions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from fakebricks.clock import Clock
from fakebricks.ids import Ids
from fakebricks.services.tracking.names import check_name
from fakebricks.services.workspace_model_registry.model_versions import ModelVersions
from fakebricks.services.workspace_model_registry.names import (
    ACTIVE_STAGES,
    STAGES,
    check_tag,
    checked_name,
    stage_of,
    version_number,
)
from fakebricks.services.workspace_model_registry.records import (
    ModelName,
    TagRecord,
    WorkspaceModel,
    WorkspaceModelVersion,
)
from fakebricks.services.workspace_model_registry.sources import Source, Sources, copied_from
from fakebricks.state import State
from fakebricks.wire.errors import (
    InvalidParameterValue,
    InvalidState,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
)


class WorkspaceModelRegistry:
    """The registered models of one workspace.

    Attributes:
        versions: their versions; what is asked of one by name is asked here.
    """

    def __init__(self, state: State, ids: Ids, clock: Clock, versions: ModelVersions, sources: Sources) -> None:
        self._models = state.table("workspace_registered_models", WorkspaceModel)
        self._names = state.table("workspace_registered_model_names", ModelName)
        self._tags = state.table("workspace_registered_model_tags", TagRecord)
        self._ids = ids
        self._clock = clock
        self._sources = sources
        self.versions = versions

    # Registered models

    def create_model(
        self, name: str, user: str, *, description: str = "", tags: Sequence[tuple[str, str]] = ()
    ) -> WorkspaceModel:
        """A new registered model, without versions.

        Raises:
            InvalidParameterValue: the name or a tag is not valid.
            ResourceAlreadyExists: there is one of that name.
        """
        checked_name(name)
        for key, value in tags:
            check_tag(key, value)
        self._require_free(name)
        now = self._clock.millis()
        model = WorkspaceModel(
            id=self._ids.hex32(),
            name=name,
            user_id=user,
            creation_timestamp=now,
            last_updated_timestamp=now,
            description=description,
        )
        self._models.put((name,), model)
        self._names.put((model.id,), ModelName(name=name))
        for key, value in tags:
            self._tags.put((model.id, key), TagRecord(key=key, value=value))
        return model

    def get_model(self, name: str) -> WorkspaceModel:
        """The registered model of that name.

        Raises:
            InvalidParameterValue: no model can have that name.
            ResourceDoesNotExist: there is none.
        """
        model = self._models.get((checked_name(name),))
        if model is None:
            raise ResourceDoesNotExist(f"RegisteredModel '{name}' does not exist. It might have been deleted.")
        return model

    def find(self, name: str) -> WorkspaceModel | None:
        """The registered model of that name, or None."""
        return self._models.get((name,))

    def find_by_id(self, model_id: str) -> WorkspaceModel | None:
        """The registered model of that id, or None."""
        found = self._names.get((model_id,))
        return self.find(found.name) if found else None

    def models(self, after: str | None = None) -> Iterator[WorkspaceModel]:
        """All registered models by name, from the one after `after` on."""
        for _, model in self._models.scan(after=None if after is None else (after,)):
            yield model

    def rename_model(self, name: str, new_name: str) -> WorkspaceModel:
        """Give a model another name, with all it has.

        Raises:
            InvalidParameterValue: the new name is not valid.
            ResourceAlreadyExists: there is a model of the new name.
            ResourceDoesNotExist: there is no such model.
        """
        checked_name(new_name)
        model = self.get_model(name)
        if new_name != name:
            self._require_free(new_name)
        for version in list(self.versions.of(model)):
            self.versions.change(version, name=new_name)
        self._models.delete((name,))
        self._names.put((model.id,), ModelName(name=new_name))
        return self._put(replace(model, name=new_name))

    def update_model(self, name: str, *, description: str | None) -> WorkspaceModel:
        """Change the description of a model."""
        model = self.get_model(name)
        return model if description is None else self._put(replace(model, description=description))

    def delete_model(self, name: str) -> None:
        """Remove a model with its versions and tags.

        Raises:
            InvalidState: one of its versions is in Staging or Production.
        """
        model = self.get_model(name)
        for stage in ACTIVE_STAGES:
            if active := next(self.versions.in_stage(model, stage), None):
                raise _in_use(active, f"Registered model '{name}' cannot be deleted")
        for version in list(self.versions.of(model)):
            self.versions.remove(version)
        for key, _ in list(self._tags.scan((model.id,))):
            self._tags.delete(key)
        self._models.delete((name,))
        self._names.delete((model.id,))

    def set_tag(self, name: str, key: str, value: str) -> None:
        check_tag(key, value)
        self._tags.put((self.get_model(name).id, key), TagRecord(key=key, value=value))

    def delete_tag(self, name: str, key: str) -> None:
        """Remove a tag; nothing happens where the model has none of that key."""
        check_name(key, "key")
        self._tags.delete((self.get_model(name).id, key))

    def tags(self, model: WorkspaceModel) -> list[TagRecord]:
        """The tags of a model, by key."""
        return [record for _, record in self._tags.scan((model.id,))]

    def tag(self, model: WorkspaceModel, key: str) -> str | None:
        """The value of a tag, or None."""
        found = self._tags.get((model.id, key))
        return found.value if found else None

    # Versions

    def create_version(
        self,
        name: str,
        user: str,
        *,
        source: str,
        description: str = "",
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        tags: Sequence[tuple[str, str]] = (),
    ) -> WorkspaceModelVersion:
        """A new version, PENDING_REGISTRATION for the time that its registration takes.

        Args:
            name: of its model.
            user: who registers it.
            source: where its files are: an artifact URI of a run or logged model, `models:/<logged model>` or
                `models:/<name>/<version>` of this registry.
            description: of the version.
            run_id: kept as it is given; where it is not, the run of the logged model or of the version copied.
            run_link: kept as it is given.
            model_id: the logged model that the version is made from; where it is not given, that of the version copied.
            tags: of the version.

        Raises:
            InvalidParameterValue: the source or a tag is not valid.
            ResourceDoesNotExist: the model, a logged model, or the version to be copied is missing.
            InvalidState: the version to be copied is not READY.
        """
        checked_name(name)
        for key, value in tags:
            check_tag(key, value)
        if not source:
            raise InvalidParameterValue("Missing value for required parameter 'source'.")
        model = self.get_model(name)
        found = self._source(source)
        model_id = model_id or found.model_id
        run_id = run_id or found.run_id or (self._sources.run_of(model_id) if model_id else "")
        version = self.versions.create(
            model,
            user,
            found.directory,
            source=source,
            description=description,
            run_id=run_id,
            run_link=run_link,
            model_id=model_id,
            tags=tags,
        )
        self._put(replace(model, last_version=version.number))
        return version

    def get_version(self, name: str, version: str) -> WorkspaceModelVersion:
        """The version of that number.

        Raises:
            InvalidParameterValue: the name or the number is not one.
            ResourceDoesNotExist: the model or the version is missing.
        """
        checked_name(name)
        number = version_number(version)
        return self.versions.get(self.get_model(name), number)

    def update_version(self, name: str, version: str, *, description: str | None) -> WorkspaceModelVersion:
        """Change the description of a version."""
        found = self.get_version(name, version)
        return found if description is None else self.versions.change(found, description=description)

    def delete_version(self, name: str, version: str) -> None:
        """Remove a version.

        Raises:
            InvalidState: it is in Staging or Production.
        """
        found = self.get_version(name, version)
        if found.stage in ACTIVE_STAGES:
            raise _in_use(found, f"Model version {version} of '{name}' cannot be deleted")
        self.versions.remove(found)
        self._put(self.get_model(name))

    def set_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        check_tag(key, value)
        self.versions.set_tag(self.get_version(name, version), key, value)

    def delete_version_tag(self, name: str, version: str, key: str) -> None:
        """Remove a tag; nothing happens where the version has none of that key."""
        check_name(key, "key")
        self.versions.delete_tag(self.get_version(name, version), key)

    def latest_versions(self, name: str, stages: Sequence[str]) -> list[WorkspaceModelVersion]:
        """The newest READY version in each stage; of all stages where none is named (documented)."""
        model = self.get_model(name)
        asked = dict.fromkeys(stage_of(one) for one in stages)
        return self.versions.latest(model, asked or STAGES)

    def transition(
        self, name: str, version: str, stage: str, *, archive_existing_versions: bool
    ) -> WorkspaceModelVersion:
        """Bring a version to a stage.

        Args:
            name: of the model.
            version: to be moved.
            stage: its new one.
            archive_existing_versions: whether the other versions in that stage become Archived.

        Raises:
            InvalidParameterValue: there is no such stage, or none whose versions are archived.
            ResourceDoesNotExist: the model or the version is missing.
        """
        target = stage_of(stage)
        if archive_existing_versions and target not in ACTIVE_STAGES:
            raise InvalidParameterValue(
                "Model version transition cannot archive existing model versions "
                f"because '{stage}' is not an Active stage. Valid stages are {list(ACTIVE_STAGES)}"
            )
        found = self.get_version(name, version)
        model = self.get_model(name)
        if archive_existing_versions:
            for other in list(self.versions.in_stage(model, target)):
                if other.number != found.number:
                    self.versions.change(other, stage="Archived")
        self._put(model)
        return self.versions.change(found, stage=target)

    def _source(self, source: str) -> Source:
        copied = copied_from(source)
        if copied is None:
            return self._sources.find(source)
        version = self.get_version(*copied)
        self.versions.require_ready(version)
        return Source(self.versions.directory(version), version.run_id, version.model_id)

    def _require_free(self, name: str) -> None:
        if self._models.get((checked_name(name),)):
            # Observed as far as "Registered Model"; the rest is MLflow's own text.
            raise ResourceAlreadyExists(f"Registered Model (name={name}) already exists.")

    def _put(self, model: WorkspaceModel) -> WorkspaceModel:
        changed = replace(model, last_updated_timestamp=self._clock.millis())
        self._models.put((changed.name,), changed)
        return changed


def _in_use(version: WorkspaceModelVersion, what: str) -> InvalidState:
    """That it must be archived first is observed; code and text are inferred."""
    return InvalidState(
        f"{what}: version {version.number} is in stage '{version.stage}'. "
        "Transition it to stage 'None' or 'Archived' first."
    )
