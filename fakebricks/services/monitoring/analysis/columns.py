"""Columns of rows that were read: each kind has its statistics, and its way to drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fakebricks.services.monitoring.statistics.drift import category_drift, number_drift
from fakebricks.services.monitoring.statistics.profiles import (
    category_profile,
    moment_profile,
    number_profile,
    presence_profile,
)
from fakebricks.services.monitoring.statistics.samples import Categories, Counts, Floats, Numbers
from fakebricks.services.unity_catalog.records import ColumnRecord

if TYPE_CHECKING:
    import pyarrow as pa

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]

_WHOLE = frozenset({"BYTE", "SHORT", "INT", "LONG"})
_BROKEN = frozenset({"FLOAT", "DOUBLE", "DECIMAL"})
_TIMES = frozenset({"TIMESTAMP", "TIMESTAMP_NTZ", "DATE"})
_MICROS = 1e6


class Column(Protocol):
    """A column of rows that were read."""

    @property
    def present(self) -> Flags:
        """Which rows have a value."""

    def sample(self, rows: Rows) -> Any:
        """What those rows hold, as `profile` and `drift` take it."""

    def profile(self, sample: Any) -> dict[str, Any]:
        """The statistics of a sample."""

    def drift(self, sample: Any, before: Any) -> dict[str, Any]:
        """How far a sample is from another."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """What can be put in order: whole numbers, and doubles."""

    values: Floats | Counts
    present: Flags

    def sample(self, rows: Rows) -> Numbers:
        known = self.present[rows]
        return Numbers.of(self.values[rows][known], len(rows) - int(known.sum()))


@dataclass(frozen=True, slots=True)
class NumberColumn(_Measured):
    """Numbers."""

    def profile(self, sample: Numbers) -> dict[str, Any]:
        return number_profile(sample)

    def drift(self, sample: Numbers, before: Numbers) -> dict[str, Any]:
        return number_drift(sample, before)

    def classes(self, rows: Rows) -> tuple[Counts, list[str]]:
        """Those rows, all of which have a value, as places in a list of classes."""
        found, places = np.unique(self.values[rows], return_inverse=True)
        return places, [_class_name(value) for value in found.tolist()]


@dataclass(frozen=True, slots=True)
class MomentColumn(_Measured):
    """Times, as seconds since the epoch; they are told and not compared (observed)."""

    def profile(self, sample: Numbers) -> dict[str, Any]:
        return moment_profile(sample)

    def drift(self, sample: Numbers, before: Numbers) -> dict[str, Any]:  # noqa: ARG002 - see above
        return {}


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Strings or booleans, as places in the list of the distinct ones; -1 where there is none."""

    places: Counts
    names: tuple[str, ...]
    lengths: bool

    @property
    def present(self) -> Flags:
        return self.places >= 0

    def sample(self, rows: Rows) -> Categories:
        places = self.places[rows]
        found, counts = np.unique(places[places >= 0], return_counts=True)
        names = tuple(self.names[place] for place in found)
        return Categories(names, counts.astype(np.int64), len(places) - int(counts.sum()))

    def profile(self, sample: Categories) -> dict[str, Any]:
        return category_profile(sample, lengths=self.lengths)

    def drift(self, sample: Categories, before: Categories) -> dict[str, Any]:
        return category_drift(sample, before)

    def classes(self, rows: Rows) -> tuple[Counts, list[str]]:
        """Those rows, all of which have a value, as places in a list of classes."""
        return self.places[rows], list(self.names)


@dataclass(frozen=True, slots=True)
class OpaqueColumn:
    """Arrays, maps, structs and bytes: it is only known whether there is a value."""

    present: Flags

    def sample(self, rows: Rows) -> tuple[int, int]:
        known = int(self.present[rows].sum())
        return known, len(rows) - known

    def profile(self, sample: tuple[int, int]) -> dict[str, Any]:
        return presence_profile(*sample)

    def drift(self, sample: Any, before: Any) -> dict[str, Any]:  # noqa: ARG002 - nothing is compared
        return {}


ClassColumn = NumberColumn | TextColumn
"""What can say which class a row is of."""


def selected(column: ColumnRecord, name: str) -> str:
    """What is to be selected of a column, so that `read` understands it."""
    if column.type_name in _WHOLE:
        return f"CAST({name} AS BIGINT)"
    if column.type_name in _BROKEN:
        return f"CAST({name} AS DOUBLE)"
    if column.type_name in _TIMES:
        return f"unix_micros(CAST({name} AS TIMESTAMP))"
    if column.type_name == "BOOLEAN":
        return f"CAST({name} AS STRING)"
    return name if column.type_name == "STRING" else f"{name} IS NOT NULL"


def read(column: ColumnRecord, values: pa.ChunkedArray) -> Column:
    """A column of a result."""
    if column.type_name in _WHOLE:
        return NumberColumn(*_numbers(values, np.int64))
    if column.type_name in _BROKEN:
        return NumberColumn(*_numbers(values, np.float64))
    if column.type_name in _TIMES:
        micros, present = _numbers(values, np.int64)
        return MomentColumn(micros / _MICROS, present)
    if column.type_name in ("STRING", "BOOLEAN"):
        places, names = encoded(values)
        return TextColumn(places, names, lengths=column.type_name == "STRING")
    return OpaqueColumn(values.to_numpy().astype(bool))


def encoded(values: pa.ChunkedArray) -> tuple[Counts, tuple[str, ...]]:
    """Texts as places in the sorted list of the distinct ones; -1 where there is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = values.cast(pa.large_string()).combine_chunks()
    names = pc.unique(whole).drop_null().sort()
    places = pc.fill_null(pc.index_in(whole, names), -1)
    return places.to_numpy(zero_copy_only=False).astype(np.int64), tuple(names.to_pylist())


def _numbers(values: pa.ChunkedArray, kind: type[np.float64 | np.int64]) -> tuple[Any, Flags]:
    import pyarrow.compute as pc

    present = np.asarray(pc.is_valid(values).to_numpy(), dtype=bool)
    return pc.fill_null(values, 0).to_numpy().astype(kind, copy=False), present


def _class_name(value: float) -> str:
    """A number as the name of a class: 1 and 1.0 are the same one."""
    return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)
