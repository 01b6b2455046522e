"""What `${resources.<type>.<key>.<field>}` may refer to, beside what the files say of the resource.

Some of it is known before anything is deployed, as the id of a model is its full name; some only the platform can tell.
Inferred from the Databricks Terraform provider, whose attributes they are.
"""

from __future__ import annotations

from fakebricks.contracts.bundles.nodes import Node

_NAMES: dict[str, tuple[str, ...]] = {
    "schemas": ("catalog_name", "name"),
    "volumes": ("catalog_name", "schema_name", "name"),
    "registered_models": ("catalog_name", "schema_name", "name"),
    "model_serving_endpoints": ("name",),
    "quality_monitors": ("table_name",),
}
"""By type, the fields that make the id."""

_FULL_NAMES = ("schemas", "volumes", "registered_models")
_TOLD: dict[str, tuple[str, ...]] = {
    "experiments": ("id", "experiment_id", "artifact_location"),
    "jobs": ("id", "job_id"),
    "registered_models": ("storage_location",),
    "volumes": ("storage_location",),
    "model_serving_endpoints": ("serving_endpoint_id",),
    "quality_monitors": ("profile_metrics_table_name", "drift_metrics_table_name"),
}
"""By type, what only the platform tells, when the resource is there."""


def known_before(kind: str, resource: Node, field: str) -> Node | None:
    """What a field comes to that is made of others, with the references that are in those."""
    names = _NAMES.get(kind, ())
    if field == "volume_path" and kind == "volumes":
        return _joined(resource, names, "/", "/Volumes/")
    if not names or (field != "id" and not (field == "full_name" and kind in _FULL_NAMES)):
        return None
    return _joined(resource, names, ".", "")


def _joined(resource: Node, names: tuple[str, ...], between: str, before: str) -> Node | None:
    parts = [resource.at(name) for name in names]
    if any(part is None or not part.text for part in parts):
        return None
    return Node(before + between.join(part.text for part in parts if part), resource.place)


def told_after(kind: str) -> tuple[str, ...]:
    """The fields of a type that only the platform tells."""
    return _TOLD.get(kind, ())


def referable(kind: str, resource: Node) -> set[str]:
    """All that may be referred to of a resource."""
    made = {"id", "full_name"} if kind in _FULL_NAMES else {"id"}
    return {*resource.fields, *told_after(kind), *made, *({"volume_path"} if kind == "volumes" else ())}
