"""A candidate that was fine in evaluation answers otherwise than the live version on the very same requests.

A shadow is deployed beside the live version with no traffic, gets a copy of each request by its name, and answers
nobody. What it says is compared. Without it, the first comparison is the one that customers make.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.parameters import Share
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX = "Look at the requests on which the two differ before the candidate gets any traffic."


@scenario(
    title="A shadow answers nobody, and what it says is what the live version says",
    rules={
        "shadow/fails": "The candidate does not load, or fails on a request that the live version answers.",
        "shadow/differs": "The candidate predicts something else on more requests than are tolerated.",
        "shadow/answers-callers": "A caller is answered by the shadow.",
    },
    source=SOURCE,
)
def shadow(deployment: Deployment, *, candidate: str = "", requests: int = 20, tolerance: Share = Share(0.0)) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    endpoint.updated([endpoint.entities()[0], endpoint.candidate(candidate)])
    differing = []
    for _ in range(requests):
        live, other = endpoint.ask(), endpoint.ask(entity="candidate")
        if live.headers.get("served-model-name") == "candidate":
            evidence = (live.evidence("A caller's request", "an answer of the live version"),)
            message = "A caller is answered by the candidate, which has no traffic."
            deployment.found(Finding("shadow/answers-callers", message, fix=FIX, source=SOURCE, evidence=evidence))
            return
        if not other.ok:
            evidence = (other.evidence("A copy of a request, to the shadow", "200"),)
            message = f"The candidate answers with {other.status}: {other.message}"
            deployment.found(Finding("shadow/fails", message, fix=FIX, source=SOURCE, evidence=evidence))
            return
        if live.json() != other.json():
            differing.append((live, other))
    if len(differing) > tolerance * requests:
        live, other = differing[0]
        both = (live.evidence("The live version"), other.evidence("The candidate, asked the same", "the same"))
        message = f"On {len(differing)} of {requests} requests the candidate predicts something else."
        deployment.found(Finding("shadow/differs", message, fix=FIX, source=SOURCE, evidence=both))
