"""Custom metrics: SQL that the monitor's creator has written, executed over groups of rows, or over other metrics.

Real: aggregate metrics are expressions over the rows of a group, derived ones over the columns of the profile, drift
ones over those of two profiles, `current_df` and `base_df` (documented). One that fails is told by name and left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fakebricks.services.monitoring.analysis.observations import Key
from fakebricks.services.monitoring.analysis.queries import Source, as_type, quoted, rows_of, slice_value, window_start
from fakebricks.services.monitoring.analysis.rows import DriftRow, ProfileRow
from fakebricks.services.monitoring.checks import variables
from fakebricks.services.monitoring.custom_metrics import output_type, rendered
from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.records import Configuration, CustomMetric, InferenceLog, MetricType
from fakebricks.services.sql import SqlEngine, SqlError
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError

_CHUNK = 200
_ROW = "fakebricks_row"
_SIMPLE = {
    "count": "bigint",
    "num_nulls": "bigint",
    "num_zeros": "bigint",
    "num_nan": "bigint",
    "distinct_count": "bigint",
    **dict.fromkeys(
        (
            "avg",
            "min",
            "max",
            "stddev",
            "median",
            "min_length",
            "max_length",
            "avg_length",
            "percent_nan",
            "percent_null",
            "percent_zeros",
            "percent_distinct",
        ),
        "double",
    ),
}
"""What derived and drift metrics can name of the profile, beside other custom metrics."""


class Wanted(NamedTuple):
    """A metric of one of its columns, as an expression of its type."""

    metric: CustomMetric
    column: str
    expression: str


class Cut(NamedTuple):
    """Rows of a table in their windows; without a granularity, all of them are one.

    Of a table that is only compared with, a metric may fail: it need not have all columns.
    """

    source: Source
    granularity: Granularity | None = None
    begin: int = 0
    end: int = 0
    only_compared: bool = False


class Aggregated(NamedTuple):
    """What metrics come to in a group of rows; the window is where it begins."""

    window: int
    key: Key
    values: Sequence[Any]


@dataclass(slots=True)
class CustomMetrics:
    """The custom metrics of one refresh."""

    engine: SqlEngine
    caller: Caller
    configuration: Configuration
    problems: dict[str, str]
    """What is wrong with metrics, by their names; such a metric is not tried again."""

    def add_aggregates(self, rows: Sequence[ProfileRow], cut: Cut, slices: Sequence[str]) -> None:
        """Put aggregate metrics into the rows of a profile that are cut in this way."""
        if not any(metric.type == "AGGREGATE" for metric in self.configuration.custom_metrics):
            return
        places = {(row.window.begin if row.window and cut.granularity else 0, row.key, row.column): row for row in rows}
        for key in (None, *slices):
            for found, line in self._aggregated(list(self._wanted("AGGREGATE")), cut, key):
                for one, value in zip(found, line.values, strict=True):
                    row = places.get((line.window, line.key, one.column))
                    if row is not None:
                        row.values[one.metric.name] = value

    def add_derived(self, profile: Sequence[ProfileRow], drift: Sequence[DriftRow]) -> None:
        """Put derived and drift metrics into the rows that they are of."""
        for wanted in self._wanted("DERIVED"):
            chosen = [row for row in profile if row.column == wanted.column]
            self._over(wanted, chosen, _alone)
        for wanted in self._wanted("DRIFT"):
            pairs = [row for row in drift if row.current.column == wanted.column]
            self._over(wanted, pairs, _both)

    def _wanted(self, kind: MetricType) -> Iterator[Wanted]:
        for metric in self.configuration.custom_metrics:
            if metric.type != kind or metric.name in self.problems:
                continue
            for column in metric.input_columns:
                try:
                    known = variables(self.configuration.analysis, column)
                    text = rendered(metric.name, metric.definition, known)
                except DatabricksError as error:
                    self._note(metric, error)
                    break
                kind_text = output_type(metric.name, metric.output_data_type)
                yield Wanted(metric, column, as_type(text, kind_text))

    def _aggregated(self, wanted: list[Wanted], cut: Cut, key: str | None) -> Iterator[tuple[list[Wanted], Aggregated]]:
        """All of them by one query; where that fails, each by its own."""
        if not wanted:
            return
        try:
            yield from ((wanted, line) for line in self._aggregate(wanted, cut, key))
        except (SqlError, DatabricksError) as error:
            if len(wanted) == 1:
                if not cut.only_compared:
                    self._note(wanted[0].metric, error)
                return
            for one in wanted:
                if one.metric.name not in self.problems:
                    yield from self._aggregated([one], cut, key)

    def _aggregate(self, wanted: list[Wanted], cut: Cut, key: str | None) -> list[Aggregated]:
        table, analysis = cut.source.table, self.configuration.analysis
        window = window_start(cut.granularity, cut.source.time) if cut.granularity else "0"
        model = "CAST(NULL AS STRING)"
        if isinstance(analysis, InferenceLog):
            model = f"CAST({quoted(analysis.model_id_col)} AS STRING)"
        value = "CAST(NULL AS STRING)" if key is None else slice_value(key, table)
        selected = [f"{window} AS w", f"{model} AS m", f"{value} AS s"]
        selected += [f"{one.expression} AS a{place}" for place, one in enumerate(wanted)]
        found = self.engine.execute(
            cut.source.select(selected, cut.begin, cut.end, " GROUP BY 1, 2, 3"), self.caller
        ).rows.to_pylist()
        names = [f"a{place}" for place in range(len(wanted))]
        return [
            Aggregated(int(line["w"]), Key(key, line["s"], line["m"]), [line[name] for name in names]) for line in found
        ]

    def _over(self, wanted: Wanted, rows: Sequence[Any], sides: Callable[[Any], dict[str, ProfileRow]]) -> None:
        """A metric of rows that have been computed, so many at a time."""
        for start in range(0, len(rows), _CHUNK):
            if wanted.metric.name in self.problems:
                return
            chunk = rows[start : start + _CHUNK]
            try:
                query = self._query_over(wanted, [sides(row) for row in chunk])
                found = self.engine.execute(query, self.caller).rows.to_pylist()
            except (SqlError, DatabricksError) as error:
                self._note(wanted.metric, error)
                return
            for line in found:
                chunk[line["place"]].values[wanted.metric.name] = line["a0"]

    def _query_over(self, wanted: Wanted, lines: Sequence[dict[str, ProfileRow]]) -> str:
        """A query for a metric of lines, each of which has a row of the profile on one side or on two."""
        types = {name: kind for name, kind in self._columns().items() if name in wanted.expression}
        tables = []
        for side in lines[0]:
            values = [(place, *(line[side].values.get(name) for name in types)) for place, line in enumerate(lines)]
            tables.append(rows_of([_ROW, *types], ["bigint", *types.values()], values, side))
        first, *others = lines[0]
        joined = "".join(
            f" JOIN {table} ON {first}.{_ROW} = {side}.{_ROW}" for side, table in zip(others, tables[1:], strict=True)
        )
        return f"SELECT {first}.{_ROW} AS place, {wanted.expression} AS a0 FROM {tables[0]}{joined}"  # noqa: S608

    def _columns(self) -> dict[str, str]:
        """What a derived or a drift metric can name, with the types."""
        named = {
            metric.name: output_type(metric.name, metric.output_data_type)
            for metric in self.configuration.custom_metrics
            if metric.type != "DRIFT"
        }
        return {**_SIMPLE, **named}

    def _note(self, metric: CustomMetric, error: Exception) -> None:
        self.problems.setdefault(metric.name, f"Custom metric '{metric.name}' could not be computed: {error}")


def _alone(row: ProfileRow) -> dict[str, ProfileRow]:
    return {"profile": row}


def _both(row: DriftRow) -> dict[str, ProfileRow]:
    return {"current_df": row.current, "base_df": row.base}
