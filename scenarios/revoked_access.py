"""Somebody's access is revoked, and they are answered all the same.

Permission to query an endpoint comes from the endpoint's own list, from groups, or from what everybody may. Taking a
person off the list takes away that one way alone. Where all `users` of the workspace may query the endpoint too, the
partner whose contract has ended goes on scoring.
"""

from __future__ import annotations

from typing import Any

from fakebricks.contracts.calling import RefusedError
from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.endpoints import ServedEndpoint
from fakebricks.contracts.findings import Finding
from fakebricks.contracts.scenarios import NotApplicable, scenario

SOURCE = "https://docs.databricks.com/aws/en/security/auth-authz/access-control/serving-endpoint-acl"
FIX = "Grant CAN_QUERY to the groups that need it, and not to all users."
LEAVER = "leaver@fakebricks.test"


@scenario(
    title="Who is taken off the list is refused from the next request on",
    rules={"revoked-access/still-answered": "Somebody whose permission was revoked is still answered."},
    source=SOURCE,
)
def revoked_access(deployment: Deployment) -> None:
    endpoint = ServedEndpoint(deployment)
    endpoint.must_answer()
    leaver = ServedEndpoint(deployment, deployment.workspace.user(LEAVER).token)
    path = f"/api/2.0/permissions/serving-endpoints/{deployment.config['id']}"
    try:
        before = [one for one in endpoint.client.told("GET", path)["access_control_list"] if _direct(one)]
        entry = {"user_name": LEAVER, "permission_level": "CAN_QUERY"}
        endpoint.client.told("PATCH", path, {"access_control_list": [entry]})
        if not leaver.ask().ok:
            raise NotApplicable("somebody with CAN_QUERY is not answered")
        endpoint.client.told("PUT", path, {"access_control_list": [_entry(one) for one in before]})
    except RefusedError as refused:
        raise NotApplicable(f"the permissions of the endpoint cannot be changed: {refused}") from None
    answer = leaver.ask()
    evidence = answer.evidence("A request of somebody whose CAN_QUERY was revoked", "403")
    deployment.show(evidence)
    if answer.ok:
        message = f"Somebody whose CAN_QUERY on {deployment.endpoint} was revoked is still answered."
        deployment.found(
            Finding("revoked-access/still-answered", message, fix=FIX, source=SOURCE, evidence=(evidence,))
        )


def _direct(one: dict[str, Any]) -> bool:
    return any(not level.get("inherited") for level in one["all_permissions"])


def _entry(one: dict[str, Any]) -> dict[str, Any]:
    """An entry of the list, as a request says it."""
    level = next(level for level in one["all_permissions"] if not level.get("inherited"))
    names: dict[str, Any] = {
        key: one[key] for key in ("user_name", "group_name", "service_principal_name") if key in one
    }
    return {**names, "permission_level": level["permission_level"]}
