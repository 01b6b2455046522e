"""What a bundle may say: types of values, and what is done with a value of another type.

Real: as the Databricks CLI does (documented: its normalization), a number or a boolean may stand where a text belongs,
and a text that reads as a number or a boolean where one of those does; a field without a value is as if it were not
there. Stricter than the CLI, which only warns: keys that nobody knows are refused, since they do nothing on deploy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fakebricks.contracts.bundles.errors import BundleError, instead_of
from fakebricks.contracts.bundles.nodes import Node, Path, Scalar, shown


class Leaf(StrEnum):
    """Types that have no parts to look at; each is called what a reader calls it."""

    TEXT = "a text"
    WHOLE = "a whole number"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    MAPPING = "a mapping"
    ANYTHING = "anything"


@dataclass(frozen=True)
class Named:
    """A mapping from names that the team chooses."""

    values: Any


Known = Leaf | Mapping[str, Any] | list[Any] | Named
"""A leaf; the known fields of a mapping; a list, with the type of its elements in a list; or a mapping by names."""

_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


def conform(node: Node, known: Known, path: Path = ()) -> Node:
    """The value as the type has it.

    Where a reference stands, whatever it refers to may come; conform what has been resolved once more.

    Raises:
        BundleError: a key is unknown, or a value is of another type.
    """
    if known is Leaf.ANYTHING or "${" in node.text:
        return node
    if isinstance(known, Leaf):
        return _leaf(node, known, path)
    if isinstance(known, list):
        _expect(node, list, "a list", path)
        return Node([conform(one, known[0], (*path, i)) for i, one in enumerate(node.elements)], node.place)
    _expect(node, dict, "a mapping", path)
    told = {name: one for name, one in node.fields.items() if one.value is not None or isinstance(known, Named)}
    if isinstance(known, Named):
        named = {name: Node({}, one.place) if one.value is None else one for name, one in told.items()}
        return Node({name: conform(one, known.values, (*path, name)) for name, one in named.items()}, node.place)
    for name, one in node.fields.items():
        if name not in known:
            message = f"unknown key '{name}'{_where(path)}{instead_of(name, known)}"
            raise BundleError(message, one.place)
    return Node({name: conform(one, known[name], (*path, name)) for name, one in told.items()}, node.place)


def _expect(node: Node, kind: type, called: str, path: Path) -> None:
    if not isinstance(node.value, kind):
        raise BundleError(f"expected {called}{_where(path)}, and found {_found(node)}", node.place)


def _where(path: Path) -> str:
    return f" in '{shown(path)}'" if path else ""


def _found(node: Node) -> str:
    return node.kind if isinstance(node.value, dict | list) or node.value is None else f"{node.value!r}"[:80]


def _leaf(node: Node, leaf: Leaf, path: Path) -> Node:
    if leaf is Leaf.MAPPING:
        _expect(node, dict, leaf, path)
        return node
    value = None if isinstance(node.value, dict | list) else _cast(node.value, leaf)
    if value is None:
        raise BundleError(f"expected {leaf} for '{shown(path)}', and found {_found(node)}", node.place)
    return Node(value, node.place)


def _cast(value: Scalar, leaf: Leaf) -> Scalar:
    """The scalar as the type has it, or None."""
    if leaf is Leaf.TEXT:
        return _as_text(value)
    if leaf is Leaf.BOOLEAN:
        return _as_boolean(value)
    number = _as_number(value)
    if number is None or leaf is Leaf.NUMBER:
        return number
    return int(number) if number == int(number) else None


def _as_text(value: Scalar) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _as_boolean(value: Scalar) -> bool | None:
    if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
        return value.lower() in _TRUE
    return value if isinstance(value, bool) else None


def _as_number(value: Scalar) -> int | float | None:
    if isinstance(value, bool) or value is None:
        return None
    if not isinstance(value, str):
        return value
    if value.removeprefix("-").isdecimal() and value.isascii() and len(value) < 19:  # noqa: PLR2004 - 64 bits
        return int(value)
    return None
