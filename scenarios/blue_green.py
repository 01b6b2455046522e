"""The switch from one version to the next has a gap, or the next one fails as soon as it has all the traffic.

Blue serves, green is deployed beside it without traffic, and is tried by its name. Then the traffic is switched: while
the endpoint updates, the configuration before goes on serving, so that no caller should notice. Whoever replaces the
version in one step instead finds out in production whether it answers, and has no warm way back.
"""

from __future__ import annotations

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX = "Deploy the next version with no traffic first, try it by its name, and switch when it answers."
MINUTES = 12


@scenario(
    title="The next version takes over without a gap, and the one before can come back",
    rules={
        "blue-green/green-fails": "The next version does not load, or fails when it is tried by its name.",
        "blue-green/gap": "A caller gets an error while the traffic is switched.",
        "blue-green/not-switched": "After the switch another version answers.",
    },
    source=SOURCE,
)
def blue_green(deployment: Deployment, *, candidate: str = "") -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    blue = endpoint.entities()[0]
    both = [blue, endpoint.candidate(candidate)]
    state = endpoint.updated(both)["state"]["config_update"]
    tried = endpoint.ask(entity="candidate")
    if state == "UPDATE_FAILED" or not tried.ok:
        message = f"The candidate of {deployment.model} does not answer: {state}, {tried.status} {tried.message}"
        told = (tried.evidence("A request to the candidate alone", "200"),)
        deployment.found(Finding("blue-green/green-fails", message, fix=FIX, source=SOURCE, evidence=told))
        return
    for name in ("candidate", blue["name"]):
        endpoint.update(both, **{one["name"]: 100 if one["name"] == name else 0 for one in both})
        for _ in range(MINUTES):
            answer = endpoint.ask()
            if not answer.ok:
                message = f"While the traffic goes to {name}, a caller gets {answer.status}."
                told = (answer.evidence("A request during the switch", "200"),)
                deployment.found(Finding("blue-green/gap", message, fix=FIX, source=SOURCE, evidence=told))
                return
            endpoint.client.wait(minutes=1)
        endpoint.settled()
        answer = endpoint.ask()
        deployment.show(answer.evidence(f"A request after the switch to {name}", f"200 from {name}"))
        if answer.headers.get("served-model-name") != name:
            message = f"After the switch to {name}, {answer.headers.get('served-model-name')} answers."
            told = (answer.evidence("A request after the switch", f"200 from {name}"),)
            deployment.found(Finding("blue-green/not-switched", message, fix=FIX, source=SOURCE, evidence=told))
