"""What is in a schema of the same bundle follows it, also where it says the schema's name and does not refer to it.

Real: the Databricks CLI makes a reference of the name (documented: its `CaptureUCDependencies`), so that the schema is
made before, and its prefix is theirs: of volumes, registered models, inference tables, and where monitors write.
Left as it is: a name that has a reference in it.
"""

from __future__ import annotations

from collections.abc import Callable

from fakebricks.contracts.bundles.nodes import Node

_CAPTURES = (("ai_gateway", "inference_table_config"), ("config", "auto_capture_config"))
Keys = dict[tuple[str, str], str]
"""The keys of the bundle's schemas, by catalog and name."""


def with_schema_links(whole: Node) -> Node:
    """The bundle with such references in the place of the names."""
    resources, schemas = whole.at("resources"), whole.at("resources", "schemas")
    if resources is None or schemas is None:
        return whole
    keys = {(_text(one, "catalog_name"), _text(one, "name")): key for key, one in schemas.fields.items()}
    kinds = dict(resources.fields)
    for kind, linked in _LINKS.items():
        if told := kinds.get(kind):
            kinds[kind] = Node({key: linked(one, keys) for key, one in told.fields.items()}, told.place)
    return whole.having(resources=Node(kinds, resources.place))


def _text(one: Node, field: str) -> str:
    return said.text if (said := one.at(field)) else ""


def _in_a_schema(one: Node, keys: Keys) -> Node:
    key = keys.get((_text(one, "catalog_name"), _text(one, "schema_name")))
    named = one.at("schema_name")
    if key is None or named is None:
        return one
    return one.having(schema_name=Node(_reference(key), named.place))


def _endpoint(endpoint: Node, keys: Keys) -> Node:
    for section, field in _CAPTURES:
        within, capture = endpoint.at(section), endpoint.at(section, field)
        if within is not None and capture is not None:
            endpoint = endpoint.having(**{section: within.having(**{field: _in_a_schema(capture, keys)})})
    return endpoint


def _monitor(monitor: Node, keys: Keys) -> Node:
    output = monitor.at("output_schema_name")
    catalog, _, name = output.text.partition(".") if output else ("", "", "")
    key = keys.get((catalog, name))
    if output is None or key is None:
        return monitor
    return monitor.having(output_schema_name=Node(f"{catalog}.{_reference(key)}", output.place))


def _reference(key: str) -> str:
    return f"${{resources.schemas.{key}.name}}"


_LINKS: dict[str, Callable[[Node, Keys], Node]] = {
    "volumes": _in_a_schema,
    "registered_models": _in_a_schema,
    "model_serving_endpoints": _endpoint,
    "quality_monitors": _monitor,
}
