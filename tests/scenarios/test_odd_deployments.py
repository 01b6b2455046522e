"""Every scenario comes to a verdict on every deployment, however odd: its own errors would be errors of fakebricks."""

from __future__ import annotations

import pytest
from scenario_fixtures import model

from fakebricks.contracts.catalogue import catalogue
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.running import run

INPUT = '\'[{"type": "double", "name": "amount", "required": true}]\''
TENSOR = '\'[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]\''
UNNAMED = '\'[{"type": "double", "required": true}, {"type": "double", "required": true}]\''
NESTED = (
    '\'[{"type": "array", "items": {"type": "object", "properties": {"price": {"type": "double", "required": true}}}, '
    '"name": "basket", "required": true}, {"type": "datetime", "name": "at", "required": false}]\''
)
ONE = "return [1.0] * len(model_input)"

ODD = {
    "refused": lambda: model(edit=('  outputs: \'[{"type": "double", "required": true}]\'\n', "  outputs: null\n")),
    "does not load": lambda: model(top="import only_on_the_laptop"),
    "exits": lambda: model(top="sys.exit(3)"),
    "fails": lambda: model("raise ValueError('no')"),
    "no example": lambda: model(example=None),
    "an example that is none": lambda: model(example="no JSON"),
    "an example of another form": lambda: model(example='{"inputs": {"amount": [1.0]}}'),
    "a tensor": lambda: model(ONE, example=None, edit=(INPUT, TENSOR)),
    "no names": lambda: model(ONE, example=None, edit=(INPUT, UNNAMED)),
    "nested": lambda: model(ONE, example=None, edit=(INPUT, NESTED)),
}


@pytest.mark.parametrize("kind", ODD)
def test_every_scenario_comes_to_a_verdict(deploy_once, kind):
    deployment = deploy_once(ODD[kind]())
    verdicts = run(catalogue().values(), lambda: deployment)
    outcomes = {one.name: one.outcome for one in verdicts}
    assert len(outcomes) == len(catalogue()) + bool(deployment.findings)
    if kind in ("a tensor", "no names"):
        assert outcomes["signature_mismatch"] is Outcome.FAILED
    if kind == "nested":
        assert outcomes["signature_mismatch"] is Outcome.PASSED
    if deployment.findings:
        assert outcomes["deployment"] is Outcome.FAILED
        assert outcomes["cold_start"] is Outcome.NOT_APPLICABLE
