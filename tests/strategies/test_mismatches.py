"""Mismatched payloads: MLflow's own scoring server agrees with every verdict, for signatures of all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, DataType, Map, Object, Property
from mlflow_verdicts import refusal
from shrinking import smallest

from fakebricks.strategies import KINDS, Mismatch, mismatched_payloads, signatures
from fakebricks.strategies.declared import read_signature
from fakebricks.strategies.formats import forms
from fakebricks.strategies.mismatched import mutations
from fakebricks.strategies.valid import bodies

FRAUD = ModelSignature(
    Schema(
        [
            ColSpec("double", "amount"),
            ColSpec("integer", "items"),
            ColSpec("datetime", "at"),
            ColSpec("binary", "blob"),
            ColSpec("string", "country", required=False),
        ]
    ),
    params=ParamSchema([ParamSpec("threshold", "double", 0.5)]),
)
NESTED = ModelSignature(
    Schema(
        [
            ColSpec(Array(DataType.double), "history"),
            ColSpec(Object([Property("id", DataType.long), Property("tag", DataType.string, required=False)]), "card"),
            ColSpec(Map(DataType.boolean), "flags", required=False),
        ]
    )
)
POSITIONAL = ModelSignature(Schema([ColSpec("string"), ColSpec("double"), ColSpec("long"), ColSpec(Map("long"))]))
IMAGE = ModelSignature(Schema([TensorSpec(np.dtype("uint8"), (-1, 2, 2), "image")]))
VECTOR = ModelSignature(Schema([TensorSpec(np.dtype("float32"), (-1, 3))]))


@settings(max_examples=30)
@given(st.data())
def test_mlflow_agrees_with_every_verdict(data):
    """All that can be wrong with one request, for signatures that nobody thought of."""
    signature = data.draw(signatures())
    declared = read_signature(signature)
    form = data.draw(st.sampled_from(forms(declared)))
    body = data.draw(bodies(declared, form, max_rows=3, values={}))
    for mutation in mutations(declared, form):
        _check(signature, mutation.done_to(body))


@pytest.mark.parametrize("signature", [FRAUD, NESTED, POSITIONAL, IMAGE, VECTOR])
def test_mlflow_agrees_for_signatures_of_our_own(signature):
    @settings(max_examples=60)
    @given(mismatched_payloads(signature))
    def check(mismatch):
        assert mismatch.kind in KINDS
        _check(signature, mismatch)

    check()


@pytest.mark.parametrize(
    ("signature", "kinds"),
    [
        (FRAUD, set(KINDS) - {"nested", "reshaped"}),
        (NESTED, set(KINDS) - {"out_of_range", "reshaped", "retyped_param", "null_param"}),
        (POSITIONAL, set(KINDS) - {"renamed", "reshaped", "retyped_param", "null_param"}),
        (IMAGE, set(KINDS) - {"reordered", "nested", "retyped_param", "null_param"}),
    ],
)
def test_kinds_that_a_signature_allows_for(signature, kinds):
    declared = read_signature(signature)
    assert {mutation.kind for form in forms(declared) for mutation in mutations(declared, form)} == kinds


SHRUNK = [
    (
        FRAUD,
        "dataframe_records",
        Mismatch(
            "missing",
            "The input 'items' is missing.",
            True,
            {"dataframe_records": [{"amount": 0.0, "at": "2000-01-01T00:00:00", "blob": "", "country": ""}]},
        ),
    ),
    (
        FRAUD,
        "instances",
        Mismatch(
            "out_of_range",
            "There is 2**31 in column 'items' of integer.",
            True,
            {
                "instances": [
                    {"amount": 0.0, "items": 2**31, "at": "2000-01-01T00:00:00", "blob": "", "country": ""},
                ]
            },
        ),
    ),
    (
        NESTED,
        "dataframe_records",
        Mismatch(
            "nested",
            "There is 7 for double in the array in column 'history'.",
            True,
            {"dataframe_records": [{"history": [7], "card": {"id": 0}, "flags": {}}]},
        ),
    ),
    (
        POSITIONAL,
        "dataframe_split",
        Mismatch(
            "reordered",
            "The columns at 0 and 1 are swapped, whose types tell them apart.",
            True,
            {"dataframe_split": {"data": [[0.5, "text", 0, {}]]}},
        ),
    ),
    (
        POSITIONAL,
        "dataframe_split",
        Mismatch(
            "reordered",
            "The columns at 1 and 2 are swapped, which MLflow converts into one another without a word.",
            False,
            {"dataframe_split": {"data": [["", 7, 0.5, {}]]}},
        ),
    ),
    (
        VECTOR,
        "inputs",
        Mismatch(
            "reshaped",
            "The last dimension of the tensor of float32[-1, 3] is too long by one.",
            True,
            {"inputs": [[0.0, 0.0, 0.0, 0.0]]},
        ),
    ),
]


@pytest.mark.parametrize(("signature", "one", "expected"), SHRUNK)
def test_they_shrink_to_what_a_reader_takes_in_at_once(signature, one, expected):
    strategy = mismatched_payloads(signature, kinds=[expected.kind], formats=[one])
    assert smallest(strategy, lambda mismatch: mismatch.description == expected.description) == expected


@pytest.mark.parametrize("refused", [True, False])
def test_a_client_can_ask_for_those_that_are_refused_or_not(refused):
    found = smallest(mismatched_payloads(FRAUD), lambda mismatch: mismatch.refused is refused)
    _check(FRAUD, found)


def test_only_the_kinds_asked_for():
    @settings(max_examples=50)
    @given(mismatched_payloads(FRAUD, kinds=["null", "extra"], formats=["instances"]))
    def check(mismatch):
        assert mismatch.kind in {"null", "extra"}
        assert "instances" in mismatch.payload

    check()


def test_arguments_that_make_no_sense():
    with pytest.raises(ValueError, match="no kind of mismatch 'typo'; there are missing"):
        mismatched_payloads(FRAUD, kinds=["typo"])
    with pytest.raises(ValueError, match="wrong in this way: reshaped"):
        mismatched_payloads(FRAUD, kinds=["reshaped"])
    with pytest.raises(ValueError, match="no format 'csv'"):
        mismatched_payloads(FRAUD, formats=["csv"])


def test_names_that_are_taken_already():
    signature = ModelSignature(Schema([ColSpec("long", name) for name in ("a", "A", "unexpected", "UNEXPECTED")]))
    declared = read_signature(signature)
    for form in forms(declared):
        body = smallest(bodies(declared, form, max_rows=1, values={}), lambda body: True)
        for mutation in mutations(declared, form):
            _check(signature, mutation.done_to(body))


def _check(signature, mismatch):
    why = refusal(signature, mismatch.payload)
    assert (why is not None) == mismatch.refused, f"{mismatch}: {why or 'accepted'}"
