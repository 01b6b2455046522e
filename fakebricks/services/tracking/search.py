"""Searching experiments, runs and logged models.

Real: MLflow's filters, orders and pages over each. Of runs there may be very many: `run_finding` says how a page of
them is found. Of experiments and logged models, order_by looks at all that could match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from fakebricks.services.search import Column, Condition, Order, PageTokens, Vocabulary, in_order, matches
from fakebricks.services.search.matching import Found
from fakebricks.services.search.vocabulary import LISTS, NULLS, NUMBERS, STRINGS
from fakebricks.services.tracking.experiment_permissions import VIEW, ExperimentPermissions
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.records import ACTIVE, DELETED, Experiment, Run
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.run_finding import FEW, Question, RunFinding, decisive
from fakebricks.services.tracking.runs import Runs
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import InvalidParameterValue

T = TypeVar("T")

STAGES = {"ACTIVE_ONLY": (ACTIVE,), "DELETED_ONLY": (DELETED,), "ALL": (ACTIVE, DELETED)}
MOST_RESULTS = 50_000
MOST_EXPERIMENTS = 100
"""In one search of runs: that there is a limit is observed, its number is not."""

_METRIC = Column("number", NUMBERS)
_TEXT = Column("string", STRINGS + NULLS)
_NAME = Column("string", STRINGS)
_LISTED = Column("string", STRINGS + LISTS)
_TIME = Column("number", NUMBERS)
_TAGS = {"tag": "tag", "tags": "tag"}
_ATTRIBUTES = {"attribute": "attribute", "attributes": "attribute", "attr": "attribute"}

RUNS = Vocabulary(
    kinds={
        **dict.fromkeys(("metric", "metrics"), "metric"),
        **dict.fromkeys(("parameter", "parameters", "param", "params"), "parameter"),
        **dict.fromkeys(("dataset", "datasets"), "dataset"),
        **_TAGS,
        **_ATTRIBUTES,
        "run": "attribute",
    },
    open_kinds={"metric": _METRIC, "parameter": _TEXT, "tag": _TEXT},
    attributes={
        "run_id": _LISTED,
        **dict.fromkeys(("run_name", "user_id", "status", "artifact_uri"), _NAME),
        **dict.fromkeys(("start_time", "end_time"), _TIME),
    },
    aliases={
        **dict.fromkeys(("created", "Created"), "start_time"),
        **dict.fromkeys(("run name", "Run name", "Run Name"), "run_name"),
    },
    closed_kinds={"dataset": dict.fromkeys(("name", "digest", "context"), _LISTED)},
    order_kinds=frozenset({"metric", "parameter", "tag"}),
)

EXPERIMENTS = Vocabulary(
    kinds={**_TAGS, "attribute": "attribute"},
    open_kinds={"tag": _TEXT},
    attributes={
        "name": _NAME,
        "experiment_id": Column("string", ("=", "!=", *LISTS)),
        "creation_time": Column("integer", NUMBERS),
        "last_update_time": Column("integer", NUMBERS),
    },
    orders_repeat=True,
)


class RunSearch:
    """The search over runs."""

    def __init__(self, runs: Runs, data: RunData, few: int = FEW) -> None:
        self._finding = RunFinding(runs, data, few)
        self.data = data

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str,
        run_view_type: str,
        max_results: int,
        order_by: Sequence[str],
        page_token: str | None,
    ) -> tuple[list[Run], str | None]:
        """One page of runs, and the token of the next.

        Raises:
            InvalidParameterValue: the filter, the order, the number or the token cannot be.
        """
        check_max_results(max_results)
        if len(experiment_ids) > MOST_EXPERIMENTS:
            raise InvalidParameterValue(
                f"Too many `experiment_ids` specified in SearchRuns request: {len(experiment_ids)}, where at most "
                f"{MOST_EXPERIMENTS} are allowed."
            )
        conditions = RUNS.conditions(filter_string)
        orders = decisive(RUNS.orders(order_by))
        tokens = PageTokens("runs", experiment_ids, filter_string, run_view_type, order_by)
        place = tokens.read(page_token)
        question = Question(tuple(dict.fromkeys(experiment_ids)), STAGES[run_view_type], tuple(conditions))
        if not orders:
            after = (int(place[0]), str(place[1])) if place else None
            found = list(islice(self._finding.newest_first(question, after), max_results + 1))
        else:
            offset = int(place[0]) if place else 0
            found = list(islice(self._finding.in_order(question, orders), offset, offset + max_results + 1))
        if len(found) <= max_results:
            return found, None
        del found[-1]
        return found, tokens.write([offset + max_results] if orders else [-found[-1].start_time, found[-1].run_id])


class ExperimentSearch:
    """The search over experiments."""

    def __init__(self, experiments: Experiments, permissions: ExperimentPermissions) -> None:
        self.experiments = experiments
        self._permissions = permissions

    def search(
        self,
        caller: Caller,
        *,
        filter_string: str,
        view_type: str,
        max_results: int,
        order_by: Sequence[str],
        page_token: str | None,
    ) -> tuple[list[Experiment], str | None]:
        """One page of the experiments that the caller may view, and the token of the next.

        The newest come first, if no order is given.

        Raises:
            InvalidParameterValue: the filter, the order, the number or the token cannot be.
        """
        check_max_results(max_results)
        conditions = EXPERIMENTS.conditions(filter_string)
        orders = EXPERIMENTS.orders(order_by) or [
            Order("attribute", "creation_time", ascending=False),
            Order("attribute", "experiment_id", ascending=True),
        ]
        tokens = PageTokens("experiments", filter_string, view_type, order_by)
        place = tokens.read(page_token)

        def natural(_after: list[int | str] | None) -> Iterator[Experiment]:
            for stage in STAGES[view_type]:
                for experiment in self.experiments.newest_first(stage):
                    if all(
                        matches(self._value(experiment, one), one) for one in conditions
                    ) and self._permissions.allows(experiment, VIEW, caller):
                        yield experiment

        return page(natural, orders, self._value, lambda _: [], place, max_results, tokens)

    def _value(self, experiment: Experiment, asked: Condition | Order) -> Found:
        if asked.kind == "tag":
            return self.experiments.tag(experiment, asked.key)
        found: Found = getattr(experiment, asked.key)
        return found


def check_max_results(max_results: int, most: int = MOST_RESULTS) -> None:
    """A number of results that may be asked for.

    Raises:
        InvalidParameterValue: it is not.
    """
    if max_results < 1:
        raise InvalidParameterValue(
            f"Invalid value {max_results} for parameter 'max_results' supplied: It must be at least 1."
        )
    if max_results > most:
        raise InvalidParameterValue(
            f"Invalid value {max_results} for parameter 'max_results' supplied: It must be at most {most}."
        )


def page(  # noqa: PLR0917 - each is one part of the question
    natural: Callable[[list[int | str] | None], Iterator[T]],
    orders: Sequence[Order],
    value: Callable[[T, Order], Found],
    place_of: Callable[[T], list[int | str]],
    place: list[int | str] | None,
    max_results: int,
    tokens: PageTokens,
) -> tuple[list[T], str | None]:
    """One page of what matches, and the token of the next.

    Args:
        natural: what matches in its natural order, from after a place on.
        orders: what else to order by.
        value: what an item is ordered by.
        place_of: the place of an item in the natural order.
        place: where the page starts: after a place in the natural order, or at an offset in another one.
        max_results: how many items a page has.
        tokens: the page tokens of this search.
    """
    if not orders:
        items = list(islice(natural(place), max_results + 1))
        more = len(items) > max_results
        return items[:max_results], tokens.write(place_of(items[max_results - 1])) if more else None
    offset = int(place[0]) if place else 0
    items = in_order(natural(None), orders, value)
    end = offset + max_results
    return items[offset:end], tokens.write([end]) if end < len(items) else None
