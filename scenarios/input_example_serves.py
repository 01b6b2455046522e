"""The model's own input example fails when it is sent to the endpoint.

What works in a notebook need not work behind an endpoint: there the example arrives as JSON, dates have become texts,
whole numbers with gaps have become floats, and the signature is enforced. The example is what the page of the endpoint
offers to its users as the first request. Where even that fails, the model was never tried as it is served.
"""

from __future__ import annotations

import json

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://mlflow.org/docs/latest/ml/model/signatures/"
FIX = "Run mlflow.models.validate_serving_input on the example when the model is logged, and mend what it reports."


@scenario(
    title="The endpoint answers the model's own input example",
    rules={
        "input-example-serves/refused": "The endpoint answers the input example with an error.",
        "input-example-serves/no-prediction": "The answer to the input example has no predictions.",
    },
    source=SOURCE,
)
def input_example_serves(deployment: Deployment) -> None:
    if deployment.input_example is None:
        raise NotApplicable("the model has no input example")
    answer = ServedEndpoint(deployment).ask(deployment.input_example)
    evidence = answer.evidence("The input example, sent to the endpoint", "200, with predictions")
    if not answer.ok:
        message = f"{deployment.endpoint} answers the input example with {answer.status}: {answer.message}"
        deployment.found(Finding("input-example-serves/refused", message, fix=FIX, source=SOURCE, evidence=(evidence,)))
        return
    deployment.show(evidence)
    told = answer.json()
    if not isinstance(told, dict) or told.get("predictions") in (None, [], {}):
        message = f"{deployment.endpoint} answers the input example without predictions: {json.dumps(told)[:200]}"
        deployment.found(
            Finding("input-example-serves/no-prediction", message, fix=FIX, source=SOURCE, evidence=(evidence,))
        )
