"""Mutations of what columns have in their rows: of another type, null, nested wrongly, out of range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.conversions import OWN, SAMPLES, refuses, refuses_null
from fakebricks.strategies.declared import Anything, Column, Declared, Scalar
from fakebricks.strategies.formats import Form
from fakebricks.strategies.mutations import Mutation, edit
from fakebricks.strategies.wrong_values import wrong_values

_SILENTLY = "MLflow says nothing"


def cell_mutations(declared: Declared, form: Form) -> Iterator[Mutation]:
    """Wrong values, column by column."""
    for position, column in enumerate(declared.columns):
        yield from _retyped(column, position, form)
        yield from _nulls(column, position, form)
        yield from _out_of_range(column, position, form)
        if not isinstance(column.type, Scalar):
            for what, value in wrong_values(column.type, _told(column, position)):
                yield edit("nested", f"There is {what}.", True, _filled(column, position, value))


def _retyped(column: Column, position: int, form: Form) -> Iterator[Mutation]:
    if isinstance(column.type, Anything):
        return
    own = OWN[column.type.name] if isinstance(column.type, Scalar) else ()
    for sample, value in SAMPLES.items():
        refused = refuses(column.type, sample, form.layout)
        if sample in own or refused is None:
            continue
        told = f"There is {sample} in {_told(column, position)}"
        yield edit("retyped", _with_verdict(told, refused), refused, _filled(column, position, value))
    if column.type == Scalar("binary") and form.layout.is_frame:
        told = f"There is text that is not base64 in {_told(column, position)}."
        yield edit("retyped", told, True, _filled(column, position, "x"))
    if column.type == Scalar("datetime") and form.layout.is_frame:
        told = f"There is a date with a time zone in {_told(column, position)}, which takes dates without one."
        yield edit("retyped", told, True, _filled(column, position, "2000-01-01T00:00:00Z"))


def _nulls(column: Column, position: int, form: Form) -> Iterator[Mutation]:
    refused = refuses_null(column.type, required=column.required, layout=form.layout)
    if refused is None or isinstance(column.type, Anything):
        return
    told = f"There is null in the first row of {_told(column, position)}"

    def change(body: Body) -> Body:
        return body.filled_once(_at(body, column, position), None)

    yield edit("null", _with_verdict(told, refused), refused, _where_present(column, None, change))


def _out_of_range(column: Column, position: int, form: Form) -> Iterator[Mutation]:
    where = _told(column, position)
    match column.type:
        case Scalar("long"):
            yield edit("out_of_range", f"There is 2**64 in {where}.", True, _filled(column, position, 2**64))
        case Scalar("integer") if form.layout.is_frame:
            told = f"There is 2**31 in {where}: MLflow says nothing, and the model gets -2147483648."
            yield edit("out_of_range", told, False, _filled(column, position, 2**31))
        case Scalar("integer"):
            yield edit("out_of_range", f"There is 2**31 in {where}.", True, _filled(column, position, 2**31))
        case Scalar("datetime") if form.layout.is_frame:
            told = f"There is a date of the year 1500 in {where}, before the first that pandas can tell in nanoseconds."
            yield edit("out_of_range", told, True, _filled(column, position, "1500-01-01T00:00:00"))


def _filled(column: Column, position: int, value: Any) -> Callable[[Body], Body]:
    def change(body: Body) -> Body:
        return body.filled(_at(body, column, position), value)

    return _where_present(column, value, change)


def _where_present(column: Column, value: Any, change: Callable[[Body], Body]) -> Callable[[Body], Body]:
    """The change where the request has the column; an optional one that it has not is added with the value."""

    def changed(body: Body) -> Body:
        absent = column.name is not None and column.name not in (body.names or ())
        return body.with_column(str(column.name), value) if absent else change(body)

    return changed


def _at(body: Body, column: Column, position: int) -> int:
    return position if column.name is None or body.names is None else body.names.index(column.name)


def _told(column: Column, position: int) -> str:
    declared = f" of {column.type.name}" if isinstance(column.type, Scalar) else ""
    return f"column {position if column.name is None else repr(column.name)}{declared}"


def _with_verdict(told: str, refused: bool) -> str:
    return f"{told}." if refused else f"{told}; {_SILENTLY}."
