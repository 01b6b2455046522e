"""Logged models: what a run has trained and MLflow 3 keeps as a thing of its own.

Real: their life from LOGGED_MODEL_PENDING to READY or UPLOAD_FAILED, their params, tags and metrics, deletion. Their
files are kept where all artifacts are; `artifact_uri` says under which name.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.names import LONGEST_PARAM, LONGEST_TAG, check_distinct, check_length, check_name
from fakebricks.services.tracking.records import ACTIVE, DELETED, LoggedModel, LoggedModelId, Param, Tag
from fakebricks.services.tracking.run_names import generated_name
from fakebricks.services.tracking.runs import Runs
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

PENDING = "LOGGED_MODEL_PENDING"
READY = "LOGGED_MODEL_READY"
UPLOAD_FAILED = "LOGGED_MODEL_UPLOAD_FAILED"

_LONGEST_NAME = 500
_NOT_IN_NAMES = frozenset("/:.%\"'")


class LoggedModels:
    """The logged models of one workspace."""

    def __init__(self, state: State, ids: Ids, experiments: Experiments, runs: Runs) -> None:
        self._models = state.table("logged_models", LoggedModel)
        self._params = state.table("logged_model_params", Param)
        self._tags = state.table("logged_model_tags", Tag)
        self._newest = state.table("logged_models_by_creation", LoggedModelId)
        self._ids = ids
        self._experiments = experiments
        self._runs = runs

    def create(
        self,
        experiment_id: str,
        *,
        name: str | None,
        model_type: str | None,
        source_run_id: str | None,
        params: Sequence[tuple[str, str]],
        tags: Sequence[tuple[str, str]],
        creator_id: str,
        millis: int,
    ) -> LoggedModel:
        """A new logged model, LOGGED_MODEL_PENDING.

        Raises:
            InvalidParameterValue: the experiment does not exist or is deleted; a name, param or tag that cannot be.
            ResourceDoesNotExist: the source run does not exist.
        """
        experiment = self._experiments.active_for_runs(experiment_id)
        if source_run_id:
            self._runs.get(source_run_id)
        model_id = f"m-{self._ids.hex32()}"
        model = LoggedModel(
            model_id=model_id,
            experiment_id=experiment_id,
            name=_name(name) if name is not None else generated_name(self._ids),
            creation_timestamp_ms=millis,
            last_updated_timestamp_ms=millis,
            artifact_uri=f"{experiment.artifact_location}/logged_models/{model_id}/artifacts",
            status=PENDING,
            creator_id=creator_id,
            lifecycle_stage=ACTIVE,
            model_type=model_type or None,
            source_run_id=source_run_id or None,
        )
        self._models.put((model_id,), model)
        self._newest.put(_place(model), LoggedModelId(model_id=model_id))
        self._put_params(model_id, params)
        self._put_tags(model_id, tags)
        return model

    def get(self, model_id: str, *, allow_deleted: bool = False) -> LoggedModel:
        """The logged model of that id.

        Raises:
            ResourceDoesNotExist: there is none, or it is deleted and deleted ones are not wanted.
        """
        model = self._models.get((model_id,))
        if model is None or (model.lifecycle_stage == DELETED and not allow_deleted):
            raise ResourceDoesNotExist(f"Logged model with ID '{model_id}' not found.")
        return model

    def finalize(self, model_id: str, status: str, millis: int) -> LoggedModel:
        """Say how the upload of a model's files ended."""
        model = replace(self.get(model_id), status=status, last_updated_timestamp_ms=millis)
        self._models.put((model_id,), model)
        return model

    def delete(self, model_id: str, millis: int) -> None:
        """Mark a logged model deleted."""
        model = self.get(model_id)
        self._newest.delete(_place(model))
        self._models.put((model_id,), replace(model, lifecycle_stage=DELETED, last_updated_timestamp_ms=millis))

    def log_params(self, model_id: str, params: Sequence[tuple[str, str]]) -> None:
        """Add params, which never change once they are there.

        Raises:
            InvalidParameterValue: one is there with another value.
        """
        self.get(model_id)
        self._put_params(model_id, params)

    def set_tags(self, model_id: str, tags: Sequence[tuple[str, str]]) -> None:
        """Set tags; the model's time of update stays, as in MLflow's own store."""
        self.get(model_id)
        self._put_tags(model_id, tags)

    def delete_tag(self, model_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            ResourceDoesNotExist: the model has no such tag.
        """
        self.get(model_id)
        if self._tags.get((model_id, key)) is None:
            raise ResourceDoesNotExist(f"No tag with key '{key}' in logged model with ID '{model_id}'.")
        self._tags.delete((model_id, key))

    def params(self, model_id: str) -> list[Param]:
        """A model's params, by key."""
        return [param for _, param in self._params.scan((model_id,))]

    def param(self, model_id: str, key: str) -> str | None:
        """The value of one param, or None."""
        param = self._params.get((model_id, key))
        return param.value if param else None

    def tags(self, model_id: str) -> list[Tag]:
        """A model's tags, by key."""
        return [tag for _, tag in self._tags.scan((model_id,))]

    def tag(self, model_id: str, key: str) -> str | None:
        """The value of one tag, or None."""
        tag = self._tags.get((model_id, key))
        return tag.value if tag else None

    def newest_first(
        self, experiment_ids: Sequence[str], after: tuple[int, str] | None = None
    ) -> Iterator[LoggedModel]:
        """The models of some experiments that are not deleted, the newest first; those of one moment, by id.

        Args:
            experiment_ids: of the experiments; each must exist.
            after: start with what follows the model of this negated creation time and id.
        """
        indexes = [(self._experiments.for_runs(one).experiment_id,) for one in dict.fromkeys(experiment_ids)]
        scans = (self._newest.scan(index, after=(*index, *after) if after else None) for index in indexes)
        for _, entry in heapq.merge(*scans, key=lambda found: found[0][1:]):
            yield self.get(entry.model_id)

    def _put_params(self, model_id: str, params: Sequence[tuple[str, str]]) -> None:
        check_distinct(key for key, _ in params)
        for number, (key, value) in enumerate(params):
            check_name(key, f"params[{number}].key")
            check_length(value, f"params[{number}].value", LONGEST_PARAM)
            present = self._params.get((model_id, key))
            if present and present.value != value:
                raise InvalidParameterValue(
                    f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                    f"value='{present.value}' for logged model ID='{model_id}'. Attempted logging new value '{value}'."
                )
            self._params.put((model_id, key), Param(key=key, value=value))

    def _put_tags(self, model_id: str, tags: Sequence[tuple[str, str]]) -> None:
        for number, (key, value) in enumerate(tags):
            check_name(key, f"tags[{number}].key")
            check_length(value, f"tags[{number}].value", LONGEST_TAG)
            self._tags.put((model_id, key), Tag(key=key, value=value))


def _place(model: LoggedModel) -> tuple[str, int, str]:
    return (model.experiment_id, -model.creation_timestamp_ms, model.model_id)


def _name(name: str) -> str:
    if not name.strip() or _NOT_IN_NAMES & set(name) or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InvalidParameterValue(
            f"Invalid model name ('{name}') provided. Model name must be a non-empty string and cannot contain the "
            "following characters: ('/', ':', '.', '%', '\"', \"'\")"
        )
    return name
