"""A canary fails on its share of the traffic, and must be gone again before anybody else meets it.

A canary gets a few per cent of the requests. Whether it is well shows in the errors by served entity alone. If it is
not, the way back is an update of the traffic split: while that runs, the canary goes on getting its share, and only
afterwards is it gone.
"""

from __future__ import annotations

from collections import Counter

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.parameters import Share
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX = "Do not give the candidate more traffic; mend it, and try it with blue_green or shadow first."


@scenario(
    title="A canary answers its share of the traffic, and can be rolled back",
    rules={
        "canary-rollback/does-not-load": "The canary does not load.",
        "canary-rollback/canary-fails": "The canary fails on more of its requests than are tolerated.",
        "canary-rollback/still-served": "After the rollback, the canary still answers, or callers get errors.",
    },
    source=SOURCE,
)
def canary_rollback(
    deployment: Deployment,
    *,
    candidate: str = "",
    share: Share = Share(0.1),
    requests: int = 100,
    tolerance: Share = Share(0.0),
) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    champion, canary = endpoint.entities()[0], endpoint.candidate(candidate)
    of_canary = round(share * 100)
    state = endpoint.updated([champion, canary], **{champion["name"]: 100 - of_canary, "candidate": of_canary})["state"]
    if state["config_update"] == "UPDATE_FAILED":
        message = f"The candidate of {deployment.model} does not load, so the update fails."
        evidence = (Evidence("The endpoint's state", answer=str(state), expected="NOT_UPDATING"),)
        deployment.found(Finding("canary-rollback/does-not-load", message, fix=FIX, source=SOURCE, evidence=evidence))
        return
    answers = [endpoint.ask() for _ in range(requests)]
    got = Counter(one.headers.get("served-model-name") for one in answers)
    failed = [one for one in answers if not one.ok and one.headers.get("served-model-name") == "candidate"]
    summary = Evidence(
        f"{requests} requests",
        answer=f"{got['candidate']} to the canary, {len(failed)} of them failed",
        expected="none",
    )
    deployment.show(summary)
    if len(failed) > tolerance * got["candidate"]:
        message = f"The canary fails on {len(failed)} of its {got['candidate']} requests: {failed[0].message}"
        shown = (failed[0].evidence("The first of them", "200"), summary)
        deployment.found(Finding("canary-rollback/canary-fails", message, fix=FIX, source=SOURCE, evidence=shown))
    endpoint.updated([champion])
    after = [endpoint.ask() for _ in range(requests)]
    wrong = [one for one in after if not one.ok or one.headers.get("served-model-name") != champion["name"]]
    if wrong:
        message = f"After the rollback, {len(wrong)} of {requests} requests are not answered by {champion['name']}."
        evidence = (wrong[0].evidence("The first of them", f"200 from {champion['name']}"),)
        deployment.found(Finding("canary-rollback/still-served", message, fix=FIX, source=SOURCE, evidence=evidence))
