"""Two deployments meet: the second one fails with 409, or thinks that it has deployed.

While an endpoint updates, its configuration cannot be updated again: the second request gets 409 RESOURCE_CONFLICT. Two
pipelines that are merged within ten minutes of each other meet like that. Code that deploys must wait for the update
before it and try again; code that swallows the error reports a deployment that never was.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.own_code import failure, given, must_work
from fakebricks.contracts.parameters import ParameterError
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/machine-learning/model-serving/manage-serving-endpoints"
FIX = "Wait until the endpoint says NOT_UPDATING, then update it; after RESOURCE_CONFLICT, wait and try again."


@scenario(
    title="A deployment that meets another one waits for it, and is deployed",
    rules={
        "update-conflict/gives-up": "The deploying code fails where another update is under way.",
        "update-conflict/lost": "The deploying code says that all is well, and has deployed nothing.",
    },
    source=SOURCE,
    meanings={
        "deploy": "The team's own code that updates the endpoint.",
    },
)
def update_conflict(deployment: Deployment, *, deploy: Callable[[], object] | None = None) -> None:
    code = given("update_conflict.deploy", deploy, "the team's own code that updates the endpoint")
    endpoint = ServedEndpoint(deployment)
    _must_deploy(endpoint, code)
    started = endpoint.update(endpoint.entities())
    if not started.ok:
        raise NotApplicable(f"the endpoint cannot be updated now: {started.message}")
    others = started.json()["pending_config"]["config_version"]
    conflict = endpoint.update(endpoint.entities()).evidence("What a second update is told meanwhile")
    if (error := failure(code)) is not None:
        told = (Evidence("The deploying code", answer=error, expected="success"), conflict)
        message = f"The deploying code gives up while another update is under way: {error}"
        deployment.found(Finding("update-conflict/gives-up", message, fix=FIX, source=SOURCE, evidence=told))
        return
    version = endpoint.settled()["config"]["config_version"]
    served = Evidence("The endpoint afterwards", answer=f"config_version {version}", expected=f"more than {others}")
    deployment.show(served)
    if version <= others:
        message = f"The deploying code says that all is well, and {deployment.endpoint} serves the other update."
        told = (served, conflict)
        deployment.found(Finding("update-conflict/lost", message, fix=FIX, source=SOURCE, evidence=told))


def _must_deploy(endpoint: ServedEndpoint, code: Callable[[], object]) -> None:
    """Let it deploy where nobody else does."""
    before = endpoint.config()["config_version"]
    must_work("deploy", code)
    if endpoint.settled()["config"]["config_version"] <= before:
        raise ParameterError("deploy=... does not update the endpoint, or what it deploys does not load")
