"""The switch from one version to the next has a gap, or the next one fails as soon as it has all the traffic.

Blue serves, green is deployed beside it without traffic, and is tried by its name. Then the alias moves, by which jobs
and notebooks load the model: they have green from their next load on, without any deployment. An endpoint does not
follow an alias. Its traffic is switched by an update, and while that runs, the configuration before goes on serving, so
that no caller should notice. Whoever replaces the version in one step instead finds out in production whether it
answers, and has no warm way back.
"""

from __future__ import annotations

from typing import Any

from fakebricks.contracts.calling import Exchange, part
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/serve-multiple-models-to-serving-endpoint"
FIXES = {
    "green-fails": "Do not promote it: mend it, and deploy it beside the live version once more.",
    "alias-not-moved": "Promote as an owner of the model, or as somebody with MANAGE on it.",
    "gap": "Let the version before serve until the update has ended with NOT_UPDATING.",
    "not-switched": "Wait for NOT_UPDATING, and compare the endpoint's traffic_config with what was meant.",
}
MINUTES = 12


@scenario(
    title="The next version takes over without a gap, and the one before can come back",
    rules={
        "blue-green/green-fails": "The next version does not load, or fails when it is tried by its name.",
        "blue-green/alias-not-moved": "The alias cannot be moved to the next version, or back.",
        "blue-green/gap": "A caller gets an error while the traffic is switched.",
        "blue-green/not-switched": "The switch is refused, or another version answers after it.",
    },
    source=SOURCE,
    meanings={
        "candidate": "The directory of the next version's model; the served one once more by default.",
        "alias": "By which the model is loaded; it need not be there before.",
    },
)
def blue_green(deployment: Deployment, *, candidate: str = "", alias: str = "champion") -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    blue, green = endpoint.own(), endpoint.candidate(candidate)
    state = endpoint.updated([blue, green])["state"]["config_update"]
    tried = endpoint.ask(entity="candidate")
    if state == "UPDATE_FAILED" or not tried.ok:
        message = f"The candidate of {deployment.model} does not answer: {state}, {tried.status} {tried.message}"
        _found(deployment, "green-fails", message, tried, "200 from the candidate, asked by its name")
        return
    for one in (green, blue):
        moved = _moved(endpoint, deployment.model, alias, one["entity_version"])
        deployment.show(moved.evidence(f"Whoever loads {deployment.model}@{alias} now", "the version that is promoted"))
        if not moved.ok or str(moved.json().get("version")) != one["entity_version"]:
            message = f"@{alias} does not move to version {one['entity_version']}: {moved.status} {moved.message}"
            _found(deployment, "alias-not-moved", message, moved, f"version {one['entity_version']}")
            return
        if not _switched(deployment, endpoint, [blue, green], one["name"]):
            return


def _moved(endpoint: ServedEndpoint, model: str, alias: str, version: str) -> Exchange:
    """What the alias stands for once it has been moved; or why it cannot be."""
    path = f"/api/2.1/unity-catalog/models/{model}/aliases/{part(alias)}"
    moved = endpoint.client.call("PUT", path, {"version_num": int(version)})
    return endpoint.client.call("GET", path) if moved.ok else moved


def _switched(deployment: Deployment, endpoint: ServedEndpoint, both: list[dict[str, Any]], name: str) -> bool:
    """Whether all the traffic goes to the entity of that name, and nobody has noticed."""
    switch = endpoint.update(both, **{one["name"]: 100 if one["name"] == name else 0 for one in both})
    if not switch.ok:
        message = f"The switch to {name} is refused: {switch.status} {switch.message}"
        _found(deployment, "not-switched", message, switch, "200")
        return False
    for _ in range(MINUTES):
        answer = endpoint.ask()
        if not answer.ok:
            message = f"While the traffic goes to {name}, a caller gets {answer.status}: {answer.message}"
            _found(deployment, "gap", message, answer, "200 during the switch")
            return False
        endpoint.client.wait(minutes=1)
    endpoint.settled()
    answer = endpoint.ask()
    deployment.show(answer.evidence(f"A request after the switch to {name}", f"200 from {name}"))
    answering = answer.headers.get("served-model-name")
    if answering != name:
        _found(
            deployment, "not-switched", f"After the switch to {name}, {answering} answers.", answer, f"200 from {name}"
        )
    return answering == name


def _found(deployment: Deployment, rule: str, message: str, exchange: Exchange, expected: str) -> None:
    told = (exchange.evidence(message, expected),)
    deployment.found(Finding(f"blue-green/{rule}", message, fix=FIXES[rule], source=SOURCE, evidence=told))
