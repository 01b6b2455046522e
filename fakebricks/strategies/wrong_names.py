"""Mutations of what columns and tensors there are, and in which order."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.conversions import OWN, SAMPLES, refuses
from fakebricks.strategies.declared import Anything, ArrayOf, Column, Declared, MapOf, ObjectOf, Scalar, Type
from fakebricks.strategies.formats import Form, Layout
from fakebricks.strategies.mutations import Mutation, edit, new_name, respelled


def name_mutations(declared: Declared, form: Form) -> Iterator[Mutation]:
    """Inputs that are missing, extra, renamed or reordered."""
    if declared.named:
        yield from _of_names(declared)
    elif declared.columns:
        yield from _of_positions(declared, form)
    else:
        yield from _of_spread_tensor(declared, form)


def _of_names(declared: Declared) -> Iterator[Mutation]:
    inputs = declared.columns or declared.tensors
    names = [str(spec.name) for spec in inputs]
    for name, spec in zip(names, inputs, strict=True):
        if isinstance(spec, Column) and not spec.required:
            continue
        yield edit("missing", f"The input {name!r} is missing.", True, partial(_without, name=name))
        other = respelled(name, names)
        yield edit(
            "renamed", f"The input {name!r} is called {other!r}.", True, partial(_renamed, name=name, other=other)
        )
    extra = new_name(names)
    yield edit(
        "extra",
        f"There is an input {extra!r} that the signature does not declare; MLflow drops it.",
        False,
        lambda body: body.with_column(extra, 7),
    )
    if len(names) > 1:
        yield edit(
            "reordered",
            "The inputs come in the reverse order; MLflow puts them right by their names.",
            False,
            lambda body: body.picked(range(len(body.rows[0]))[::-1]),
        )


def _without(body: Body, *, name: str) -> Body:
    return body.without(_position(body, name))


def _renamed(body: Body, *, name: str, other: str) -> Body:
    return body.renamed(_position(body, name), other)


def _position(body: Body, name: str) -> int:
    assert body.names is not None
    return body.names.index(name)


def _of_positions(declared: Declared, form: Form) -> Iterator[Mutation]:
    columns = declared.columns
    last = len(columns) - 1
    if last:
        yield edit("missing", "The last column is missing.", True, lambda body: body.without(last))
    yield edit(
        "extra",
        "There is one column more at the end than the signature declares; MLflow drops it.",
        False,
        lambda body: body.picked([*range(last + 1), last]),
    )
    if form.layout is Layout.MATRIX:
        return
    for first in range(len(columns)):
        for second in range(first + 1, len(columns)):
            yield from _swapped(columns, first, second, form)


def _swapped(columns: tuple[Column, ...], first: int, second: int, form: Form) -> Iterator[Mutation]:
    samples = _sample(columns[second].type), _sample(columns[first].type)
    if columns[first].type == columns[second].type or None in samples:
        return
    verdicts = [
        refuses(columns[at].type, str(sample), form.layout) for at, sample in zip((first, second), samples, strict=True)
    ]
    if True not in verdicts and None in verdicts:
        return
    refused = True in verdicts
    told = "whose types tell them apart" if refused else "which MLflow converts into one another without a word"
    yield edit(
        "reordered",
        f"The columns at {first} and {second} are swapped, {told}.",
        refused,
        lambda body: body.filled(first, SAMPLES[str(samples[0])]).filled(second, SAMPLES[str(samples[1])]),
    )


def _sample(type_: Type) -> str | None:
    match type_:
        case Scalar(name):
            return OWN[name][0]
        case ArrayOf():
            return "a list"
        case ObjectOf() | MapOf():
            return "an object"
        case Anything():
            return None


def _of_spread_tensor(declared: Declared, form: Form) -> Iterator[Mutation]:
    """A tensor without a name in a frame, whose rows lie in columns."""
    if not form.layout.is_frame:
        return
    yield edit("extra", "There is one column more than the tensor has.", True, lambda body: body.with_column("", 7))
    if len(declared.tensors[0].shape) > 1 and declared.tensors[0].shape[1] > 1:
        yield edit("missing", "The last column is missing.", True, _without_last)


def _without_last(body: Body) -> Body:
    return body.without(len(body.rows[0]) - 1)
