"""An endpoint that has scaled to zero keeps its first caller waiting, longer than that caller waits.

With scale to zero, an endpoint sleeps after 30 minutes without requests. Whoever comes next waits while it starts:
10 to 20 seconds as a rule, and possibly longer. A caller with a usual timeout of a few seconds gives up, tries again,
and gives up again; the endpoint is healthy and the caller is down.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding, Series
from fakebricks.contracts.parameters import Count, Duration
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/production-optimization"
FIX = (
    "Turn scale_to_zero_enabled off where somebody waits for the answer. Where callers can wait, say for how long: "
    "--param cold_start.sla=1m, or sla='1m' in a test."
)
FIX_ERROR = (
    "Look into the log of the served entity: what a model opens once, when it is loaded (a connection, a token), may "
    "be gone after a quiet time, and has to be opened anew."
)


@scenario(
    title="The first request after a quiet time is answered within the SLA",
    rules={
        "cold-start/over-sla": "The first request after a quiet time takes longer than the SLA.",
        "cold-start/error": "The first request after a quiet time is answered with an error.",
    },
    source=SOURCE,
    meanings={
        "sla": "How long a caller waits.",
        "idle": "How long nobody asks; an endpoint sleeps after 30 minutes.",
        "times": "How often that is repeated.",
    },
)
def cold_start(
    deployment: Deployment, *, sla: Duration = Duration(1), idle: Duration = Duration(31 * 60), times: Count = Count(3)
) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    began = deployment.workspace.clock.time()
    points, answers = [], []
    for _ in range(times):
        endpoint.client.wait(seconds=idle)
        asked = deployment.workspace.clock.time() - began
        first, second = endpoint.ask(), endpoint.ask()
        answers += [first, second]
        points += [(asked, first.seconds), (asked + first.seconds, second.seconds)]
    slowest = max(answers, key=lambda one: one.seconds)
    latency = Series("Latency", "s", tuple(points), float(sla))
    title = f"The slowest of {len(answers)} requests, in pairs with {idle} of quiet before each"
    evidence = slowest.evidence(title, f"200 within {sla}", latency)
    deployment.show(evidence)
    failed = next((one for one in answers if not one.ok), None)
    if failed is not None:
        message = f"{deployment.endpoint} answers with {failed.status} after {idle} without requests: {failed.message}"
        told = failed.evidence("The request that failed", "200")
        deployment.found(Finding("cold-start/error", message, fix=FIX_ERROR, source=SOURCE, evidence=(told,)))
    if slowest.seconds > sla:
        message = (
            f"After {idle} without requests, {deployment.endpoint} takes {slowest.seconds:.1f} s for the first one; "
            f"the SLA is {sla}."
        )
        deployment.found(Finding("cold-start/over-sla", message, fix=FIX, source=SOURCE, evidence=(evidence,)))
