"""Tags of catalogs, schemas, tables and volumes: keys with values that people put on them.

Real: the limits and rules (documented). Tags are kept by an object's id: they follow it to another name, and go away
with it. Keys are case-sensitive (documented). Simulated: no tag is governed by a policy. Registered models have tags of
their own, in their registry.
"""

from __future__ import annotations

from collections.abc import Iterator

from fakebricks.clock import Clock
from fakebricks.services.unity_catalog.grants import Grants
from fakebricks.services.unity_catalog.records import TagAssignmentRecord
from fakebricks.services.unity_catalog.securables import Securable
from fakebricks.state import State, delete_all
from fakebricks.wire.errors import InvalidParameterValue, ResourceAlreadyExists, ResourceDoesNotExist

_MOST = 50
_LONGEST_KEY = 255
_LONGEST_VALUE = 1000
_FORBIDDEN = frozenset(".,-=/:")


class Tags:
    """The tags of one metastore's objects."""

    def __init__(self, state: State, clock: Clock, grants: Grants) -> None:
        self._tags = state.table("entity_tags", TagAssignmentRecord)
        self._clock = clock
        grants.also_forgets(self._forget)

    def create(self, securable: Securable, key: str, value: str, user: str) -> TagAssignmentRecord:
        """Put a new tag on an object.

        Raises:
            InvalidParameterValue: key or value is not valid, or the object has fifty tags.
            ResourceAlreadyExists: it has a tag of that key (inferred).
        """
        _check(key, value)
        if self._tags.get((securable.id, key)):
            raise ResourceAlreadyExists(f"Tag '{key}' already exists on {securable}.")
        if sum(1 for _ in self.of(securable)) >= _MOST:
            raise InvalidParameterValue(f"{securable} has {_MOST} tags, and cannot have more.")
        return self._put(securable, key, value, user)

    def require(self, securable: Securable, key: str) -> TagAssignmentRecord:
        """The tag of that key on an object.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        tag = self._tags.get((securable.id, key))
        if tag is None:
            raise ResourceDoesNotExist(f"Tag '{key}' does not exist on {securable}.")
        return tag

    def of(self, securable: Securable, after: str | None = None) -> Iterator[TagAssignmentRecord]:
        """The tags of an object by key, from the one after `after` on."""
        for _, tag in self._tags.scan((securable.id,), after=None if after is None else (securable.id, after)):
            yield tag

    def update(self, securable: Securable, key: str, value: str, user: str) -> TagAssignmentRecord:
        """Give a tag another value.

        Raises:
            InvalidParameterValue: the value is not valid.
            ResourceDoesNotExist: there is no such tag.
        """
        self.require(securable, key)
        _check(key, value)
        return self._put(securable, key, value, user)

    def delete(self, securable: Securable, key: str) -> None:
        """Remove a tag from an object.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        self.require(securable, key)
        self._tags.delete((securable.id, key))

    def _put(self, securable: Securable, key: str, value: str, user: str) -> TagAssignmentRecord:
        tag = TagAssignmentRecord(tag_key=key, tag_value=value, updated_at=self._clock.millis(), updated_by=user)
        self._tags.put((securable.id, key), tag)
        return tag

    def _forget(self, securable_id: str) -> None:
        delete_all(self._tags, (securable_id,))


def _check(key: str, value: str) -> None:
    if not 0 < len(key) <= _LONGEST_KEY or not _FORBIDDEN.isdisjoint(key) or key != key.strip(" "):
        rules = f"A key has 1 to {_LONGEST_KEY} characters, none of which is one of . , - = / : or a space at an end."
        raise InvalidParameterValue(f"Invalid tag key '{key[:_LONGEST_KEY]}'. {rules}")
    if len(value) > _LONGEST_VALUE or value != value.strip(" "):
        rules = f"A value has at most {_LONGEST_VALUE} characters, and no space at an end."
        raise InvalidParameterValue(f"Invalid value of tag '{key}'. {rules}")
