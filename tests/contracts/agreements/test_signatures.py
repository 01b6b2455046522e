"""Which changes of a signature break consumers, and which do not."""

from __future__ import annotations

import numpy as np
import pytest
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array, Map, Object, Property

from fakebricks.contracts.agreements import breaking_changes

AMOUNT, HOUR = ColSpec("double", "amount"), ColSpec("long", "hour")
SCORE = ColSpec("double", "score")
_OBJECT = Object([Property("a", "string"), Property("b", "long", required=False)])


def signature(inputs=(AMOUNT, HOUR), outputs=(SCORE,), params=None) -> dict:
    told = ParamSchema(list(params)) if params else None
    return ModelSignature(Schema(list(inputs)), Schema(list(outputs)), told).to_dict()


def rules(old: dict | None, new: dict | None) -> list[str]:
    findings = breaking_changes(old, new)
    assert all(one.fix and one.message for one in findings)
    return [one.rule.removeprefix("contract/") for one in findings]


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ((AMOUNT, HOUR), []),
        ((HOUR, AMOUNT), []),
        ((AMOUNT, HOUR, ColSpec("string", "country", required=False)), []),
        ((AMOUNT, HOUR, ColSpec("string", "country")), ["new-required-input"]),
        ((AMOUNT,), ["input-ignored"]),
        ((ColSpec("string", "amount"), HOUR), ["input-retyped"]),
        ((ColSpec("float", "amount"), HOUR), ["input-retyped"]),
        ((ColSpec("double", "amount", required=False), HOUR), []),
        ((ColSpec("double", "Amount"), HOUR), ["new-required-input", "input-ignored"]),
    ],
    ids=str,
)
def test_inputs(inputs, found):
    assert rules(signature(), signature(inputs)) == found


def test_an_input_may_become_wider_and_no_narrower():
    for narrow, wide in (("integer", "long"), ("integer", "double"), ("float", "double")):
        one, other = (signature([ColSpec(kind, "a")]) for kind in (narrow, wide))
        assert rules(one, other) == []
        assert rules(other, one) == ["input-retyped"]


def test_an_optional_input_may_not_become_required():
    old = signature([ColSpec("double", "amount", required=False)])
    assert rules(old, signature([AMOUNT])) == ["input-now-required"]


def test_inputs_without_names_go_by_their_number():
    old = signature([ColSpec("double"), ColSpec("string")])
    assert rules(old, old) == []
    assert rules(old, signature([ColSpec("string"), ColSpec("double")])) == ["input-retyped", "input-retyped"]
    assert rules(old, signature([ColSpec("double")])) == ["input-retyped"]


@pytest.mark.parametrize(
    ("outputs", "found"),
    [
        ((SCORE, ColSpec("string", "reason")), []),
        ((ColSpec("string", "reason"),), ["output-removed"]),
        ((ColSpec("float", "score"),), ["output-retyped"]),
        ((ColSpec("double", "score", required=False),), ["output-now-optional"]),
    ],
    ids=str,
)
def test_outputs(outputs, found):
    assert rules(signature(), signature(outputs=outputs)) == found


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ((ParamSpec("threshold", "double", 0.5), ParamSpec("top", "long", 3)), []),
        ((ParamSpec("threshold", "double", 0.7),), ["param-default-changed"]),
        ((ParamSpec("threshold", "string", "0.5"),), ["param-retyped"]),
        ((ParamSpec("threshold", "double", [0.5], shape=(-1,)),), ["param-retyped"]),
        ((), ["param-removed"]),
    ],
    ids=str,
)
def test_parameters(params, found):
    old = signature(params=[ParamSpec("threshold", "double", 0.5)])
    assert rules(old, signature(params=params)) == found


def tensor(dtype: str, *shape: int) -> TensorSpec:
    return TensorSpec(np.dtype(dtype), shape)


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        (tensor("float64", -1, 3), tensor("float64", -1, 3), True),
        (tensor("float64", 1, 3), tensor("float64", -1, 3), True),
        (tensor("float64", -1, 3), tensor("float64", 1, 3), False),
        (tensor("float64", -1, 3), tensor("float64", -1, 4), False),
        (tensor("float64", -1, 3), tensor("float32", -1, 3), False),
        (tensor("float64", -1, 3), tensor("float64", -1, 3, 1), False),
    ],
    ids=str,
)
def test_tensors(old, new, accepted):
    assert rules(signature([old]), signature([new])) == ([] if accepted else ["input-retyped"])


@pytest.mark.parametrize(
    ("old", "new", "accepted"),
    [
        (Array("integer"), Array("long"), True),
        (Array("string"), Array("long"), False),
        (Array(Array("string")), Array("string"), False),
        (Map("string"), Map("string"), True),
        (Map("string"), Map("long"), False),
        (_OBJECT, _OBJECT, True),
        (_OBJECT, Object([Property("a", "string"), Property("b", "long")]), False),
        (
            _OBJECT,
            Object([Property("a", "string"), Property("b", "long", required=False), Property("c", "long")]),
            False,
        ),
        (_OBJECT, Object([Property("a", "string")]), False),
    ],
    ids=str,
)
def test_nested_inputs(old, new, accepted):
    found = rules(signature([ColSpec(old, "a")]), signature([ColSpec(new, "a")]))
    assert found == ([] if accepted else ["input-retyped"])


def test_nested_outputs():
    more = Object([Property("a", "string"), Property("b", "long"), Property("c", "long")])
    less = Object([Property("b", "long", required=False)])

    def outputs(kind):
        return signature(outputs=[ColSpec(kind, "a")])

    assert rules(outputs(_OBJECT), outputs(more)) == []
    assert rules(outputs(_OBJECT), outputs(less)) == ["output-retyped"]
    assert rules(outputs(Array("long")), outputs(Array("double"))) == ["output-retyped"]


def test_a_signature_may_come_and_not_go():
    assert rules(None, signature()) == []
    assert rules(signature(), None) == ["signature-removed"]
    assert rules(None, None) == []


def test_a_message_names_both_types():
    old, new = signature([ColSpec(Array("string"), "tags")]), signature([ColSpec(_OBJECT, "tags")])
    (finding,) = breaking_changes(old, new)
    assert finding.message == "The input 'tags' was array(string) and is object(a: string, b?: long)."


def test_what_is_no_signature_is_refused():
    with pytest.raises(ValueError, match="inputs of a signature is a list of specifications"):
        breaking_changes({"inputs": '{"amount": "double"}'}, {})
