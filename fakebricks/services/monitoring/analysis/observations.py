"""Rows that were read of a table, and how they are cut: into windows, models and slices.

Real: what is read are the columns of the rows, by one query, and they are counted here. To let the engine count the
values of each column in each window gives the same numbers and takes twice as long, as most columns of numbers have as
many values as rows (measured with Sail and a million rows of ten columns; each slice would take as long again).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fakebricks.services.monitoring.analysis import columns
from fakebricks.services.monitoring.analysis.columns import Column, Rows
from fakebricks.services.monitoring.analysis.queries import Source, quoted, slice_value
from fakebricks.services.monitoring.column_needs import tells_probabilities
from fakebricks.services.monitoring.records import Configuration, InferenceLog
from fakebricks.services.monitoring.statistics.samples import Counts
from fakebricks.services.sql import SqlEngine
from fakebricks.services.unity_catalog.records import ColumnRecord
from fakebricks.wire.authentication import Caller


class Key(NamedTuple):
    """Which rows of a window: those of a slice, and of a model; None stands for all of them."""

    slice_key: str | None = None
    slice_value: str | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """A slicing expression, and which of its values each row has; -1 where that is none that is looked at."""

    key: str
    places: Counts
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Observations:
    """Rows, column by column.

    Attributes:
        size: how many there are.
        times: when each was, in milliseconds; all zero where there are no windows.
        columns: what they hold, by the names of columns.
        models: which of the models each belongs to; -1 where it belongs to none.
        model_ids: the models.
        slices: how they are sliced.
        probabilities: what a classifier has told of each, if it has.
    """

    size: int
    times: Counts
    columns: dict[str, Column]
    models: Counts
    model_ids: Sequence[str]
    slices: Sequence[Slice]
    probabilities: Sequence[Any] | None = None

    def between(self, begin: int, end: int) -> Rows:
        """The rows from one time up to another."""
        return np.flatnonzero((self.times >= begin) & (self.times < end))

    def groups(self, rows: Rows) -> Iterator[tuple[Key, Rows]]:
        """Rows by model, and by model and slice; none of them is empty."""
        by_model = list(self._by_model(rows))
        yield from ((Key(model=model), chosen) for model, chosen in by_model)
        for one in self.slices:
            for model, chosen in by_model:
                for place, inside in _split(one.places, chosen):
                    if place >= 0:
                        yield Key(one.key, one.values[place], model), inside

    def _by_model(self, rows: Rows) -> Iterator[tuple[str | None, Rows]]:
        if not self.model_ids:
            if len(rows):
                yield None, rows
            return
        for place, chosen in _split(self.models, rows):
            yield (self.model_ids[place] if place >= 0 else None), chosen


class Reader:
    """Reads the rows of a table as a monitor looks at them.

    Args:
        engine: executes SQL.
        caller: as whom.
        configuration: the monitor's.
        slices: the slicing expressions, with the values of each that are looked at; None for all of them.
    """

    def __init__(
        self,
        engine: SqlEngine,
        caller: Caller,
        configuration: Configuration,
        slices: dict[str, Sequence[str] | None],
    ) -> None:
        self._engine = engine
        self._caller = caller
        self._analysis = configuration.analysis
        self._slices = slices

    def read(self, source: Source, begin: int = 0, end: int = 0) -> Observations:
        """The rows of a table from one time up to another, in milliseconds.

        Raises:
            SqlError: they cannot be read.
        """
        table = source.table
        wanted = [f"{columns.selected(one, quoted(one.name))} AS c{place}" for place, one in enumerate(table.columns)]
        wanted += [f"{slice_value(key, table)} AS s{place}" for place, key in enumerate(self._slices)]
        if source.timestamp_col is not None:
            wanted.append(f"unix_millis({source.time}) AS t")
        model, probabilities = self._model(table.columns), self._probabilities(table.columns)
        if model is not None:
            wanted.append(f"CAST({quoted(model)} AS STRING) AS m")
        if probabilities is not None:
            wanted.append(f"{quoted(probabilities)} AS q")
        rows = self._engine.execute(source.select(wanted, begin, end), self._caller).rows
        places, names = columns.encoded(rows["m"]) if model else (np.full(len(rows), -1), ())
        return Observations(
            size=len(rows),
            times=rows["t"].to_numpy() if source.timestamp_col else np.zeros(len(rows), dtype=np.int64),
            columns={one.name: columns.read(one, rows[f"c{place}"]) for place, one in enumerate(table.columns)},
            models=places,
            model_ids=names,
            slices=[self._slice(key, rows[f"s{place}"]) for place, key in enumerate(self._slices)],
            probabilities=rows["q"].to_pylist() if probabilities else None,
        )

    def _slice(self, key: str, values: Any) -> Slice:
        places, names = columns.encoded(values)
        chosen = self._slices[key]
        if chosen is not None:
            wanted = set(chosen)
            kept = np.array([name in wanted for name in names] + [False], dtype=bool)
            places = np.where(kept[places], places, -1)
        return Slice(key, places, names)

    def _model(self, there: Iterable[ColumnRecord]) -> str | None:
        if not isinstance(self._analysis, InferenceLog):
            return None
        return next((one.name for one in there if one.name == self._analysis.model_id_col), None)

    def _probabilities(self, there: Iterable[ColumnRecord]) -> str | None:
        """The column of them; None where there is none, or one of another table that tells no probabilities."""
        if not isinstance(self._analysis, InferenceLog):
            return None
        named = (one for one in there if one.name == self._analysis.prediction_proba_col)
        return next((one.name for one in named if tells_probabilities(one)), None)


def _split(places: Counts, rows: Rows) -> Iterator[tuple[int, Rows]]:
    """Rows by a place that each of them has."""
    chosen = places[rows]
    order = np.argsort(chosen, kind="stable")
    found, starts = np.unique(chosen[order], return_index=True)
    yield from zip(found.tolist(), np.split(rows[order], starts[1:]), strict=True)
