"""Findings: what is wrong with how a model was logged, whatever it is loaded with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fakebricks.drift.verdicts import Verdict

Kind = Literal[
    "unpinned requirement",
    "missing requirement",
    "contradicting requirement",
    "conda and pip disagree",
    "training code is not in the model",
    "no mlflow",
    "line left out",
    "other Python",
    "unreadable file",
    "flavor without a trace",
]


@dataclass(frozen=True)
class Finding:
    """Something about how a model was logged.

    Attributes:
        kind: what kind of thing.
        subject: the library, module, file or line that it is about.
        verdict: how bad it is.
        message: what is wrong and what comes of it, for a person to read.
        everywhere: whether it matters wherever the model is loaded, or only where it gets an environment of its own,
            made from its requirements, as in Model Serving.
    """

    kind: Kind
    subject: str
    verdict: Verdict
    message: str
    everywhere: bool = False
