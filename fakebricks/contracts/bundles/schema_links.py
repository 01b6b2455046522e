"""Volumes and models in a schema of the same bundle follow it, also where they say its name and do not refer to it.

Real: the Databricks CLI makes a reference of the name (documented: its `CaptureSchemaDependency`), so that the schema
is made before, and its prefix is theirs. Inferred: that it does so for registered models too.
"""

from __future__ import annotations

from fakebricks.contracts.bundles.nodes import Node

_WITHIN_SCHEMAS = ("volumes", "registered_models")


def with_schema_links(whole: Node) -> Node:
    """The bundle with such references in the place of the names."""
    resources, schemas = whole.at("resources"), whole.at("resources", "schemas")
    if resources is None or schemas is None:
        return whole
    keys = {_name(one, "catalog_name", "name"): key for key, one in schemas.fields.items()}
    kinds = dict(resources.fields)
    for kind in _WITHIN_SCHEMAS:
        if told := kinds.get(kind):
            kinds[kind] = Node({key: _linked(one, keys) for key, one in told.fields.items()}, told.place)
    return whole.having(resources=Node(kinds, resources.place))


def _name(one: Node, *fields: str) -> tuple[str, ...]:
    return tuple(part.text if (part := one.at(field)) else "" for field in fields)


def _linked(one: Node, keys: dict[tuple[str, ...], str]) -> Node:
    key = keys.get(_name(one, "catalog_name", "schema_name"))
    named = one.at("schema_name")
    if key is None or named is None:
        return one
    return one.having(schema_name=Node(f"${{resources.schemas.{key}.name}}", named.place))
