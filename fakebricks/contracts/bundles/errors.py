"""What is wrong with a bundle before any of it can be deployed."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from fakebricks.contracts.findings import Place


class BundleError(ValueError):
    """A bundle that cannot be read.

    Attributes:
        message: what is wrong, in one or two sentences.
        place: where in the team's files, where that is known.
    """

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message if place is None else f"{place}: {message}")
        self.message = message
        self.place = place


def instead_of(name: str, known: Iterable[str]) -> str:
    """What a reader may have meant by a name that is not known, as the end of a sentence.

    >>> instead_of("entity_nmae", ["entity_name", "entity_version"])
    "; did you mean 'entity_name'?"
    """
    told = sorted(known)
    close = get_close_matches(name, told, 1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there are: {', '.join(told)}" if told else "; there are none"
