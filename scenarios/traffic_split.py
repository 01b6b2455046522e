"""A canary gets another share of the traffic than was declared, or fails on the share that it gets.

A traffic split is shared out per request. With one per cent for the canary, few requests meet it, and an error in it
looks like a glitch of the network: the endpoint as a whole is healthy, at 99 per cent. Only counting by served entity
tells that every request to the canary fails.
"""

from __future__ import annotations

from collections import Counter

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Share
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX = "Compare the endpoint's traffic_config with what was meant, and the errors by served entity, not by endpoint."


@scenario(
    title="Each served entity gets its share of the requests, and answers them",
    rules={
        "traffic-split/other-share": "An entity gets another share than the configuration says.",
        "traffic-split/entity-fails": "An entity fails on the requests that it gets, while others answer.",
    },
    source=SOURCE,
)
def traffic_split(deployment: Deployment, *, requests: int = 100, tolerance: Share = Share(0.02)) -> None:
    endpoint = ServedEndpoint(deployment)
    config = endpoint.config()
    routes = config.get("traffic_config", {}).get("routes", [])
    declared = {one["served_model_name"]: one["traffic_percentage"] / 100 for one in routes}
    if len(config["served_entities"]) == 1:
        raise NotApplicable("the endpoint has one served entity, which gets all")
    answers = [endpoint.ask() for _ in range(requests)]
    count = Counter(one.headers.get("served-model-name") for one in answers)
    told = "\n".join(f"{name}: {count[name]} of {requests}, declared {share:.0%}" for name, share in declared.items())
    evidence = Evidence(f"{requests} requests", answer=told, expected=f"as declared, within {tolerance}")
    deployment.show(evidence)
    for name, share in declared.items():
        if abs(count[name] / requests - share) > tolerance:
            message = f"{name} gets {count[name]} of {requests} requests; {share:.0%} are declared."
            deployment.found(
                Finding("traffic-split/other-share", message, fix=FIX, source=SOURCE, evidence=(evidence,))
            )
    for name in declared:
        direct = endpoint.ask(entity=name)
        if not direct.ok and any(one.ok for one in answers):
            message = f"{name} answers with {direct.status}, while others answer: {direct.message}"
            shown = (direct.evidence(f"A request to {name} alone", "200"), evidence)
            deployment.found(Finding("traffic-split/entity-fails", message, fix=FIX, source=SOURCE, evidence=shown))
