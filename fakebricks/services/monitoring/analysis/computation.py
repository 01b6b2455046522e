"""What a refresh computes: profiles of windows, of the baseline and of snapshots, and how far they are apart.

Real: windows that follow each other are compared, and each with the baseline. Of a column that makes slices, the 100
most frequent values do (documented). Rows are read so many windows at a time that memory is bounded by the rows of the
largest window. A slicing expression that fails is told and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from fakebricks.services.monitoring.analysis.custom import CustomMetrics, Cut
from fakebricks.services.monitoring.analysis.observations import Key, Reader
from fakebricks.services.monitoring.analysis.queries import Source, slice_value, sliced_column, window_start
from fakebricks.services.monitoring.analysis.rows import DriftRow, Metrics, ProfileRow, Window
from fakebricks.services.monitoring.analysis.summaries import Summary, summaries
from fakebricks.services.monitoring.granularities import Granularity
from fakebricks.services.monitoring.records import Configuration
from fakebricks.services.sql import SqlEngine, SqlError
from fakebricks.wire.authentication import Caller
from fakebricks.wire.errors import DatabricksError

_MOST_VALUES = 100
_MOST_ROWS = 250_000
"""How many rows are read at a time, if they are of more than one window: a million rows of ten columns then take some
80 MB less than all of them at once would, and 6 % longer (measured). Fewer would mean more scans of files that are not
in the order of time."""

Place = tuple[Key, str]
Slices = dict[str, Sequence[str] | None]


class Profiled(dict[Key, Summary]):
    """A window's summaries, and the rows of the profile that tell them."""

    def __init__(self, found: dict[Key, Summary], rows: dict[Place, ProfileRow]) -> None:
        super().__init__(found)
        self.rows = rows


