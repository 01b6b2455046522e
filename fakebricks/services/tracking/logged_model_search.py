"""Searching logged models.

Real: filters, data sets that metrics must be of, orders and pages. A metric filter holds where any point of the metric
satisfies it, as in MLflow's own store; a metric that orders counts with its latest point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fakebricks.services.search import Column, Condition, Order, PageTokens, Vocabulary, matches
from fakebricks.services.search.matching import Found
from fakebricks.services.search.vocabulary import LISTS, NUMBERS, STRINGS
from fakebricks.services.tracking.logged_models import LoggedModels
from fakebricks.services.tracking.metrics import Metrics
from fakebricks.services.tracking.records import LoggedModel, Metric
from fakebricks.services.tracking.search import check_max_results, page
from fakebricks.wire.errors import InvalidParameterValue

MOST_MODELS = 50
"""How many models one page has at most (documented); who asks for more gets that many and a token."""

_TEXT = Column("string", STRINGS + LISTS)
_TIME = Column("number", NUMBERS)

LOGGED_MODELS = Vocabulary(
    kinds={
        "attributes": "attribute",
        "metrics": "metric",
        "params": "parameter",
        "tags": "tag",
    },
    open_kinds={"metric": Column("number", NUMBERS), "parameter": _TEXT, "tag": _TEXT},
    attributes={
        **dict.fromkeys(
            ("model_id", "experiment_id", "name", "status", "model_type", "source_run_id", "artifact_uri"), _TEXT
        ),
        **dict.fromkeys(("creation_timestamp_ms", "last_updated_timestamp_ms"), _TIME),
    },
    aliases={
        **dict.fromkeys(("creation_time", "creation_timestamp"), "creation_timestamp_ms"),
        "last_updated_timestamp": "last_updated_timestamp_ms",
        "artifact_location": "artifact_uri",
    },
    order_kinds=frozenset({"metric"}),
)


@dataclass(frozen=True, slots=True)
class DatasetFilter:
    """A data set that metrics must be of."""

    name: str
    digest: str | None

    def holds(self, metric: Metric) -> bool:
        """Whether a point is of this data set."""
        return metric.dataset_name == self.name and (self.digest is None or metric.dataset_digest == self.digest)


@dataclass(frozen=True, slots=True)
class OrderBy:
    """One element of order_by, with the data set that its metric must be of."""

    field_name: str
    ascending: bool
    dataset_name: str | None
    dataset_digest: str | None


class LoggedModelSearch:
    """The search over logged models."""

    def __init__(self, logged_models: LoggedModels, metrics: Metrics) -> None:
        self.models = logged_models
        self.metrics = metrics

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str,
        datasets: Sequence[DatasetFilter],
        max_results: int,
        order_by: Sequence[OrderBy],
        page_token: str | None,
    ) -> tuple[list[LoggedModel], str | None]:
        """One page of logged models, and the token of the next.

        Raises:
            InvalidParameterValue: the filter, the order, the number or the token cannot be.
        """
        check_max_results(max_results)
        conditions = LOGGED_MODELS.conditions(filter_string)
        wanted = {_order(one): one for one in order_by}
        question = [(one.field_name, one.ascending, one.dataset_name, one.dataset_digest) for one in order_by]
        tokens = PageTokens(
            "logged-models", experiment_ids, filter_string, question, [(one.name, one.digest) for one in datasets]
        )
        place = tokens.read(page_token)

        def natural(after: list[int | str] | None) -> Iterator[LoggedModel]:
            start = (int(after[0]), str(after[1])) if after else None
            for model in self.models.newest_first(experiment_ids, start):
                if self._matches(model, conditions, datasets):
                    yield model

        return page(
            natural,
            list(wanted),
            lambda model, order: self._ordered_by(model, order, wanted[order]),
            lambda model: [-model.creation_timestamp_ms, model.model_id],
            place,
            min(max_results, MOST_MODELS),
            tokens,
        )

    def _matches(self, model: LoggedModel, conditions: Sequence[Condition], datasets: Sequence[DatasetFilter]) -> bool:
        of_metrics = [one for one in conditions if one.kind == "metric"]
        if datasets and not of_metrics:
            points = self.metrics.of_model(model.model_id)
            if not any(one.holds(point) for point in points for one in datasets):
                return False
        return all(self._any_point(model, one, datasets) for one in of_metrics) and all(
            matches(self._value(model, one.kind, one.key), one) for one in conditions if one.kind != "metric"
        )

    def _any_point(self, model: LoggedModel, condition: Condition, datasets: Sequence[DatasetFilter]) -> bool:
        points = self.metrics.of_model_named(model.model_id, condition.key)
        return any(
            matches(point.value, condition)
            for point in points
            if not datasets or any(one.holds(point) for one in datasets)
        )

    def _ordered_by(self, model: LoggedModel, order: Order, given: OrderBy) -> Found:
        if order.kind != "metric":
            return self._value(model, order.kind, order.key)
        points = self.metrics.of_model_named(model.model_id, order.key)
        if given.dataset_name:
            of = DatasetFilter(given.dataset_name, given.dataset_digest)
            points = [point for point in points if of.holds(point)]
        latest = max(points, key=lambda point: (point.timestamp, point.step), default=None)
        return latest.value if latest else None

    def _value(self, model: LoggedModel, kind: str, key: str) -> Found:
        if kind == "parameter":
            return self.models.param(model.model_id, key)
        if kind == "tag":
            return self.models.tag(model.model_id, key)
        found: Found = getattr(model, key)
        return "" if found is None else found  # what a model was created without is stored as an empty text


def _order(given: OrderBy) -> Order:
    if given.dataset_digest and not given.dataset_name:
        raise InvalidParameterValue("`dataset_digest` in order_by needs `dataset_name`.")
    prefix, dot, key = given.field_name.partition(".")
    if not given.field_name or (dot and not key):
        raise InvalidParameterValue(f"Invalid order by field name: {given.field_name}")
    if dot and prefix not in {"metrics", "attributes"}:
        raise InvalidParameterValue(f"Invalid order by field name: {given.field_name}. Only metrics are supported.")
    return LOGGED_MODELS.order(given.field_name, given.ascending)
