"""What a skops file holds: a zip whose `schema.json` describes objects by the names of their classes.

Real: read from the schema and from the heads of the arrays beside it. What is called a position is the number of the
node in the schema, in the order in which skops makes them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from zipfile import ZipFile

import msgspec

from fakebricks.drift.contents import SKOPS, Held, ModelFile, Trait
from fakebricks.drift.zips import UnreadableZip, read_member

SCHEMA = "schema.json"
LONGEST_HEAD = 1024
_SHAPE = re.compile(rb"'shape': \(([0-9, ]*)\)")
_CONTAINERS = {"DictNode", "ListNode", "TupleNode", "SetNode", "TypeNode", "JsonNode", "NdArrayNode", "DefaultDictNode"}


def read_skops(archive: ZipFile, path: str) -> ModelFile:
    """What a skops file holds.

    Raises:
        UnreadableZip: its schema is missing, damaged or none of skops'.
    """
    try:
        schema = msgspec.json.decode(read_member(archive, SCHEMA))
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableZip(f"its {SCHEMA} is no JSON: {error}") from error
    names: dict[str, int] = {}
    held: list[Held] = []
    for position, node in enumerate(_nodes(schema)):
        name = f"{node['__module__']}.{node['__class__']}"
        names.setdefault(name, position)
        if node["__loader__"] not in _CONTAINERS:
            held.append(_held(node, name, position, archive))
    if not names:
        raise UnreadableZip(f"its {SCHEMA} describes no object")
    told = {"skops": schema["_skops_version"]} if isinstance(schema.get("_skops_version"), str) else {}
    versions = [one.traits["_sklearn_version"].text.strip("'") for one in held if "_sklearn_version" in one.traits]
    if versions:
        told["scikit-learn"] = versions[0]
    return ModelFile(path=path, format=SKOPS, held=tuple(held), names=names, told=told)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """The nodes of a schema, an outer one before those in it."""
    waiting = [schema]
    while waiting:
        node = waiting.pop()
        children = list(node.values()) if isinstance(node, dict) else node
        waiting.extend(child for child in reversed(children) if isinstance(child, (dict, list)))
        if isinstance(node, dict) and all(
            isinstance(node.get(key), str) for key in ("__module__", "__class__", "__loader__")
        ):
            yield node


def _held(node: dict[str, Any], name: str, position: int, archive: ZipFile) -> Held:
    """An object; all that its node holds is part of it."""
    attributes = node.get("content")
    if isinstance(attributes, dict) and attributes.get("__loader__") == "DictNode":
        attributes = attributes.get("content")
    size = sum(1 for _ in _nodes(node))
    if not isinstance(attributes, dict):
        return Held(name, position, end=position + size)
    traits = {
        key: Trait(_text(value, archive), position) for key, value in attributes.items() if isinstance(value, dict)
    }
    return Held(name, position, traits, end=position + size)


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
