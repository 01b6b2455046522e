"""A candidate that was fine in evaluation answers otherwise than the live version on the very same requests.

A shadow is deployed beside the live version with no traffic, gets a copy of each request by its name, and answers
nobody. What it says is compared. Without it, the first comparison is the one that customers make.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.parameters import Count, Share
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIXES = {
    "fails": "Mend the candidate, and see its log, before it gets any traffic.",
    "differs": "Look at the requests on which the two differ; tolerate what is meant, or mend the candidate.",
}


@scenario(
    title="A candidate says what the live version says, asked the same",
    rules={
        "shadow/fails": "The candidate does not load, or fails on a request that the live version answers.",
        "shadow/differs": "The candidate predicts something else on more requests than are tolerated.",
    },
    source=SOURCE,
    meanings={
        "candidate": "The directory of the next version's model; the served one once more by default.",
        "requests": "How many both are asked.",
        "tolerance": "The share of them on which the two may differ.",
    },
)
def shadow(
    deployment: Deployment, *, candidate: str = "", requests: Count = Count(20), tolerance: Share = Share(0.0)
) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    state = endpoint.updated([endpoint.own(), endpoint.candidate(candidate)])["state"]["config_update"]
    differing = []
    for _ in range(requests):
        live, other = endpoint.ask(), endpoint.ask(entity="candidate")
        if not other.ok:
            evidence = (other.evidence("A copy of a request, to the shadow", "200"),)
            failing = "does not load" if state == "UPDATE_FAILED" else "fails where the live version answers"
            message = f"The candidate {failing}: {other.status} {other.message}"
            deployment.found(Finding("shadow/fails", message, fix=FIXES["fails"], source=SOURCE, evidence=evidence))
            return
        if live.json() != other.json():
            differing.append((live, other))
    deployment.show(other.evidence("The candidate, asked what a caller asked", "what the live version says"))
    if len(differing) > tolerance * requests:
        live, other = differing[0]
        both = (live.evidence("The live version"), other.evidence("The candidate, asked the same", "the same"))
        message = f"On {len(differing)} of {requests} requests the candidate predicts something else."
        deployment.found(Finding("shadow/differs", message, fix=FIXES["differs"], source=SOURCE, evidence=both))
