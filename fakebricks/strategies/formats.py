"""The forms in which a request can carry a signature's inputs: MLflow's four formats, and how data lie in each.

Not every format can carry every signature (observed in MLflow 2.22 and 3.17):

- `instances` turns rows into columns of arrays before it checks them, which no column of arrays or objects survives;
- `inputs` reads a dictionary as columns, or as one single row if a column of the signature is an array or object;
- a frame carries a tensor only if its first dimension is open and the others are fixed, flattened to one list a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from fakebricks.strategies.declared import (
    Anything,
    ArrayOf,
    Declared,
    ObjectOf,
    Scalar,
    Tensor,
    UnsatisfiableSignature,
    read_signature,
)
from fakebricks.strategies.nested import check_satisfiable
from fakebricks.strategies.tensors import check_expressible, fits_frame

FORMATS = ("dataframe_split", "dataframe_records", "inputs", "instances")


class Layout(Enum):
    """How the data lie in a format."""

    SPLIT = auto()
    RECORDS = auto()
    COLUMNS = auto()  # a dictionary of lists
    ROW = auto()  # a dictionary of what one row has; for tensors, of whole arrays
    ROWS = auto()  # a list of dictionaries
    MATRIX = auto()  # a list of lists; of values where there is one column
    BARE = auto()  # one array

    @property
    def is_frame(self) -> bool:
        """Whether pandas converts the values; numpy does so in all other layouts, by other rules."""
        return self in (Layout.SPLIT, Layout.RECORDS)


@dataclass(frozen=True)
class Form:
    """A format, and how the data lie in it."""

    format: str
    layout: Layout


def formats(signature: Any) -> tuple[str, ...]:
    """The formats in which requests can carry what the signature declares.

    Raises:
        UnsatisfiableSignature: there is none.
    """
    return tuple(dict.fromkeys(form.format for form in forms(read_signature(signature))))


def forms(declared: Declared, wanted: Sequence[str] | None = None) -> tuple[Form, ...]:
    """The forms in which requests can carry it, in the formats that are wanted, or in all.

    Raises:
        ValueError: there is no such format.
        UnsatisfiableSignature: it cannot be carried at all, or not in one of the formats.
    """
    unknown = sorted(set(wanted or ()) - set(FORMATS))
    if unknown:
        raise ValueError(f"MLflow has no format {unknown[0]!r}; it has {', '.join(FORMATS)}.")
    possible = tuple(_of_tensors(declared) if declared.tensors else _of_columns(declared))
    if wanted is None:
        return possible
    impossible = sorted(set(wanted) - {form.format for form in possible})
    if impossible:
        raise UnsatisfiableSignature(f"MLflow accepts no request for this signature in the format {impossible[0]!r}.")
    return tuple(form for form in possible if form.format in wanted)


def _of_columns(declared: Declared) -> Iterator[Form]:
    check_satisfiable(declared.columns)
    yield Form("dataframe_split", Layout.SPLIT)
    yield Form("dataframe_records", Layout.RECORDS)
    types = [column.type for column in declared.columns]
    if not declared.named:
        if isinstance(types[0], Scalar) and len(set(types)) == 1:  # numpy gives all of them the first one's type
            yield Form("inputs", Layout.MATRIX)
            yield Form("instances", Layout.MATRIX)
        return
    yield Form("inputs", Layout.ROWS)
    if any(isinstance(type_, ArrayOf | ObjectOf) for type_ in types):
        yield Form("inputs", Layout.ROW)
        return
    if all(isinstance(type_, Scalar | Anything) for type_ in types):
        yield Form("inputs", Layout.COLUMNS)
    yield Form("instances", Layout.ROWS)


def _of_tensors(declared: Declared) -> Iterator[Form]:
    check_expressible(declared.tensors)
    yield Form("inputs", Layout.ROW if declared.named else Layout.BARE)
    if not declared.named:
        yield Form("instances", Layout.BARE)
    elif _share_rows(declared.tensors):
        yield Form("instances", Layout.ROWS)
    if all(map(fits_frame, declared.tensors)):
        yield Form("dataframe_split", Layout.SPLIT)
        yield Form("dataframe_records", Layout.RECORDS)


def _share_rows(tensors: Sequence[Tensor]) -> bool:
    return all(tensor.shape for tensor in tensors) and len({t.shape[0] for t in tensors} - {-1}) <= 1
