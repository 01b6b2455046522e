"""Values that know where in the team's files they are said."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fakebricks.contracts.findings import Place

Scalar = str | int | float | bool | None
Path = tuple[str | int, ...]
"""Keys and indices, from the outside in."""


@dataclass(frozen=True, eq=False)
class Node:
    """One value of a bundle's files.

    Attributes:
        value: a scalar, a list of nodes, or nodes by key. It is never changed.
        place: where its key is, if it has one, or else where it begins.
        anchored: whether it has an anchor, so that others may repeat it.
    """

    value: Scalar | list[Node] | dict[str, Node]
    place: Place
    anchored: bool = False

    @property
    def fields(self) -> dict[str, Node]:
        """Its values by key; none, if it is no mapping."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def elements(self) -> list[Node]:
        """Its elements; none, if it is no list."""
        return self.value if isinstance(self.value, list) else []

    @property
    def text(self) -> str:
        """What it says, if it is a text; else nothing."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def kind(self) -> str:
        """What it is, in a reader's words."""
        return kind_of(self.value)

    def at(self, *path: str | int) -> Node | None:
        """What is there, if anything is."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            node = _within(node, step)
        return node

    def plain(self) -> Any:
        """The value without its places, as JSON has it."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def scalars(self, path: Path = ()) -> Iterator[tuple[Path, Node]]:
        """All the scalars in it, with the way to each."""
        if isinstance(self.value, dict):
            for key, node in self.value.items():
                yield from node.scalars((*path, key))
        elif isinstance(self.value, list):
            for index, node in enumerate(self.value):
                yield from node.scalars((*path, index))
        else:
            yield path, self

    def having(self, /, **fields: Node | str | int | bool) -> Node:
        """The same mapping with other values of some fields; those that are no nodes are said where it is."""
        told = {name: one if isinstance(one, Node) else Node(one, self.place) for name, one in fields.items()}
        return Node({**self.fields, **told}, self.place)

    def without(self, *names: str) -> Node:
        """The same mapping without some fields."""
        return Node({name: one for name, one in self.fields.items() if name not in names}, self.place)


def _within(node: Node, step: str | int) -> Node | None:
    if isinstance(step, str):
        return node.fields.get(step)
    return node.elements[step] if step < len(node.elements) else None


def kind_of(value: object) -> str:
    """What a value is, in a reader's words."""
    kinds = {str: "a text", bool: "a boolean", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
    return kinds.get(type(value), "nothing")


def shown(path: Path) -> str:
    """A way to a value as people write it.

    >>> shown(("config", "served_entities", 0, "name"))
    'config.served_entities[0].name'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