class Computation:
    """The computation of one refresh.

    Args:
        engine: executes SQL.
        caller: as whom.
        configuration: the monitor's.
        source: the monitored table.
        baseline: what all windows are compared with too, if there is such a table.
    """

    def __init__(
        self,
        engine: SqlEngine,
        caller: Caller,
        configuration: Configuration,
        source: Source,
        baseline: Source | None = None,
    ) -> None:
        self.metrics = Metrics()
        self._engine = engine
        self._caller = caller
        self._configuration = configuration
        self._source = source
        self._problems: dict[str, str] = {}
        self._custom = CustomMetrics(engine, caller, configuration, self._problems)
        self._context: list[ProfileRow] = []
        """Rows that are not written, but compared with."""
        self._baseline = baseline
        self._profiled_baseline: Profiled | None = None

    @property
    def has_baseline(self) -> bool:
        """Whether the baseline has been profiled."""
        return self._profiled_baseline is not None

    def add_baseline(self) -> Profiled | None:
        """Profile the baseline, if there is one and that has not been done; what windows are compared with, too."""
        if self._profiled_baseline is None and self._baseline is not None:
            self._profiled_baseline = self._whole(self._baseline, "BASELINE")
            self.metrics.profile.extend(self._profiled_baseline.rows.values())
        return self._profiled_baseline

    def finish(self) -> tuple[str, ...]:
        """Compute what depends on everything else; what could not be computed."""
        self._custom.add_derived([*self.metrics.profile, *self._context], self.metrics.drift)
        return tuple(self._problems.values())

    def add_windows(self, granularity: Granularity, first: int, begin: int, end: int) -> None:
        """Profile all windows from the one that begins at `begin` up to a time, in milliseconds.

        The one before is looked at, unless it is before the first, to compare with it.
        """
        since = begin if begin <= first else granularity.before(begin)
        batches = list(self._batches(granularity, since, end))
        if not any(start >= begin for starts in batches for start in starts):
            return
        slices = self._usable_slices(self._source, since, end)
        reader = Reader(self._engine, self._caller, self._configuration, slices)
        before: tuple[int, Profiled] | None = None
        for starts in batches:
            until = min(granularity.end_of(starts[-1]), end)
            rows = reader.read(self._source, starts[0], until)
            added: list[ProfileRow] = []
            for start in starts:
                window = Window(start, granularity.end_of(start))
                found = summaries(rows.between(start, min(window.end, end)), rows, self._configuration.analysis)
                profiled = self._told(found, "INPUT", window, granularity.name)
                added += profiled.rows.values()
                if start < begin:
                    self._context.extend(profiled.rows.values())
                else:
                    self.metrics.profile.extend(profiled.rows.values())
                    if before is not None and granularity.end_of(before[0]) == start:
                        self._compare(profiled, before[1], "CONSECUTIVE")
                    self._compare_with_baseline(profiled)
                before = (start, profiled)
            self._custom.add_aggregates(added, Cut(self._source, granularity, starts[0], until), list(slices))

    def add_snapshots(self, times: Sequence[int], before: Source | None) -> None:
        """Profile the whole table, as of some times; the first is compared with an earlier version of the table."""
        slices = self._usable_slices(self._source)
        reader = Reader(self._engine, self._caller, self._configuration, slices)
        rows = reader.read(self._source)
        found = summaries(rows.between(0, 1), rows, self._configuration.analysis)
        earlier = None if before is None else self._earlier(before)
        for time in times:
            profiled = self._told(found, "INPUT", Window(time, time), None)
            self.metrics.profile.extend(profiled.rows.values())
            self._custom.add_aggregates(list(profiled.rows.values()), Cut(self._source), list(slices))
            if earlier is not None:
                self._compare(profiled, earlier, "CONSECUTIVE")
            self._compare_with_baseline(profiled)
            earlier = profiled

    def _earlier(self, before: Source) -> Profiled | None:
        """An earlier version of the table, if it can still be read."""
        try:
            profiled = self._whole(before, "INPUT")
        except (SqlError, DatabricksError):
            return None
        self._context.extend(profiled.rows.values())
        return profiled

    def _whole(self, source: Source, log_type: Literal["INPUT", "BASELINE"]) -> Profiled:
        """A table as a whole, whenever its rows were."""
        slices = self._usable_slices(source)
        rows = Reader(self._engine, self._caller, self._configuration, slices).read(source)
        found = summaries(rows.between(0, 1), rows, self._configuration.analysis)
        profiled = self._told(found, log_type, None, None)
        self._custom.add_aggregates(list(profiled.rows.values()), Cut(source, only_compared=True), list(slices))
        return profiled

    def _told(
        self,
        found: dict[Key, Summary],
        log_type: Literal["INPUT", "BASELINE"],
        window: Window | None,
        granularity: str | None,
    ) -> Profiled:
        rows = {
            (key, column): ProfileRow(window, granularity, log_type, key, column, dict(values))
            for key, summary in found.items()
            for column, values in summary.profiles.items()
        }
        return Profiled(found, rows)

    def _compare(self, profiled: Profiled, before: Profiled, kind: Literal["CONSECUTIVE", "BASELINE"]) -> None:
        for key, summary in profiled.items():
            if key not in before:
                continue
            for column, values in summary.drift(before[key]).items():
                row = DriftRow(profiled.rows[key, column], before.rows[key, column], kind, values)
                self.metrics.drift.append(row)

    def _compare_with_baseline(self, profiled: Profiled) -> None:
        baseline = self.add_baseline() if profiled else None
        if baseline is not None:
            self._compare(profiled, baseline, "BASELINE")

    def _batches(self, granularity: Granularity, begin: int, end: int) -> Iterator[list[int]]:
        """The windows that have rows, so many at a time as may be read together."""
        start = f"{window_start(granularity, self._source.time)} AS w"
        query = self._source.select([start, "count(*) AS n"], begin, end, " GROUP BY 1 ORDER BY 1")
        batch: list[int] = []
        held = 0
        for line in self._engine.execute(query, self._caller).rows.to_pylist():
            if batch and held + line["n"] > _MOST_ROWS:
                yield batch
                batch, held = [], 0
            batch.append(int(line["w"]))
            held += line["n"]
        if batch:
            yield batch

    def _usable_slices(self, source: Source, begin: int = 0, end: int = 0) -> Slices:
        """The slicing expressions that can be computed, with the values that are looked at."""
        usable: Slices = {}
        for key in self._configuration.slicing_exprs:
            if f"slice {key}" in self._problems:
                continue
            try:
                usable[key] = self._values(source, key, begin, end)
            except (SqlError, DatabricksError) as error:
                if source.table is not self._source.table:
                    continue  # a baseline need not have what slices are made of
                message = f"The slicing expression '{key}' could not be computed: {error}"
                self._problems[f"slice {key}"] = message
        return usable

    def _values(self, source: Source, key: str, begin: int, end: int) -> Sequence[str] | None:
        """Those of a column that are looked at; of a condition, which must not fail for any row, all of them."""
        value = slice_value(key, source.table)
        if sliced_column(key, source.table) is None:
            self._engine.execute(source.select([f"max({value}) AS v"], begin, end), self._caller)
            return None
        query = source.select(
            [f"{value} AS v", "count(*) AS n"], begin, end, f" GROUP BY 1 ORDER BY n DESC, v LIMIT {_MOST_VALUES + 1}"
        )
        found = self._engine.execute(query, self._caller).rows["v"].to_pylist()
        return [one for one in found if one is not None][:_MOST_VALUES]
