"""What a mismatch is, and how it is made: one thing is done to a valid request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from fakebricks.strategies.bodies import Body
from fakebricks.strategies.wrong_values import UNEXPECTED


@dataclass(frozen=True)
class Mismatch:
    """A request that does not match the signature.

    Attributes:
        kind: one of `fakebricks.strategies.KINDS`.
        description: what is wrong, in one sentence.
        refused: whether MLflow refuses the request. Where it does not, the model gets something else than was sent.
        payload: the request, as JSON.
    """

    kind: str
    description: str
    refused: bool
    payload: Any


@dataclass(frozen=True)
class Mutation:
    """See `Mismatch`; `apply` makes the request of a valid one."""

    kind: str
    description: str
    refused: bool
    apply: Callable[[Body], Any]

    def done_to(self, body: Body) -> Mismatch:
        """What comes of it."""
        return Mismatch(self.kind, self.description, self.refused, self.apply(body))


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
