"""A caller sends something else than the signature says: a column short, one too many, another order, another type.

MLflow's scoring server compares each request with the signature. A missing column or one of another type is a 400, and
columns beyond the signature are dropped. Columns with names may come in any order, since MLflow puts them in the
signature's. Columns without names, and tensors, are told by their positions alone: who sends them in another order gets
200, and predictions of nonsense. Where a null gets through, it is the model's own code that meets it.

Beside the usual mistakes, requests are made up from the signature, in all formats and with all that MLflow refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from fakebricks.contracts import examples
from fakebricks.contracts.calling import Exchange
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.generated import wrongly_answered
from fakebricks.contracts.parameters import Count
from fakebricks.contracts.scenarios import scenario
from fakebricks.strategies import UnsatisfiableSignature, formats

SOURCE = "https://mlflow.org/docs/latest/ml/model/signatures/"
FIXES = {
    "missing-column": "Serve the version that the signature is of; mark the columns as required that it needs.",
    "extra-column": "Drop columns that the signature does not have before the model sees them.",
    "reordered": "Read columns by their names, not by their positions.",
    "retyped": "Give the column its real type in the signature, not `string` or `any`.",
    "null": "Handle missing values in the model, or refuse them with an error that says so.",
    "out-of-range": "Refuse numbers that the column's type does not hold.",
    "made-up": "Serve the version that the signature is of, and let MLflow enforce it.",
    "unsatisfiable": "Give the nested fields types that JSON has: double, long, string, boolean.",
    "positional": "Log the model with a data frame, so that its columns have names.",
}
_RULE = "signature-mismatch"
OUT_OF_RANGE = {"integer": 2**40, "long": 2**70}
TEXT = "not a number"


@dataclass(frozen=True)
class Trial:
    """A request that is not as the signature says, and what should come of it."""

    rule: str
    title: str
    body: bytes
    expected: Literal["refused", "the same predictions", "refused, or a prediction"]

    def broken_by(self, answer: Exchange, usual: Any) -> bool:
        """Whether something else came of it."""
        if self.expected == "refused":
            return not answer.refused
        if self.expected == "the same predictions":
            return not answer.ok or usual not in (None, predictions(answer))
        return not answer.refused and not (answer.ok and _is_predicted(predictions(answer)))


@scenario(
    title="Requests that are not as the signature says are refused, or put right",
    rules={
        "signature-mismatch/missing-column": "A request without a required column is not refused.",
        "signature-mismatch/extra-column": "A column beyond the signature changes the answer.",
        "signature-mismatch/reordered": "The order of named columns changes the answer.",
        "signature-mismatch/retyped": "A column of another type is not refused.",
        "signature-mismatch/null": "A null in a required column is neither refused nor predicted.",
        "signature-mismatch/out-of-range": "A number that the column's type does not hold is not refused.",
        "signature-mismatch/made-up": "A request that MLflow refuses is answered.",
        "signature-mismatch/unsatisfiable": "The signature takes no request in JSON.",
        "signature-mismatch/positional": "Inputs have no names, so that another order is not noticed.",
    },
    source=SOURCE,
    meanings={
        "most_columns": "How many columns are tried, one after the other.",
        "requests": "How many are made up.",
    },
)
def signature_mismatch(deployment: Deployment, *, most_columns: Count = Count(20), requests: Count = Count(50)) -> None:
    endpoint = ServedEndpoint(deployment)
    if not _takes_json(deployment):
        return
    first, second = endpoint.must_answer(), endpoint.must_answer()
    if unnamed := _unnamed(deployment):
        message = (
            f"{unnamed} of {deployment.model} are told by their positions alone: a caller who sends them in another "
            "order gets 200, and predictions of nonsense."
        )
        _found(deployment, "positional", message, first, "an error that tells of another order")
        return
    usual = predictions(first) if predictions(first) == predictions(second) else None
    told = set()
    for trial in _trials(deployment, most_columns):
        answer = endpoint.ask(trial.body)
        if trial.broken_by(answer, usual) and trial.rule not in told:
            told.add(trial.rule)
            _found(deployment, trial.rule, f"{trial.title}: {answer.status}.", answer, trial.expected)
    if found := wrongly_answered(deployment.signature, endpoint.ask, requests):
        mismatch, answer = found
        _found(deployment, "made-up", f"{mismatch.description} {answer.status}.", answer, "refused")


def _takes_json(deployment: Deployment) -> bool:
    """Whether any request can be right."""
    try:
        formats(deployment.signature)
    except UnsatisfiableSignature as error:
        message = f"{deployment.model} can be sent no request that MLflow takes. {error}"
        deployment.found(Finding(f"{_RULE}/unsatisfiable", message, fix=FIXES["unsatisfiable"], source=SOURCE))
        return False
    return True


def predictions(answer: Exchange) -> Any:
    """What an answer predicts; None where it is an error."""
    body = answer.json()
    return body.get("predictions") if answer.ok and isinstance(body, dict) else None


def _unnamed(deployment: Deployment) -> str:
    """What of the inputs can be put in another order without anybody noticing."""
    schema = deployment.signature.inputs.to_dict()
    if schema[0]["type"] == "tensor":
        return "The positions in its tensor" if schema[0]["tensor-spec"]["shape"][-1] > 1 else ""
    unnamed = [one["type"] for one in schema if one.get("name") is None]
    return f"The {len(unnamed)} columns" if len(unnamed) > len(set(unnamed)) else ""


def _trials(deployment: Deployment, most_columns: int) -> Iterator[Trial]:
    rows = examples.rows(deployment)
    columns = [one for one in examples.columns(deployment) if one.name is not None][:most_columns]
    yield Trial("extra-column", "A column more", _with(rows, fakebricks_extra=1), "the same predictions")
    names = list(reversed(rows[0]))
    split = {"columns": names, "data": [[row[name] for name in names] for row in rows]}
    reordered = json.dumps({"dataframe_split": split}).encode()
    yield Trial("reordered", "The columns in reverse order", reordered, "the same predictions")
    for one in columns:
        name = str(one.name)
        if one.required:
            without = examples.of_rows([{key: row[key] for key in row if key != name} for row in rows])
            yield Trial("missing-column", f"Without the column '{name}'", without, "refused")
            null = _with(rows, **{name: None})
            yield Trial("null", f"With null in the column '{name}'", null, "refused, or a prediction")
        if one.type != "any":
            other = 1.5 if one.type in ("string", "binary") else TEXT
            retyped = _with(rows, **{name: other})
            yield Trial("retyped", f"With {other!r} in the column '{name}', a {one.type}", retyped, "refused")
        if one.type in OUT_OF_RANGE:
            large = _with(rows, **{name: OUT_OF_RANGE[one.type]})
            title = f"With {OUT_OF_RANGE[one.type]} in the column '{name}', a {one.type}"
            yield Trial("out-of-range", title, large, "refused")


def _with(rows: list[examples.Row], **values: Any) -> bytes:
    return examples.of_rows([{**row, **values} for row in rows])


def _is_predicted(told: Any) -> bool:
    """Whether something is there for each row."""
    if isinstance(told, list):
        return bool(told) and all(map(_is_predicted, told))
    if isinstance(told, dict):
        return bool(told) and all(map(_is_predicted, told.values()))
    return told is not None and told == told  # noqa: PLR0124 - NaN is not


def _found(deployment: Deployment, rule: str, message: str, answer: Exchange, expected: str) -> None:
    evidence = (answer.evidence(message, expected),)
    deployment.found(Finding(f"{_RULE}/{rule}", message, fix=FIXES[rule], source=SOURCE, evidence=evidence))
