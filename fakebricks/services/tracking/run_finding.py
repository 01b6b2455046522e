"""Finding runs: which of them match a filter, in the order that is asked for.

Real: what is found is what looking at every run would find, in the same order. A few runs are looked at one by one.
Where there are more, indexes say where to look: at the runs that satisfy the most selective comparison, if those are
few; else at all runs in the order that is asked for, until there are enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple

from fakebricks.services.search import Condition, Order, in_order, matches
from fakebricks.services.search.matching import Found
from fakebricks.services.tracking.records import Run
from fakebricks.services.tracking.run_data import RunData
from fakebricks.services.tracking.run_index import Entry, Name, Place
from fakebricks.services.tracking.runs import Runs

DATASET_CONTEXT = "mlflow.data.context"

FEW = 500
"""So many runs are looked at one by one before an index is made."""

_NEWEST = Order("attribute", "start_time", ascending=False)
_BY_ID = Order("attribute", "run_id", ascending=True)


class Question(NamedTuple):
    """Which runs are wanted."""

    experiment_ids: tuple[str, ...]
    stages: Sequence[str]
    conditions: tuple[Condition, ...]

    def names(self) -> list[Name]:
        """What its conditions are about."""
        return list(dict.fromkeys(Name(one.kind, one.key) for one in self.conditions))

    def where(self, *conditions: Condition) -> Question:
        """The same question, with more conditions."""
        return self._replace(conditions=(*self.conditions, *conditions))


class RunFinding:
    """Finds the runs of one workspace."""

    def __init__(self, runs: Runs, data: RunData, few: int = FEW) -> None:
        self._runs = runs
        self._data = data
        self._index = runs.index
        self._few = few

    def newest_first(self, question: Question, after: Place | None = None) -> Iterator[Run]:
        """What is wanted in the natural order, from what follows the run of that negated start time and id."""
        newest = self._runs.newest_first(question.experiment_ids, question.stages, after)
        seen = 0
        for run in islice(newest, self._few):
            seen += 1
            after = (-run.start_time, run.run_id)
            if self._wanted(run, question):
                yield run
        if seen < self._few:
            return
        places = self._places(question, after) if question.conditions else None
        if places is None:
            yield from (run for run in newest if self._wanted(run, question))
            return
        rest = (place[1] for place in places if after is None or place > after)
        yield from self._wanted_of(rest, question)

    def in_order(self, question: Question, orders: Sequence[Order]) -> Iterable[Run]:
        """What is wanted in the order of some fields; what they leave undecided in the natural order."""
        if not orders:
            return self.newest_first(question)
        name = Name(orders[0].kind, orders[0].key)
        if question.experiment_ids and all(self._index.has(one, name) for one in question.experiment_ids):
            return self._of_many(question, orders)
        newest = self._runs.newest_first(question.experiment_ids, question.stages)
        all_of_few = list(islice(newest, self._few + 1))
        if len(all_of_few) <= self._few:
            return in_order((run for run in all_of_few if self._wanted(run, question)), orders, self.value)
        return self._of_many(question, orders)

    def value(self, run: Run, asked: Condition | Order | Name) -> Found:
        """The value of a run that a condition or an order is about; not of its data sets, of which there are many."""
        if asked.kind == "attribute":
            found: Found = getattr(run, asked.key)
            return found
        return self._logged(run.run_id, asked)

    def _logged(self, run_id: str, asked: Condition | Order | Name) -> Found:
        if asked.kind == "metric":
            return self._data.metric(run_id, asked.key)
        if asked.kind == "parameter":
            return self._data.param(run_id, asked.key)
        return self._runs.tag(run_id, asked.key)

    def _of_many(self, question: Question, orders: Sequence[Order]) -> Iterator[Run]:
        first, *rest = orders
        name = Name(first.kind, first.key)
        places = None if question.names() == [name] else self._few_places(question)
        if places is not None:
            yield from in_order(self._wanted_of((one for _, one in places), question), orders, self.value)
            return
        self._ensure(question, name)
        bounds = name.bounds(question.conditions)
        entries = self._index.entries(question.experiment_ids, name, bounds, ascending=first.ascending)
        if not rest:
            yield from self._wanted_of((run_id for _, _, run_id in entries), question)
        else:
            for ranked, group in groupby(entries, key=itemgetter(0)):
                yield from self._tied(question, name, ranked, group, rest)
        if any((one.kind, one.key) == name and one.comparator != "IS NULL" for one in question.conditions):
            return
        # Last come the runs that have no such value.
        without = question.where(Condition(name.kind, name.key, "IS NULL", None))
        yield from self._of_many(without, rest) if rest else self.newest_first(without)

    def _tied(
        self, question: Question, name: Name, ranked: str | int, group: Iterator[Entry], orders: Sequence[Order]
    ) -> Iterable[Run]:
        """The runs of one rank, in the order of the other fields."""
        entries = list(islice(group, self._few + 1))
        if len(entries) > self._few and not name.numeric:
            return self._of_many(question.where(Condition(name.kind, name.key, "=", ranked)), orders)
        run_ids = [run_id for _, _, run_id in (*entries, *group)]
        return in_order(self._wanted_of(run_ids, question), orders, self.value)

    def _places(self, question: Question, after: Place | None) -> Iterable[Place] | None:
        """The places, in the natural order, of runs among which are all that are wanted after one; None for all."""
        places = self._few_places(question)
        if places is not None:
            return places
        exact: list[Iterator[Place]] = []
        for name in question.names():
            low, high = name.bounds(question.conditions)
            if low is not None and low == high:
                exact.append(self._index.of_rank(question.experiment_ids, name, low, after))
        return reduce(_in_both, exact) if exact else None

    def _few_places(self, question: Question) -> list[Place] | None:
        """The places of a few runs among which are all that are wanted; None where no condition is so selective."""
        for one in question.conditions:
            if (one.kind, one.key) == ("attribute", "run_id") and one.comparator in ("=", "IN"):
                named = {one.value} if isinstance(one.value, str) else set(one.value or ())  # type: ignore[arg-type]
                return sorted(self._places_of(named))
        for name in question.names():
            bounds = name.bounds(question.conditions)
            if not bounds:
                continue
            self._ensure(question, name)
            entries = self._index.entries(question.experiment_ids, name, bounds)
            found: list[Place] = [entry[1:] for entry in islice(entries, self._few + 1)]
            if len(found) <= self._few:
                return sorted(found)
        return None

    def _places_of(self, run_ids: Iterable[str]) -> Iterator[Place]:
        for run_id in run_ids:
            run = self._runs.find(run_id)
            if run is not None:
                yield -run.start_time, run_id

    def _wanted_of(self, run_ids: Iterable[str], question: Question) -> Iterator[Run]:
        """Those of some runs that are wanted."""
        for run_id in run_ids:
            if all(self._holds(run_id, one) for one in question.conditions if one.kind != "attribute"):
                run = self._runs.get(run_id)
                of_these = run.lifecycle_stage in question.stages and run.experiment_id in question.experiment_ids
                if of_these and _has(run, question):
                    yield run

    def _wanted(self, run: Run, question: Question) -> bool:
        return _has(run, question) and all(
            self._holds(run.run_id, one) for one in question.conditions if one.kind != "attribute"
        )

    def _holds(self, run_id: str, condition: Condition) -> bool:
        if condition.kind == "dataset":
            return any(matches(found, condition) for found in self._of_datasets(run_id, condition.key))
        return matches(self._logged(run_id, condition), condition)

    def _of_datasets(self, run_id: str, key: str) -> Iterator[Found]:
        for given in self._data.datasets(run_id):
            if key == "context":
                yield from (tag.value for tag in given.tags if tag.key == DATASET_CONTEXT)
            else:
                yield getattr(given.dataset, key)

    def _ensure(self, question: Question, name: Name) -> None:
        """Make the indexes by that name that are not there."""
        for experiment_id in question.experiment_ids:
            if not self._index.has(experiment_id, name):
                places = self._runs.places(experiment_id)
                self._index.add(experiment_id, name, ((place, self._stored(place[1], name)) for place in places))

    def _stored(self, run_id: str, name: Name) -> Found:
        if name.kind != "attribute":
            return self._logged(run_id, name)
        found: Found = getattr(self._runs.find(run_id), name.key)
        return found


def decisive(orders: Sequence[Order]) -> Sequence[Order]:
    """The orders without those at the end that say what the natural order is."""
    if list(orders[-2:]) == [_NEWEST, _BY_ID]:
        return orders[:-2]
    return orders[:-1] if list(orders[-1:]) == [_NEWEST] else orders


def _has(run: Run, question: Question) -> bool:
    """Whether the conditions on a run's attributes hold."""
    return all(matches(getattr(run, one.key), one) for one in question.conditions if one.kind == "attribute")


def _in_both(left: Iterator[Place], right: Iterator[Place]) -> Iterator[Place]:
    """What two ascending iterators have in common."""
    one, other = next(left, None), next(right, None)
    while one is not None and other is not None:
        if one == other:
            yield one
        if one <= other:
            one = next(left, None)
        else:
            other = next(right, None)
