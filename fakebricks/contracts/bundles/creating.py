"""How each type of resources is made: the requests that the Databricks CLI makes of it.

A resource's fields are those of the request (documented: the reference of bundles), but for `permissions`, `grants` and
`lifecycle`, which are the bundle's own. Left out with a note: fields that have no effect on what fakebricks computes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakebricks.contracts.bundles.bundle import Resource
from fakebricks.contracts.bundles.rest import Rest, part

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


def create(rest: Rest, resource: Resource) -> Told:
    """Make it.

    Raises:
        RefusedError: the workspace refuses it.
    """
    return _CREATES[resource.kind](rest, resource.node.without(*_OWN, *ignored(resource.kind)).plain())


def allow(rest: Rest, resource: Resource, told: Told) -> None:
    """Give its permissions and grants.

    Raises:
        RefusedError: the workspace refuses them.
    """
    if permissions := resource.node.at("permissions"):
        asked = [_permission(one) for one in permissions.plain()]
        path = f"/api/2.0/permissions/{_OBJECTS[resource.kind]}/{part(told['permissions_id'])}"
        rest.call("PATCH", path, {"access_control_list": asked})
    if grants := resource.node.at("grants"):
        changes = [{"principal": one.get("principal", ""), "add": one.get("privileges", [])} for one in grants.plain()]
        path = f"{_UC}/permissions/{_SECURABLES[resource.kind]}/{part(told['id'])}"
        rest.call("PATCH", path, {"changes": changes})


def _permission(told: dict[str, Any]) -> dict[str, Any]:
    return {"permission_level" if name == "level" else name: value for name, value in told.items()}


_OBJECTS = {"experiments": "experiments", "jobs": "jobs", "model_serving_endpoints": "serving-endpoints"}
_SECURABLES = {"schemas": "schema", "volumes": "volume", "registered_models": "function"}


def _schema(rest: Rest, body: dict[str, Any]) -> Told:
    return {"id": rest.call("POST", f"{_UC}/schemas", body)["full_name"]}


def _volume(rest: Rest, body: dict[str, Any]) -> Told:
    made = rest.call("POST", f"{_UC}/volumes", {"volume_type": "MANAGED", **body})
    return {"id": made["full_name"], "storage_location": made.get("storage_location", "")}


def _model(rest: Rest, body: dict[str, Any]) -> Told:
    made = rest.call("POST", f"{_UC}/models", body)
    return {"id": made["full_name"], "storage_location": made.get("storage_location", "")}


def _experiment(rest: Rest, body: dict[str, Any]) -> Told:
    experiment_id = rest.call("POST", "/api/2.0/mlflow/experiments/create", body)["experiment_id"]
    path = f"/api/2.0/mlflow/experiments/get?experiment_id={experiment_id}"
    location = rest.call("GET", path)["experiment"]["artifact_location"]
    return {
        "id": experiment_id,
        "experiment_id": experiment_id,
        "artifact_location": location,
        "permissions_id": experiment_id,
    }


def _job(rest: Rest, body: dict[str, Any]) -> Told:
    job_id = str(rest.call("POST", "/api/2.2/jobs/create", body)["job_id"])
    return {"id": job_id, "job_id": job_id, "permissions_id": job_id}


def _endpoint(rest: Rest, body: dict[str, Any]) -> Told:
    made = rest.call("POST", "/api/2.0/serving-endpoints", body)
    return {"id": made["name"], "serving_endpoint_id": made["id"], "permissions_id": made["id"]}


def _monitor(rest: Rest, body: dict[str, Any]) -> Told:
    table = str(body.pop("table_name", ""))
    made = rest.call("POST", f"{_UC}/tables/{part(table)}/monitor", body)
    metrics = {name: made[name] for name in ("profile_metrics_table_name", "drift_metrics_table_name")}
    return {"id": table, **metrics}


_CREATES: dict[str, Callable[[Rest, dict[str, Any]], Told]] = {
    "schemas": _schema,
    "volumes": _volume,
    "registered_models": _model,
    "experiments": _experiment,
    "jobs": _job,
    "model_serving_endpoints": _endpoint,
    "quality_monitors": _monitor,
}
