"""Scenarios about the model itself, each on a deployment that has the fault and on one that has not."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version

import pytest
from scenario_fixtures import model, rules

from fakebricks.contracts.calling import Client
from fakebricks.contracts.findings import Outcome
from fakebricks.contracts.making import deploy_model

NO_OUTPUTS = ('  outputs: \'[{"type": "double", "required": true}]\'\n', "  outputs: null\n")


def test_signature_present(judge, deploy_once):
    assert rules(judge("signature_present", model(edit=NO_OUTPUTS))) == ["signature-present/no-outputs"]
    assert judge("signature_present").findings == ()

    unregistered = deploy_once(model(edit=NO_OUTPUTS))
    assert [one.rule for one in unregistered.findings] == ["deployment/refused"]
    assert "signature" in unregistered.findings[0].message


def test_signature_present_minds_an_example(judge):
    verdict = judge("signature_present", model(example=None))
    assert verdict.outcome is Outcome.PASSED
    assert [one.rule for one in verdict.findings] == ["signature-present/no-input-example"]


def test_input_example_serves(judge):
    faulty = model(example=json.dumps({"dataframe_records": [{"amount": "much"}]}))
    verdict = judge("input_example_serves", faulty)
    assert rules(verdict) == ["input-example-serves/refused"]
    assert "much" in verdict.findings[0].evidence[0].request
    assert judge("input_example_serves").outcome is Outcome.PASSED
    assert rules(judge("input_example_serves", model("return []"))) == ["input-example-serves/no-prediction"]
    assert judge("input_example_serves", model(example=None)).outcome is Outcome.NOT_APPLICABLE


def test_cold_start(judge, deploy_once):
    sleepy = deploy_once(model(), scale_to_zero_enabled=True)
    verdict = judge("cold_start", sleepy, sla="5s")
    assert rules(verdict) == ["cold-start/over-sla"]
    (series,) = verdict.findings[0].evidence[0].series
    assert series.limit == 5
    assert max(value for _, value in series.points) == pytest.approx(17, abs=1)
    assert verdict.simulated_seconds > 3 * 31 * 60
    assert judge("cold_start", sleepy, sla="20s").outcome is Outcome.PASSED
    assert judge("cold_start", sla="5s").outcome is Outcome.PASSED


def test_library_drift(judge, tmp_path):
    import mlflow.sklearn
    import numpy as np
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    numbers, answers = np.eye(2), np.array([1.0, 2.0])
    trained = LinearRegression().fit(numbers, answers)
    signature = infer_signature(numbers, answers)
    mlflow.sklearn.save_model(
        trained,
        tmp_path / "model",
        signature=signature,
        serialization_format="cloudpickle",
        pip_requirements=[f"{name}=={version(name)}" for name in ("scikit-learn", "numpy", "cloudpickle")],
    )
    verdict = judge("library_drift", tmp_path / "model", runtime="15.4 LTS ML")
    assert rules(verdict) == ["library-drift/breaks"]
    assert "No module named 'numpy._core'" in verdict.summary
    assert judge("library_drift", tmp_path / "model").outcome is Outcome.PASSED


def test_signature_mismatch(judge):
    verdict = judge("signature_mismatch", model("return model_input['amount'].fillna(0).tolist()"))
    assert (verdict.outcome, verdict.findings) == (Outcome.PASSED, ())

    assert rules(judge("signature_mismatch", model())) == ["signature-mismatch/null"]  # NaN in, NaN out


def test_signature_mismatch_of_an_older_version_that_is_still_served(judge, deploy_once):
    """What the consumers were told is not what the endpoint has."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    promised = ModelSignature(Schema([ColSpec("double", "amount"), ColSpec("string", "country")]))
    example = b'{"dataframe_records": [{"amount": 1.0, "country": "NO"}]}'
    served = replace(deploy_once(model()), signature=promised, input_example=example)
    found = rules(judge("signature_mismatch", served))
    assert [one for one in found if one != "signature-mismatch/null"] == [
        "signature-mismatch/missing-column",
        "signature-mismatch/retyped",
        "signature-mismatch/made-up",
    ]

    whole = ModelSignature(Schema([ColSpec("long", "amount")]))
    served = replace(deploy_once(model()), signature=whole)
    assert "signature-mismatch/out-of-range" in rules(judge("signature_mismatch", served))


def test_signature_mismatch_of_columns_without_names(judge, deploy_once):
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    unnamed = ModelSignature(Schema([ColSpec("double"), ColSpec("double")]))
    verdict = judge("signature_mismatch", replace(deploy_once(model()), signature=unnamed))
    assert rules(verdict) == ["signature-mismatch/positional"]


def test_signature_compatibility(judge, contract_workspace):
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    deployment = deploy_model(contract_workspace, model(), "compatible")
    assert judge("signature_compatibility", deployment).outcome is Outcome.NOT_APPLICABLE
    client = Client(contract_workspace)
    alias = f"/api/2.1/unity-catalog/models/{deployment.model}/aliases/champion"
    told = {"full_name": deployment.model, "alias": "champion", "version_num": 1}
    client.told("PUT", alias, told)
    assert judge("signature_compatibility", deployment).outcome is Outcome.NOT_APPLICABLE

    def found(inputs, outputs=("double",), params=deployment.signature.params):
        columns = Schema([ColSpec(kind, name, required=required) for name, kind, required in inputs])
        signature = ModelSignature(columns, Schema([ColSpec(kind) for kind in outputs]), params)
        return judge("signature_compatibility", replace(deployment, version="2", signature=signature))

    amount = ("amount", "double", True)
    assert found([amount]).findings == ()
    assert found([amount, ("country", "string", False)]).findings == ()
    assert rules(found([amount, ("country", "string", True)])) == ["signature-compatibility/new-required-input"]
    assert rules(found([("amount", "long", True)])) == ["signature-compatibility/input-retyped"]
    assert rules(found([amount], params=None)) == ["signature-compatibility/param-removed"]
    assert rules(found([amount], ["string"])) == ["signature-compatibility/output-retyped"]
    gone = found([("country", "string", False)])
    assert [(one.rule, one.severity) for one in gone.findings] == [("signature-compatibility/input-ignored", "warning")]
