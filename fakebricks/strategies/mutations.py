"""A mutation: one thing that is done to a valid request, and whether MLflow refuses what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.wrong_values import UNEXPECTED


@dataclass(frozen=True)
class Mutation:
    kind: str
    description: str
    refused: bool
    apply: Callable[[Body], Any]


def edit(kind: str, description: str, refused: bool, change: Callable[[Body], Body]) -> Mutation:
    """A mutation of the data, the form staying what it is."""
    return Mutation(kind, description, refused, lambda body: change(body).payload())


def new_name(taken: Iterable[str | None], wanted: str = UNEXPECTED) -> str:
    """The wanted name, or one like it that is not taken."""
    names = set(taken)
    while wanted in names:
        wanted += "_"
    return wanted


def respelled(name: str, taken: Iterable[str | None]) -> str:
    """The name in the other case, which is what clients get wrong."""
    return new_name([*taken, name], name.swapcase())
