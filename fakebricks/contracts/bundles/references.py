"""References such as `${var.catalog}` and `${resources.jobs.train.id}`.

Real: their form, what may stand between the braces, values other than texts where a reference stands alone, references
in what is referred to, and circles, as the Databricks CLI resolves them (documented: its `dynvar` package).
`${NAME}` without a dot is no reference of a bundle's and stays as it is. Stricter than the CLI, which leaves it for the
resource to stumble over: `${something.unknown}` is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from fakebricks.contracts.bundles.errors import BundleError
from fakebricks.contracts.bundles.nodes import Node, Path

_NAME = r"[a-zA-Z][a-zA-Z0-9_-]*"
_REFERENCE = re.compile(rf"\$\{{({_NAME}(?:\[[0-9]{{1,4}}\])*(?:\.{_NAME}(?:\[[0-9]{{1,4}}\])*)*)\}}")
_STEP = re.compile(rf"{_NAME}|[0-9]+")
_LONGEST = 100_000
_LARGEST, _DEEPEST = 100_000, 100
_MALFORMED = re.compile(r"\$\{(?:var|bundle|workspace|resources)\b[^}]*\}?")

Lookup = Callable[[Path, Node], Node | None]
"""What a reference refers to, or None to leave it as it is; the node is the one that refers.

It raises BundleError, where there is nothing.
"""


def references(text: str) -> list[Path]:
    """What a text refers to.

    >>> references("${var.catalog}.${resources.schemas.ml.name}")
    [('var', 'catalog'), ('resources', 'schemas', 'ml', 'name')]
    """
    return [_path(found) for found in _REFERENCE.findall(text)]


def _path(told: str) -> Path:
    return tuple(int(step) if step.isdecimal() else step for step in _STEP.findall(told))


class Resolver:
    """Puts what is referred to in the place of references."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._found: dict[str, Node | None] = {}
        self._sizes: dict[int, tuple[Node, tuple[int, int]]] = {}
        """By the identity of a value; the node keeps it alive."""

    def resolve(self, node: Node) -> Node:
        """The value without the references that can be resolved.

        Raises:
            BundleError: a reference refers to nothing or to itself, or stands where its value cannot, or the values
                grow beyond all bounds.
        """
        resolved = self._resolve(node, ())
        self._check_size(resolved, "the bundle")
        return resolved

    def _resolve(self, node: Node, within: tuple[str, ...]) -> Node:
        if isinstance(node.value, dict):
            return Node({name: self._resolve(one, within) for name, one in node.value.items()}, node.place)
        if isinstance(node.value, list):
            return Node([self._resolve(one, within) for one in node.value], node.place)
        return self._text(node, within) if "${" in node.text else node

    def _text(self, node: Node, within: tuple[str, ...]) -> Node:
        text = node.text
        _check_form(node)
        alone = _REFERENCE.fullmatch(text)
        if alone:
            found = self._value(alone[1], node, within)
            return node if found is None else Node(found.value, node.place)
        pieces, end, length = [], 0, 0
        for match in _REFERENCE.finditer(text):
            pieces += [text[end : match.start()], self._within_text(match, node, within)]
            length += len(pieces[-1])
            if length > _LONGEST:
                raise BundleError(f"its references make more than {_LONGEST} characters of it", node.place)
            end = match.end()
        return Node("".join([*pieces, text[end:]]), node.place)

    def _within_text(self, match: re.Match[str], node: Node, within: tuple[str, ...]) -> str:
        found = self._value(match[1], node, within)
        if found is None:
            return match[0]
        if isinstance(found.value, dict | list):
            raise BundleError(f"{match[0]} is {found.kind}, which cannot be a part of a text", node.place)
        if isinstance(found.value, bool):
            return "true" if found.value else "false"
        return "" if found.value is None else str(found.value)

    def _value(self, told: str, node: Node, within: tuple[str, ...]) -> Node | None:
        if told in within:
            circle = " -> ".join(f"${{{one}}}" for one in (*within[within.index(told) :], told))
            raise BundleError(f"the references go in a circle: {circle}", node.place)
        if told not in self._found:
            found = self._lookup(_path(told), node)
            if len(within) >= _DEEPEST:
                raise BundleError(f"more than {_DEEPEST} references follow upon each other", node.place)
            self._found[told] = found and self._resolve(found, (*within, told))
            if found := self._found[told]:
                self._check_size(found, f"${{{told}}}")
        return self._found[told]

    def _check_size(self, node: Node, called: str) -> None:
        size, depth = self._size(node)
        if size > _LARGEST:
            raise BundleError(f"the references make more than {_LARGEST} values of {called}", node.place)
        if depth > _DEEPEST:
            raise BundleError(f"the references nest {called} more than {_DEEPEST} levels deep", node.place)

    def _size(self, node: Node) -> tuple[int, int]:
        """How many values it has, and how deep they are nested; what occurs many times is counted once and added."""
        if id(node.value) not in self._sizes:
            parts = [self._size(part) for part in (*node.fields.values(), *node.elements)]
            size = 1 + sum(one for one, _ in parts), 1 + max((one for _, one in parts), default=0)
            self._sizes[id(node.value)] = node, size
        return self._sizes[id(node.value)][1]


def _check_form(node: Node) -> None:
    for told in _MALFORMED.findall(node.text):
        if not _REFERENCE.fullmatch(told):
            raise BundleError(f"'{told[:80]}' is no reference", node.place)
