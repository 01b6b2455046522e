"""How each type of resources is made: the requests that the Databricks CLI makes of it.

A resource's fields are those of the request (documented: the reference of bundles), but for `permissions`, `grants` and
`lifecycle`, which are the bundle's own. Left out with a note: fields that have no effect on what fakebricks computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakebricks.contracts.bundles.bundle import Resource
from fakebricks.contracts.calling import Client, part

_UC = "/api/2.1/unity-catalog"
_OWN = ("permissions", "grants", "lifecycle")
_IGNORED = {
    "budget_policy_id": "nothing is billed here",
    "usage_policy_id": "nothing is billed here",
    "depends_on": "resources depend on those that they refer to",
}
"""Fields that are left out, with the reason. MLOps Stacks of Databricks has `depends_on` and the experiments'
`description`, of which the CLI says that it does not know them."""

_IGNORED_OF_EXPERIMENTS = {"description": "what describes an experiment is its tag mlflow.note.content"}

Told = dict[str, str]
"""What the platform tells of a resource that has been made, by field."""


def ignored(kind: str) -> dict[str, str]:
    """The fields of a type that are left out, with the reason."""
    return {**_IGNORED, **(_IGNORED_OF_EXPERIMENTS if kind == "experiments" else {})}


def create(client: Client, resource: Resource) -> Told:
    """Make it.

    Raises:
        RefusedError: the workspace refuses it.
    """
    return _CREATES[resource.kind](client, resource.node.without(*_OWN, *ignored(resource.kind)).plain())


def allow(client: Client, resource: Resource, told: Told, deployer: str) -> None:
    """Give its permissions and grants.

    Args:
        client: of the workspace.
        resource: which has been made.
        told: what the platform has told of it.
        deployer: who deploys it, and can manage it whatever the bundle says.

    Raises:
        RefusedError: the workspace refuses them.
    """
    if permissions := resource.node.at("permissions"):
        asked = _permissions(permissions.plain(), deployer, owned=resource.kind == "jobs")
        path = f"/api/2.0/permissions/{_OBJECTS[resource.kind]}/{part(told['permissions_id'])}"
        client.told("PUT", path, {"access_control_list": asked})
    if grants := resource.node.at("grants"):
        path = f"{_UC}/permissions/{_SECURABLES[resource.kind]}/{part(told['id'])}"
        client.told("PATCH", path, {"changes": _changes(grants.plain())})


def _permissions(told: list[dict[str, Any]], deployer: str, *, owned: bool) -> list[dict[str, Any]]:
    """The permissions that are set; the deployer owns a job, or manages it where somebody else is to own it.

    Documented: the CLI's `FixPermissions`, in place of what the bundle says of the deployer.
    """
    others = [one for one in told if deployer not in (one.get("user_name"), one.get("service_principal_name"))]
    is_owner = owned and all(one.get("level") != "IS_OWNER" for one in others)
    own = {"user_name": deployer, "level": "IS_OWNER" if is_owner else "CAN_MANAGE"}
    return [
        {"permission_level" if name == "level" else name: value for name, value in one.items()}
        for one in (*others, own)
    ]


def _changes(grants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One change for each principal, of which a bundle may have several grants."""
    added: dict[str, list[str]] = {}
    for one in grants:
        added.setdefault(one.get("principal", ""), []).extend(one.get("privileges", []))
    return [{"principal": name, "add": list(dict.fromkeys(privileges))} for name, privileges in added.items()]


_OBJECTS = {"experiments": "experiments", "jobs": "jobs", "model_serving_endpoints": "serving-endpoints"}
_SECURABLES = {"schemas": "schema", "volumes": "volume", "registered_models": "function"}


def _schema(client: Client, body: dict[str, Any]) -> Told:
    return {"id": client.told("POST", f"{_UC}/schemas", body)["full_name"]}


def _volume(client: Client, body: dict[str, Any]) -> Told:
    made = client.told("POST", f"{_UC}/volumes", {"volume_type": "MANAGED", **body})
    return {"id": made["full_name"], "storage_location": made.get("storage_location", "")}


def _model(client: Client, body: dict[str, Any]) -> Told:
    made = client.told("POST", f"{_UC}/models", body)
    return {"id": made["full_name"], "storage_location": made.get("storage_location", "")}


def _experiment(client: Client, body: dict[str, Any]) -> Told:
    experiment_id = client.told("POST", "/api/2.0/mlflow/experiments/create", body)["experiment_id"]
    path = f"/api/2.0/mlflow/experiments/get?experiment_id={experiment_id}"
    location = client.told("GET", path)["experiment"]["artifact_location"]
    return {
        "id": experiment_id,
        "experiment_id": experiment_id,
        "artifact_location": location,
        "permissions_id": experiment_id,
    }


def _job(client: Client, body: dict[str, Any]) -> Told:
    job_id = str(client.told("POST", "/api/2.2/jobs/create", body)["job_id"])
    return {"id": job_id, "job_id": job_id, "permissions_id": job_id}


def _endpoint(client: Client, body: dict[str, Any]) -> Told:
    made = client.told("POST", "/api/2.0/serving-endpoints", body)
    return {"id": made["name"], "serving_endpoint_id": made["id"], "permissions_id": made["id"]}


def _monitor(client: Client, body: dict[str, Any]) -> Told:
    table = str(body.pop("table_name", ""))
    made = client.told("POST", f"{_UC}/tables/{part(table)}/monitor", body)
    metrics = {name: made[name] for name in ("profile_metrics_table_name", "drift_metrics_table_name")}
    return {"id": table, **metrics}


_CREATES: dict[str, Callable[[Client, dict[str, Any]], Told]] = {
    "schemas": _schema,
    "volumes": _volume,
    "registered_models": _model,
    "experiments": _experiment,
    "jobs": _job,
    "model_serving_endpoints": _endpoint,
    "quality_monitors": _monitor,
}
