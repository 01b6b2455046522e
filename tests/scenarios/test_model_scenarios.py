"""Scenarios about the model itself: what they tell, and where they have nothing to test. Their rules: `test_pairs`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pairs_of_models import AMOUNT, COUNTRY, NULLS_ARE_ZERO, OPTIONAL, OUTPUT, _signature, _trained
from scenario_fixtures import model

from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model
from fakebricks.contracts.parameters import ParameterError


def test_a_model_without_outputs_in_its_signature_is_not_even_deployed(deploy_once):
    unregistered = deploy_once(model(edit=(f"  outputs: {OUTPUT}\n", "  outputs: null\n")))
    assert [one.rule for one in unregistered.findings] == ["deployment/refused"]
    assert "signature" in unregistered.findings[0].message


def test_a_missing_example_is_a_warning(judge):
    assert judge("signature_present", model(example=None)).outcome is Outcome.PASSED


def test_input_example_serves_shows_the_example(judge):
    faulty = model(example='{"dataframe_records": [{"amount": "much"}]}')
    assert "much" in judge("input_example_serves", faulty).findings[0].evidence[0].request
    assert judge("input_example_serves", model(example=None)).outcome is Outcome.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("example", "summary"),
    [
        (None, "a request made up from the signature is answered with 400"),
        ('{"dataframe_records": [{"amount": 1.0}]}', "the model's input example is answered with 400"),
    ],
)
def test_a_model_that_answers_nothing_says_what_was_asked(judge, example, summary):
    verdict = judge("cold_start", model("raise ValueError('no')", example=example))
    assert (verdict.outcome, summary in verdict.summary) == (Outcome.NOT_APPLICABLE, True)
    assert ("log the model with an input_example" in verdict.summary) is (example is None)


def test_cold_start_shows_how_long_each_request_takes(judge, deploy_once):
    verdict = judge("cold_start", deploy_once(model(), scale_to_zero_enabled=True), sla="5s")
    (series,) = verdict.findings[0].evidence[0].series
    assert series.limit == 5
    assert max(value for _, value in series.points) == pytest.approx(17, abs=1)
    assert verdict.simulated_seconds > 3 * 31 * 60


def test_library_drift_says_what_will_go_wrong(judge):
    assert "No module named 'numpy._core'" in judge("library_drift", _trained(), runtime="15.4 LTS ML").summary


def test_a_runtime_that_nobody_knows(judge):
    with pytest.raises(ParameterError, match="runtime='nonsense' makes no sense to library_drift: No runtime is known"):
        judge("library_drift", runtime="nonsense")


def test_odd_requests_fill_nobody_s_log(judge, caplog):
    assert judge("signature_mismatch", model(NULLS_ARE_ZERO)).outcome is Outcome.PASSED
    assert not [one for one in caplog.records if one.name.startswith("mlflow.")]


def test_signature_compatibility_needs_an_alias_of_another_version(judge, contract_workspace):
    deployment = deploy_model(contract_workspace, model(), "compatible")
    assert "no alias 'champion'" in judge("signature_compatibility", deployment).summary
    path = f"/api/2.1/unity-catalog/models/{deployment.model}/aliases/champion"
    Client(contract_workspace).told("PUT", path, {"version_num": 1})
    assert "this very version" in judge("signature_compatibility", deployment).summary

    told = deployment.signature.params
    later = replace(deployment, version="2", signature=_signature(AMOUNT, OPTIONAL))
    later.signature.outputs, later.signature.params = deployment.signature.outputs, told
    assert judge("signature_compatibility", later).findings == ()
    later.signature.inputs = _signature(AMOUNT, COUNTRY).inputs
    assert "concerns consumers of main.default.compatible@champion" in judge("signature_compatibility", later).summary
