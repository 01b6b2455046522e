"""A batch that is larger than the platform takes, or larger than it logs.

A request to an endpoint must not be larger than 16 MB. Batches grow with the business: one day the nightly job sends
more, gets 413, and nothing is scored. From 1 MiB on a request is answered, but the inference table has NULL instead of
it, so that monitoring does not see the largest customers.
"""

from __future__ import annotations

from fakebricks.contracts import examples
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding, Severity
from fakebricks.contracts.parameters import Count
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/model-serving-limits"
LOGGED = 1024 * 1024


@scenario(
    title="The largest batch that callers send is taken",
    rules={
        "payload-limit/too-large": "The endpoint refuses a batch of that size.",
        "payload-limit/not-logged": "The inference table has NULL instead of a batch of that size.",
    },
    source=SOURCE,
    meanings={
        "rows": "Of the largest batch that callers send.",
    },
)
def payload_limit(deployment: Deployment, *, rows: Count = Count(1000)) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    some = examples.rows(deployment)
    body = examples.of_rows([some[number % len(some)] for number in range(rows)])
    answer = endpoint.ask(body)
    size = f"{rows} rows are {len(body) / LOGGED:.1f} MiB"
    evidence = answer.evidence(f"A batch of {rows} rows, {len(body)} bytes", "200")
    deployment.show(evidence)
    if answer.status == 413:  # noqa: PLR2004 - HTTP's own
        fix = f"Send fewer rows at once: {rows * 16 * LOGGED // len(body)} at most."
        message = f"{size}, and {deployment.endpoint} refuses them: {answer.message}"
        deployment.found(Finding("payload-limit/too-large", message, Severity.ERROR, fix, SOURCE, (evidence,)))
    elif not answer.ok:
        raise NotApplicable(f"{size}, and the model answers with {answer.status}: {answer.message[:200]}")
    elif len(body) > LOGGED and endpoint.inference_table():
        fix = f"Send fewer rows at once: {rows * LOGGED // len(body)} at most."
        message = f"{size}, which is more than the inference table logs."
        deployment.found(Finding("payload-limit/not-logged", message, Severity.WARNING, fix, SOURCE, (evidence,)))
