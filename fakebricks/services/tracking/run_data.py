"""What is logged to runs: metrics, params, batches, data sets and models read and written.

Real: params that never change, histories, batches that are logged as a whole or not at all, limits. `log-model`, which
MLflow 2 calls, adds to the tag `mlflow.log-model.history`, where the client looks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from fakebricks.services.tracking.datasets import Datasets
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.names import LONGEST_PARAM, check_batch, check_distinct, check_length, check_name
from fakebricks.services.tracking.quotas import PARAMS_OF_A_RUN, Quota
from fakebricks.services.tracking.records import (
    DatasetInput,
    DatasetSummary,
    Metric,
    ModelInput,
    ModelOutput,
    Param,
    Run,
)
from fakebricks.services.tracking.runs import Runs
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue

MODEL_HISTORY = "mlflow.log-model.history"

_LONGEST_DATASET_NAME = 500


class RunData:
    """What the runs of one workspace have logged."""

    def __init__(self, state: State, runs: Runs, logged_models: LoggedModels, metrics: Metrics) -> None:
        self._params = state.table("params", Param)
        self._quota = Quota(state, self._params, "params", PARAMS_OF_A_RUN, "params of a run")
        self._datasets = Datasets(state)
        self._read = state.table("model_inputs", ModelInput)
        self._written = state.table("model_outputs", ModelOutput)
        self.runs = runs
        self._logged_models = logged_models
        self._metrics = metrics

    def log_metric(self, metric: Metric, path: str = "") -> None:
        """Log one point to an active run.

        Raises:
            InvalidParameterValue: the run is deleted, or the point cannot be.
            ResourceDoesNotExist: the run, or the logged model that the point names, does not exist.
        """
        run = self.runs.active(metric.run_id)
        self._check_metric(metric, path)
        self._add_metrics(run, [metric])

    def log_param(self, run_id: str, key: str, value: str) -> None:
        """Log one param to an active run; the same value again is no change.

        Raises:
            InvalidParameterValue: the param has another value already.
        """
        self._log_param(self.runs.active(run_id), key, value, "")

    def log_batch(
        self, run_id: str, metrics: Sequence[Metric], params: Sequence[tuple[str, str]], tags: Sequence[tuple[str, str]]
    ) -> None:
        """Log many things to an active run, all or none of them."""
        run = self.runs.active(run_id)
        check_batch(metrics, params, tags)
        check_distinct(key for key, _ in params)
        for number, (key, value) in enumerate(params):
            self._log_param(run, key, value, f"params[{number}].")
        for number, metric in enumerate(metrics):
            self._check_metric(metric, f"metrics[{number}].")
        self._add_metrics(run, metrics)
        for number, (key, value) in enumerate(tags):
            self.runs.set_tag(run_id, key, value, f"tags[{number}].")

    def log_model(self, run_id: str, model_json: str) -> None:
        """Note a model that MLflow 2 has logged as an artifact of the run.

        Raises:
            InvalidParameterValue: `model_json` is not the JSON of a model.
        """
        self.runs.active(run_id)
        model = _object(model_json)
        missing = {"artifact_path", "flavors", "utc_time_created", "run_id"} - model.keys()
        if missing:
            raise InvalidParameterValue(f"Model json is missing mandatory fields: {sorted(missing)}")
        history = msgspec.json.decode(self.runs.tag(run_id, MODEL_HISTORY) or "[]")
        if not isinstance(history, list):
            raise InvalidParameterValue(f"The tag {MODEL_HISTORY} of run {run_id} does not hold a list.")
        self.runs.set_history(run_id, MODEL_HISTORY, msgspec.json.encode([*history, model]).decode())

    def log_inputs(self, run_id: str, datasets: Sequence[DatasetInput], model_ids: Iterable[str]) -> None:
        """Note the data sets and logged models that an active run has read; the same again is one input."""
        self._datasets.log(self.runs.active(run_id), datasets)
        for model_id in model_ids:
            self._logged_models.get(model_id)
            self._read.put((run_id, model_id), ModelInput(model_id=model_id))

    def log_outputs(self, run_id: str, outputs: Iterable[ModelOutput]) -> None:
        """Note the logged models that an active run has made."""
        self.runs.active(run_id)
        for output in outputs:
            self._logged_models.get(output.model_id)
            self._written.put((run_id, output.model_id), output)

    def metrics(self, run_id: str) -> list[Metric]:
        """The latest point of each metric."""
        return self._metrics.latest(run_id)

    def metric(self, run_id: str, key: str) -> float | None:
        """The latest value of one metric, or None."""
        return self._metrics.latest_value(run_id, key)

    def history(
        self, run_id: str, key: str, after: tuple[int, int, int] | None
    ) -> Iterator[tuple[tuple[int, int, int], Metric]]:
        """All points of one metric; see `Metrics.history`."""
        self.runs.get(run_id)
        return self._metrics.history(run_id, key, after)

    def points(self, run_id: str, key: str) -> Iterator[Metric]:
        """All points of one metric by timestamp and step; none, where there is no such run."""
        return (metric for _, metric in self._metrics.history(run_id, key))

    def params(self, run_id: str) -> list[Param]:
        """A run's params, by key."""
        return [param for _, param in self._params.scan((run_id,))]

    def param(self, run_id: str, key: str) -> str | None:
        """The value of one param, or None."""
        param = self._params.get((run_id, key))
        return param.value if param else None

    def datasets(self, run_id: str) -> list[DatasetInput]:
        """The data sets that a run has read."""
        return self._datasets.of_run(run_id)

    def datasets_of(self, experiment_ids: Iterable[str]) -> list[DatasetSummary]:
        """The data sets that the runs of some experiments have read, the first 1,000."""
        return self._datasets.of_experiments(experiment_ids)

    def model_inputs(self, run_id: str) -> list[ModelInput]:
        """The logged models that a run has read."""
        return [one for _, one in self._read.scan((run_id,))]

    def model_outputs(self, run_id: str) -> list[ModelOutput]:
        """The logged models that a run has made."""
        return [one for _, one in self._written.scan((run_id,))]

    def _add_metrics(self, run: Run, metrics: Sequence[Metric]) -> None:
        logged = {metric.key for metric in metrics}
        indexed = [key for key in self.runs.index.indexed(run.experiment_id, "metric") if key in logged]
        before = [self.metric(run.run_id, key) for key in indexed]
        self._metrics.add(run.run_id, metrics)
        for key, value in zip(indexed, before, strict=True):
            self.runs.index.changed(run, "metric", key, value, self.metric(run.run_id, key))

    def _log_param(self, run: Run, key: str, value: str, path: str) -> None:
        run_id, key = run.run_id, self.runs.words(key)
        check_name(key, f"{path}key")
        check_length(value, f"{path}value", LONGEST_PARAM)
        present = self._params.get((run_id, key))
        if present is None:
            self._quota.take(run_id)
            self._params.put((run_id, key), Param(key=key, value=self.runs.words(value)))
            self.runs.index.changed(run, "parameter", key, None, value)
        elif present.value != value:
            raise InvalidParameterValue(
                f"Changing param values is not allowed. Param with key='{key}' was already logged with "
                f"value='{present.value}' for run ID='{run_id}'. Attempted logging new value '{value}'."
            )

    def _check_metric(self, metric: Metric, path: str) -> None:
        check_name(metric.key, f"{path}name")
        if metric.timestamp < 0:
            raise InvalidParameterValue(
                f"Invalid value {metric.timestamp} for parameter '{path}timestamp' supplied: metric '{metric.key}' "
                f"(value={metric.value}). Timestamp must be a nonnegative long (64-bit integer)"
            )
        if metric.model_id:
            self._logged_models.get(metric.model_id)
        if bool(metric.dataset_name) != bool(metric.dataset_digest):
            raise InvalidParameterValue("Both dataset_name and dataset_digest must be provided if one is provided")
        for what, name in (("dataset_name", metric.dataset_name), ("dataset_digest", metric.dataset_digest)):
            check_length(name or "", f"{path}{what}", _LONGEST_DATASET_NAME)


def _object(text: str) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidParameterValue(f"Malformed model info. \n {text[:500]} \n is not valid JSON of a model.")
    return value
