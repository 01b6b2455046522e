"""A model without a complete signature: nobody knows what it takes, and Unity Catalog does not take it.

Unity Catalog refuses a version whose model has no signature of inputs and outputs. Where one gets past, as in the
legacy registry, the endpoint checks no request: a missing column reaches the model's own code, and what comes back is
whatever that makes of it. Without an input example nobody can try the model before its first caller does.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding, Severity
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://mlflow.org/docs/latest/ml/model/signatures/"
FIX = "Log the model with signature=infer_signature(X, model.predict(X)), or with an input_example, which infers it."


@scenario(
    title="The model says what it takes and what it returns",
    rules={
        "signature-present/no-inputs": "The model has no signature of its inputs.",
        "signature-present/no-outputs": "The model has no signature of its outputs.",
        "signature-present/no-input-example": "The model has no input example.",
    },
    source=SOURCE,
)
def signature_present(deployment: Deployment) -> None:
    signature = deployment.signature
    evidence = (Evidence("The signature in MLmodel", answer=str(signature), expected="inputs and outputs"),)
    for part in ("inputs", "outputs"):
        if getattr(signature, part, None) is None:
            message = f"{deployment.model} has no signature of its {part}."
            deployment.found(Finding(f"signature-present/no-{part}", message, Severity.ERROR, FIX, SOURCE, evidence))
    if deployment.input_example is None:
        message = f"{deployment.model} has no input example, by which it could be tried before it serves."
        fix = "Log the model with input_example=X.head(3)."
        deployment.found(Finding("signature-present/no-input-example", message, Severity.WARNING, fix, SOURCE))
