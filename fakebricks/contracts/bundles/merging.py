"""Bundles are made of several files, and of overrides: how their values become one.

Real: as the Databricks CLI merges (documented: its `merge` package, and the page on settings): mappings are merged,
lists are joined, and of two scalars the later counts. Tasks, clusters, environments and parameters of a job, which have
keys, are merged by them.
"""

from __future__ import annotations

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.nodes import Node

_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
    "parameters": "name",
}
_ALIKE = "a number", "a boolean", "a text"


def merged(under: Node, over: Node) -> Node:
    """The first value with what the second says instead or beside it.

    Raises:
        BundleError: they are of kinds that cannot be merged, such as a list and a mapping.
    """
    if under.value is None or over.value is None:
        return over if under.value is None else under
    if isinstance(under.value, dict) and isinstance(over.value, dict):
        fields = dict(under.value)
        for name, one in over.value.items():
            fields[name] = merged(fields[name], one) if name in fields else one
        return Node(fields, under.place)
    if isinstance(under.value, list) and isinstance(over.value, list):
        return Node(under.value + over.value, under.place)
    if under.kind != over.kind and not (under.kind in _ALIKE and over.kind in _ALIKE):
        raise BundleError(f"{over.kind} cannot replace {under.kind}, which is at {under.place}", over.place)
    return over


def by_key(job: Node) -> Node:
    """A job whose elements of the same key are one.

    Raises:
        BundleError: two of them say things that cannot be merged.
    """
    arrays = {array: _by_key(job.fields[array], key) for array, key in _KEYS.items() if array in job.fields}
    return job.having(**arrays)


def _by_key(array: Node, key: str) -> Node:
    if not isinstance(array.value, list):
        return array
    found: dict[str, Node] = {}
    for index, element in enumerate(array.elements):
        named = element.at(key)
        name = named.text if named and named.text else f"#{index}"
        found[name] = merged(found[name], element) if name in found else element
    return Node(list(found.values()), array.place)
