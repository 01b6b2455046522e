"""What a skops file holds: a zip whose `schema.json` describes objects by the names of their classes.

Real: read from the schema and from the heads of the arrays beside it. What is called a position is the number of the
node in the schema, in the order in which skops makes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

import msgspec

from fakebricks.drift.contents import SKOPS, Held, ModelFile, Trait
from fakebricks.drift.zips import UnreadableZip, read_member

SCHEMA = "schema.json"
LONGEST_HEAD = 1024
_SHAPE = re.compile(rb"'shape': \(([0-9, ]*)\)")
_CONTAINERS = {"DictNode", "ListNode", "TupleNode", "SetNode", "TypeNode", "JsonNode", "NdArrayNode", "DefaultDictNode"}

_OF_EVERY_NODE = ("__module__", "__class__", "__loader__")


@dataclass(frozen=True)
class _End:
    """Where a node ends whose number is known."""

    node: dict[str, Any]
    number: int


def read_skops(archive: ZipFile, path: str) -> ModelFile:
    """What a skops file holds.

    Raises:
        UnreadableZip: its schema is missing, damaged or none of skops'.
    """
    try:
        schema = msgspec.json.decode(read_member(archive, SCHEMA), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableZip(f"its {SCHEMA} is no JSON of an object: {error}") from error
    names: dict[str, int] = {}
    held: list[Held] = []
    for position, end, node in _nodes(schema):
        name = f"{node['__module__']}.{node['__class__']}"
        names[name] = min(position, names.get(name, position))
        if node["__loader__"] not in _CONTAINERS:
            held.append(Held(name, position, _traits(node, position, archive), end))
    if not names:
        raise UnreadableZip(f"its {SCHEMA} describes no object")
    told = {"skops": schema["_skops_version"]} if isinstance(schema.get("_skops_version"), str) else {}
    versions = [one.traits["_sklearn_version"].text.strip("'") for one in held if "_sklearn_version" in one.traits]
    if versions:
        told["scikit-learn"] = versions[0]
    held.sort(key=lambda one: one.position)
    return ModelFile(path=path, format=SKOPS, held=tuple(held), names=names, told=told)


def _nodes(schema: Any) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """The nodes of a schema, each with its number and that of the first node behind all that is in it.

    They are numbered as they stand, an outer one before those in it, and told when they end, an inner one first.
    """
    count = 0
    waiting: list[Any] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, _End):
            yield one.number, count, one.node
            continue
        if isinstance(one, dict) and all(isinstance(one.get(key), str) for key in _OF_EVERY_NODE):
            waiting.append(_End(one, count))
            count += 1
        children = list(one.values()) if isinstance(one, dict) else one
        waiting.extend(child for child in reversed(children) if isinstance(child, (dict, list)))


def _traits(node: dict[str, Any], position: int, archive: ZipFile) -> dict[str, Trait]:
    attributes = node.get("content")
    if isinstance(attributes, dict) and attributes.get("__loader__") == "DictNode":
        attributes = attributes.get("content")
    if not isinstance(attributes, dict):
        return {}
    return {key: Trait(_text(value, archive), position) for key, value in attributes.items() if isinstance(value, dict)}


def _text(node: dict[str, Any], archive: ZipFile) -> str:
    if node.get("__loader__") == "JsonNode":
        return _literal(node.get("content"))
    if node.get("__loader__") == "NdArrayNode":
        return f"ndarray({_shape(node.get('file'), archive)})"
    return f"<{node.get('__module__')}.{node.get('__class__')}>"


def _literal(content: Any) -> str:
    try:
        return repr(msgspec.json.decode(content))[:60]
    except (msgspec.DecodeError, TypeError):
        return "?"


def _shape(name: Any, archive: ZipFile) -> str:
    if not isinstance(name, str):
        return ""
    found = _SHAPE.search(read_member(archive, name, at_most=LONGEST_HEAD))
    return "" if found is None else found.group(1).decode().rstrip(", ")
