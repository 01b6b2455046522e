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
from fakebricks.contracts.parameters import Count, ParameterError, Share
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIX = "Do not give the candidate more traffic; mend it, and try it with blue_green or shadow first."
FIX_ROLLBACK = (
    "Make sure that an update of the traffic can be done at any time, and wait for it to end with NOT_UPDATING."
)


@scenario(
    title="A canary answers its share of the traffic, and can be rolled back",
    rules={
        "canary-rollback/does-not-load": "The canary does not load.",
        "canary-rollback/canary-fails": "The canary fails on more of its requests than are tolerated.",
        "canary-rollback/still-served": "The rollback is refused, or callers get errors or the canary after it.",
    },
    source=SOURCE,
    meanings={
        "candidate": "The directory of the next version's model; the served one once more by default.",
        "share": "Of the traffic that the canary gets.",
        "requests": "How many are sent before the rollback, and after it.",
        "tolerance": "The share of the canary's requests that may fail.",
    },
)
def canary_rollback(
    deployment: Deployment,
    *,
    candidate: str = "",
    share: Share = Share(0.1),
    requests: Count = Count(100),
    tolerance: Share = Share(0.0),
) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    champion, canary = endpoint.own(), endpoint.candidate(candidate)
    of_canary = round(share * 100)
    state = endpoint.updated([champion, canary], **{champion["name"]: 100 - of_canary, "candidate": of_canary})["state"]
    if state["config_update"] == "UPDATE_FAILED":
        message = f"The candidate of {deployment.model} does not load, so the update fails."
        evidence = (Evidence("The endpoint's state", answer=str(state), expected="NOT_UPDATING"),)
        deployment.found(Finding("canary-rollback/does-not-load", message, fix=FIX, source=SOURCE, evidence=evidence))
        return
    _judge(deployment, endpoint, requests, tolerance)
    _roll_back(deployment, endpoint, champion, requests)


def _judge(deployment: Deployment, endpoint: ServedEndpoint, requests: int, tolerance: float) -> None:
    answers = [endpoint.ask() for _ in range(requests)]
    of_canary = [one for one in answers if one.headers.get("served-model-name") == "candidate"]
    if not of_canary:
        raise ParameterError(f"none of requests={requests} goes to the canary: send more of them, or raise its share")
    failed = [one for one in of_canary if not one.ok]
    shares = Counter(one.headers.get("served-model-name", "nobody") for one in answers)
    told = f"{', '.join(f'{name} {count}' for name, count in shares.items())}; {len(failed)} of the canary's failed"
    summary = Evidence(f"{requests} requests, by who answers", answer=told, expected="none of the canary's fails")
    deployment.show(summary)
    if len(failed) > tolerance * len(of_canary):
        message = f"The canary fails on {len(failed)} of its {len(of_canary)} requests: {failed[0].message}"
        shown = (failed[0].evidence("The first of them", "200"), summary)
        deployment.found(Finding("canary-rollback/canary-fails", message, fix=FIX, source=SOURCE, evidence=shown))


def _roll_back(deployment: Deployment, endpoint: ServedEndpoint, champion: dict[str, object], requests: int) -> None:
    back = endpoint.update([champion])
    if not back.ok:
        message = f"The rollback is refused: {back.status} {back.message}"
        evidence = (back.evidence("The update that takes the canary out", "200"),)
        deployment.found(
            Finding("canary-rollback/still-served", message, fix=FIX_ROLLBACK, source=SOURCE, evidence=evidence)
        )
        return
    endpoint.settled()
    after = [endpoint.ask() for _ in range(requests)]
    wrong = [one for one in after if not one.ok or one.headers.get("served-model-name") != champion["name"]]
    if wrong:
        message = f"After the rollback, {len(wrong)} of {requests} requests are not answered by {champion['name']}."
        evidence = (wrong[0].evidence("The first of them", f"200 from {champion['name']}"),)
        deployment.found(
            Finding("canary-rollback/still-served", message, fix=FIX_ROLLBACK, source=SOURCE, evidence=evidence)
        )
