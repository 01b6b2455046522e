"""Contract files: written, read, and verified against what a provider has."""

from __future__ import annotations

import json
import re

import pytest
from scenario_fixtures import EXAMPLE, model

from fakebricks import fake_workspace
from fakebricks.contracts.agreements import Agreement, AgreementError, verified
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model


@pytest.fixture(scope="module")
def deployment():
    with fake_workspace(serving={"model": 0.2}) as workspace:
        yield deploy_model(workspace, model(), "fraud")


def test_what_is_written_is_read(tmp_path):
    agreement = Agreement.of_model(model(), "fraud", endpoint="fraud", sla=0.25)
    agreement.write(tmp_path / "contract.json")

    assert Agreement.read(tmp_path / "contract.json") == agreement
    told = json.loads((tmp_path / "contract.json").read_text())
    assert (told["fakebricks_contract"], told["sla"], told["examples"]) == (1, "250ms", [EXAMPLE])
    assert told["signature"]["inputs"] == [{"type": "double", "name": "amount", "required": True}]


def test_a_model_keeps_what_it_promises_itself(deployment):
    verdict = verified(Agreement.of_model(model(), "fraud", sla=1), deployment)
    assert (verdict.outcome, verdict.findings) == (Outcome.PASSED, ())


def test_what_consumers_send_must_be_answered(deployment):
    verdict = verified(Agreement("fraud", examples=(EXAMPLE, {"dataframe_records": [{"sum": 1}]})), deployment)

    (finding,) = verdict.findings
    assert verdict.outcome is Outcome.FAILED
    assert finding.rule == "contract/example-refused"
    assert "number 2 is answered 400" in finding.message
    assert "400" in finding.evidence[0].answer


def test_a_warm_endpoint_must_answer_in_time(deployment):
    verdict = verified(Agreement("fraud", sla=0.1, examples=(EXAMPLE,)), deployment)

    (finding,) = verdict.findings
    assert finding.rule == "contract/over-sla"
    assert finding.message.endswith("the SLA is 100ms.")


def test_the_signature_must_stay(deployment):
    signature = {"inputs": [{"type": "string", "name": "amount"}], "outputs": None, "params": None}
    verdict = verified(Agreement("fraud", signature=signature), deployment)
    assert [one.rule for one in verdict.findings] == ["contract/input-retyped"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{\n  nonsense", ":2: not JSON"),
        ("[]", 'it has no "fakebricks_contract": 1'),
        ('{"openapi": "3.1.0"}', 'it has no "fakebricks_contract": 1'),
        ('{"fakebricks_contract": 2}', "a contract of form 2; this fakebricks reads form 1"),
        ('{"fakebricks_contract": 1, "slo": "1s"}', "a contract has no 'slo'"),
        ('{"fakebricks_contract": 1, "sla": "soon"}', "a duration such as '1s'"),
        ('{"fakebricks_contract": 1, "sla": "0s"}', "'sla' is '0s'"),
        ('{"fakebricks_contract": 1, "endpoint": 3}', "'endpoint' is a name, not 3"),
        ('{"fakebricks_contract": 1, "examples": [1]}', "'examples' is a list of bodies"),
        ('{"fakebricks_contract": 1, "signature": [1]}', "'signature' has inputs, outputs and params"),
        (
            '{"fakebricks_contract": 1, "signature": {"inputs": [{"type": "strange"}]}}',
            "'signature' is none of MLflow's",
        ),
        (
            '{"fakebricks_contract": 1, "signature": {"inputs": [{"type": "object"}]}}',
            "'signature' is none of MLflow's",
        ),
    ],
)
def test_what_is_no_contract_is_refused_with_its_file(tmp_path, text, message):
    file = tmp_path / "contract.json"
    file.write_text(text)

    with pytest.raises(AgreementError, match=re.escape(message)) as error:
        Agreement.read(file)
    assert str(error.value).startswith(str(file))


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(AgreementError, match="No such file"):
        Agreement.read(tmp_path / "contract.json")


def test_a_directory_without_a_model_promises_nothing(tmp_path):
    with pytest.raises(AgreementError, match="MLmodel cannot be read"):
        Agreement.of_model(tmp_path, "fraud")
