"""Data sets that runs have read.

Real: within an experiment a name and a digest are one data set, which is as the first run said; a run reads it once,
for what it said first; which data sets an experiment's runs have read, and for what. Limits are MLflow's (documented).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from fakebricks.services.tracking.names import check_length
from fakebricks.services.tracking.records import Dataset, DatasetInput, DatasetSummary, Run
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue

CONTEXT = "mlflow.data.context"

_MOST = 1000
_MOST_SUMMARIES = 1000
_LONGEST = {"name": 500, "digest": 36, "source_type": 36, "source": 65_535, "schema": 1_048_575, "profile": 16_777_215}
_LONGEST_TAG_KEY = 255
_LONGEST_TAG = 500


class Datasets:
    """The data sets of the runs of one workspace."""

    def __init__(self, state: State) -> None:
        self._known = state.table("datasets", Dataset)
        self._inputs = state.table("dataset_inputs", DatasetInput)
        self._summaries = state.table("dataset_summaries", DatasetSummary)

    def log(self, run: Run, inputs: Sequence[DatasetInput]) -> None:
        """Note that a run has read some data sets; what it has read already stays as it is.

        Raises:
            InvalidParameterValue: there are too many, or something about one is too long.
        """
        if len(inputs) > _MOST:
            raise InvalidParameterValue(f"A request can contain at most {_MOST} datasets.")
        for given in inputs:
            _check(given)
            place = (run.run_id, given.dataset.name, given.dataset.digest)
            if self._inputs.get(place) is None:
                dataset = self._dataset(run.experiment_id, given.dataset)
                self._inputs.put(place, DatasetInput(dataset=dataset, tags=given.tags))
                self._summarize(run.experiment_id, given)

    def of_run(self, run_id: str) -> list[DatasetInput]:
        """The data sets that a run has read, by name."""
        return [one for _, one in self._inputs.scan((run_id,))]

    def of_experiments(self, experiment_ids: Iterable[str]) -> list[DatasetSummary]:
        """What the runs of some experiments have read and for what, the first 1,000."""
        return list(islice(self._scan(experiment_ids), _MOST_SUMMARIES))

    def _scan(self, experiment_ids: Iterable[str]) -> Iterator[DatasetSummary]:
        for experiment_id in dict.fromkeys(experiment_ids):
            yield from (summary for _, summary in self._summaries.scan((experiment_id,)))

    def _dataset(self, experiment_id: str, given: Dataset) -> Dataset:
        place = (experiment_id, given.name, given.digest)
        known = self._known.get(place)
        if known is None:
            self._known.put(place, given)
        return known or given

    def _summarize(self, experiment_id: str, given: DatasetInput) -> None:
        context = next((tag.value for tag in given.tags if tag.key == CONTEXT), None)
        summary = DatasetSummary(
            experiment_id=experiment_id, name=given.dataset.name, digest=given.dataset.digest, context=context
        )
        self._summaries.put((experiment_id, summary.name, summary.digest, context or ""), summary)


def _check(given: DatasetInput) -> None:
    for name, longest in _LONGEST.items():
        check_length(getattr(given.dataset, name) or "", name, longest)
    if not given.dataset.name or not given.dataset.digest:
        raise InvalidParameterValue("A dataset input needs the name and the digest of its dataset.")
    for tag in given.tags:
        check_length(tag.key, "key", _LONGEST_TAG_KEY)
        check_length(tag.value, "value", _LONGEST_TAG)
