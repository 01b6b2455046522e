"""Mutations of what is around the data: the envelope, requests without data, and params."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.declared import Declared, ObjectOf, Parameter, Scalar
from fakebricks.strategies.formats import FORMATS, Form, Layout
from fakebricks.strategies.mutations import Mutation, edit, new_name
from fakebricks.strategies.wrong_values import UNEXPECTED, wrong_values

_WRONG_PARAMS: Mapping[str, tuple[Any, ...]] = {
    "long": ("text", 0.5, True),
    "integer": ("text", 0.5, True),
    "float": ("text", True),
    "double": ("text", True),
    "boolean": ("text", 7),
    "string": (7, True),
    "datetime": ("text", 7),
}


def envelope_mutations(form: Form) -> Iterator[Mutation]:
    """Data in an envelope that MLflow does not know, or in that of another format."""
    yield Mutation(
        "wrong_format", "The data stand under `data`, which is no format.", True, lambda body: {"data": body.content()}
    )
    yield Mutation("wrong_format", "The data are a list without an envelope.", True, lambda body: [body.content()])
    other = next(name for name in FORMATS if name != form.format)
    yield Mutation(
        "wrong_format",
        f"The data stand under `{form.format}` and `{other}` at once.",
        True,
        lambda body: {**body.payload(), other: body.content()},
    )
    yield Mutation(
        "wrong_format",
        f"There is a key `{UNEXPECTED}` beside the data; MLflow drops it.",
        False,
        lambda body: {**body.payload(), UNEXPECTED: 7},
    )
    if form.layout is Layout.SPLIT:
        yield _under("dataframe_records", "A split frame stands under `dataframe_records`.")
    if form.layout is Layout.RECORDS:
        yield _under("dataframe_split", "Records stand under `dataframe_split`.")


def _under(format_: str, description: str) -> Mutation:
    return Mutation("wrong_format", description, True, lambda body: {format_: body.content()})


def empty_mutations(declared: Declared, form: Form) -> Iterator[Mutation]:
    """Requests with nothing in them."""
    yield Mutation("empty", "The request is an empty object.", True, lambda _: {})
    if not _must_have_something(declared):
        return
    if form.layout is Layout.RECORDS:
        yield Mutation("empty", "There are no records.", True, lambda _: {form.format: []})
    if form.layout is Layout.SPLIT and declared.columns:
        told = "The frame has all columns and no rows; MLflow says nothing."
        yield edit("empty", told, False, lambda body: replace(body, rows=())) if declared.named else _no_rows(form)
    if form.layout in (Layout.MATRIX, Layout.BARE) or (form.layout is Layout.ROWS and _has_several(declared)):
        yield Mutation("empty", f"There are no {form.format}.", True, lambda _: {form.format: []})


def _no_rows(form: Form) -> Mutation:
    return Mutation("empty", "The frame has no rows.", True, lambda _: {form.format: {"data": []}})


def _must_have_something(declared: Declared) -> bool:
    return bool(declared.tensors) or any(column.required for column in declared.columns)


def _has_several(declared: Declared) -> bool:
    """Of which MLflow misses one; an empty list alone becomes the rows of a single input."""
    return len(declared.columns) + len(declared.tensors) > 1


def params_mutations(declared: Declared) -> Iterator[Mutation]:
    """Params that the signature does not declare, or of other types."""
    parameters = declared.parameters or ()
    unknown = new_name(parameter.name for parameter in parameters)
    told = f"There is a param {unknown!r} that the signature does not declare; MLflow drops it."
    yield edit("unknown_param", told, False, partial(_with_param, name=unknown, value=7))
    if parameters:
        yield Mutation("retyped_param", "The params are a list.", True, lambda body: {**body.payload(), "params": [7]})
    for parameter in parameters:
        yield from _of_parameter(parameter)


def _of_parameter(parameter: Parameter) -> Iterator[Mutation]:
    name = parameter.name
    for what, value in _wrong(parameter):
        yield edit("retyped_param", f"There is {what}.", True, partial(_with_param, name=name, value=value))
    takes_null = isinstance(parameter.type, Scalar) and not parameter.listed
    told = f"There is null for the param {name!r}" + ("; MLflow hands it to the model." if takes_null else ".")
    yield edit("null_param", told, not takes_null, partial(_with_param, name=name, value=None))


def _wrong(parameter: Parameter) -> Iterator[tuple[str, Any]]:
    where = f"the param {parameter.name!r}"
    if isinstance(parameter.type, ObjectOf):
        yield from wrong_values(parameter.type, where)
        return
    assert isinstance(parameter.type, Scalar)
    for value in _WRONG_PARAMS[parameter.type.name]:
        yield f"{value!r} for {parameter.type.name} in {where}", [value] if parameter.listed else value
    if parameter.listed:
        yield f"no list for {where}", _WRONG_PARAMS[parameter.type.name][0]
    elif parameter.type.name != "datetime":
        yield f"a list for {where}", []


def _with_param(body: Body, *, name: str, value: Any) -> Body:
    return replace(body, params={**(body.params or {}), name: value})
