"""Judges what becomes of a model's contents under other versions of the libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fakebricks.drift.contents import Contents

Verdict = Literal["same", "compatible", "risky", "breaking"]
Outcome = Literal["ok", "warn_only", "float_noise", "silent_change", "predict_error", "crash", "load_error", "unknown"]
Provenance = Literal["measured", "reported", "documented", "inferred"]


@dataclass(frozen=True)
class LibraryVerdict:
    """What a change of one library does to a model.

    Attributes:
        library: the name of its distribution, normalised; `python` for Python itself.
        trained: its version at training; None where not known.
        serving: its version where the model is to be loaded; None where not known, or not installed.
        verdict: how bad it is.
        rule: the id of the rule that says so.
        outcome: what is expected to happen.
        message: the text of the error or warning that is expected, "" where there is none.
        explanation: why, for a person to read.
        source: where that is known from.
        provenance: how it is known.
        affected: the classes, functions or files in the model that it is about.
    """

    library: str
    trained: str | None
    serving: str | None
    verdict: Verdict
    rule: str
    outcome: Outcome
    message: str
    explanation: str
    source: str
    provenance: Provenance
    affected: tuple[str, ...]


def judge(
    contents: Contents,
    trained: Mapping[str, str],
    onto: Mapping[str, str],
    *,
    trained_python: str,
    onto_python: str,
    complete: bool = False,
) -> tuple[LibraryVerdict, ...]:
    """What becomes of a model that was trained with some libraries and is loaded with others.

    Args:
        contents: of the model, see `reading.read_contents`.
        trained: versions by normalised name, of the environment that it was trained in.
        onto: versions by normalised name, of the environment that is to load it.
        trained_python: the version of Python that it was trained in.
        onto_python: the version of Python that is to load it.
        complete: whether `onto` lists all that is installed, so that what is not in it is missing.

    Returns:
        One verdict for each library that is in an environment or is needed to read the files, and one for `python`.
        What happens first stands first: the first verdict is what a user of the model would see.

    Raises:
        ValueError: a version is not one (PEP 440).
    """
    raise NotImplementedError
