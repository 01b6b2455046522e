"""The model meets other libraries than it was trained with, and does not load, fails, or predicts something else.

A pickle is written by one version of a library and read by another. Model Serving builds an environment from what the
model was logged with, so what is not pinned there drifts; a job or a notebook loads the model with the libraries of its
runtime, whatever the model says. The errors come late and say little: `No module named 'numpy._core'`, an attribute
that is missing on the first request, or none at all and other predictions.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding, Severity
from fakebricks.contracts.parameters import ParameterError
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/model-serving-debug"
FIX_UNTOLD = "Log the model with MLflow, which writes MLmodel, requirements.txt and python_env.yaml beside it."
FIX = (
    "Pin what the model was trained with in its requirements, and load it where these are installed; or train it anew."
)


@scenario(
    title="The model loads with the libraries that it will meet",
    rules={
        "library-drift/breaks": "With these libraries the model does not load, fails, or predicts something else.",
        "library-drift/risky": "With these libraries the model may break.",
        "library-drift/cannot-be-told": "The model's files do not tell what it was logged with.",
    },
    source=SOURCE,
    meanings={
        "runtime": "A Databricks Runtime on which a job or notebook loads the model, such as `16.4 LTS ML`.",
    },
)
def library_drift(deployment: Deployment, *, runtime: str = "") -> None:
    from fakebricks.drift.check import check
    from fakebricks.environments.model_files import UnusableModelError

    name = f"{deployment.model}/{deployment.version}" if deployment.version else deployment.model
    for onto in (None, runtime) if runtime else (None,):
        try:
            report = check(deployment.directory, onto, name=name)
        except UnusableModelError as error:
            deployment.found(Finding("library-drift/cannot-be-told", f"{name}: {error}", fix=FIX_UNTOLD, source=SOURCE))
            return
        except ValueError as error:
            raise ParameterError(f"runtime={runtime!r} makes no sense to library_drift: {error}") from None
        verdicts = "\n".join(f"{one.library}: {one.trained} -> {one.serving} {one.verdict}" for one in report.libraries)
        evidence = Evidence(
            f"{name} on {report.onto}", answer=verdicts, expected="the same libraries, or compatible ones"
        )
        deployment.show(evidence)
        if report.breaks:
            deployment.found(Finding("library-drift/breaks", f"{report}", fix=FIX, source=SOURCE, evidence=(evidence,)))
        elif report.verdict == "risky":
            reasons = [one.message for one in report.relevant_findings if one.verdict == "risky"]
            message = f"{report}: {reasons[0]}" if reasons else str(report)
            deployment.found(
                Finding("library-drift/risky", message, Severity.WARNING, FIX, SOURCE, evidence=(evidence,))
            )
