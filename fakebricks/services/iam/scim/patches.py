"""SCIM's patches: changes of some attributes of a resource, which give the resource as it shall be.

Real: `add`, `remove` and `replace`, with a path or without, of single and of multi-valued attributes, and
`members[value eq "<id>"]`. What the platform says it ignores is ignored (documented: user names and emails).
Refused: other paths, by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fakebricks.services.iam.scim.errors import InvalidPath
from fakebricks.wire.errors import InvalidParameterValue

_PATH = re.compile(r"""([A-Za-z]+(?:\.[A-Za-z]+)?)(?:\[\s*value\s+eq\s+["']?([^"'\]]+)["']?\s*\])?""", re.IGNORECASE)


@dataclass(frozen=True)
class Attributes:
    """What a patch may change of one type of resource."""

    single: frozenset[str]
    multiple: frozenset[str]
    ignored: frozenset[str] = frozenset({"schemas", "id"})
    _known: dict[str, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._known.update({name.lower(): name for name in (*self.single, *self.multiple, *self.ignored)})

    def named(self, name: str) -> str:
        """An attribute by its name in any case.

        Raises:
            InvalidPath: there is none that can be changed.
        """
        known = self._known.get(name.lower())
        if known is None:
            changed = ", ".join(sorted((*self.single, *self.multiple)))
            raise InvalidPath(f"Attribute '{name[:200]}' cannot be patched; there are {changed}.")
        return known


def patched(
    document: Mapping[str, Any], operations: Iterable[tuple[str, str | None, Any]], attributes: Attributes
) -> dict[str, Any]:
    """A resource as it is after some operations.

    Args:
        document: what can be changed of it; `name.givenName` is one name, and the values of a list are plain texts.
        operations: of each the name, the path if there is one, and the value.
        attributes: what may be changed.

    Raises:
        InvalidPath: a path leads to nothing that can be changed.
        InvalidParameterValue: an operation or a value is none.
    """
    patch = _Patch(dict(document), attributes)
    for name, path, value in operations:
        patch.apply(name.lower(), path, value)
    return patch.document


class _Patch:
    """A resource while it is being changed."""

    def __init__(self, document: dict[str, Any], attributes: Attributes) -> None:
        self.document = document
        self._attributes = attributes

    def apply(self, name: str, path: str | None, value: Any) -> None:
        if name not in ("add", "remove", "replace"):
            raise InvalidParameterValue(f"Operation '{name[:200]}' is not one of 'add', 'remove' and 'replace'.")
        if path:
            self._at(name, path, value)
            return
        if name == "remove":
            raise InvalidPath("A 'remove' operation must have a path.")
        if not isinstance(value, dict):
            raise InvalidParameterValue(f"The value of an operation '{name}' without a path must be an object.")
        for attribute, one in value.items():
            if isinstance(one, dict) and attribute.lower() == "name":
                for part, text in one.items():
                    self._at(name, f"{attribute}.{part}", text)
            else:
                self._at(name, attribute, one)

    def _at(self, name: str, path: str, value: Any) -> None:
        found = _PATH.fullmatch(path.strip())
        if found is None:
            raise InvalidPath(f"Path '{path[:200]}' is not supported: an attribute, or members[value eq \"<id>\"].")
        attribute = self._attributes.named(found[1])
        if attribute in self._attributes.ignored:
            return
        if attribute in self._attributes.multiple:
            self._many(name, attribute, found[2], value)
        elif found[2] is not None:
            raise InvalidPath(f"Attribute '{attribute}' has one value, so that none of it can be selected.")
        elif name == "remove":
            self.document.pop(attribute, None)
        elif value is None:
            raise InvalidParameterValue(
                f"Operation '{name}' of '{attribute}' has no value; databricks-sdk leaves False out, so say 'false'."
            )
        else:
            self.document[attribute] = value

    def _many(self, name: str, attribute: str, selected: str | None, value: Any) -> None:
        held = self.document.get(attribute, [])
        if selected is not None and name != "remove":
            raise InvalidPath(f"Only 'remove' can select a value of '{attribute}'; 'add' takes the value itself.")
        given = [selected] if selected is not None else _values(attribute, value)
        if name == "replace":
            self.document[attribute] = given
        elif name == "add":
            self.document[attribute] = list(dict.fromkeys([*held, *given]))
        else:
            gone = set(held if selected is None and value is None else given)
            self.document[attribute] = [one for one in held if one not in gone]


def _values(attribute: str, value: Any) -> list[str]:
    """The values of an operation on a list: texts, or objects with a `value`, one or many."""
    if value is None:
        return []
    found: list[str] = []
    for one in value if isinstance(value, list) else [value]:
        text = one.get("value") if isinstance(one, dict) else one
        if not isinstance(text, str):
            raise InvalidParameterValue(f"Each value of '{attribute}' must have a text as its 'value'.")
        found.append(text)
    return found
