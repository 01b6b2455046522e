"""Tags of models and of their versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fakebricks.services.model_registry.names import ModelKey
from fakebricks.services.model_registry.records import ModelVersionRecord, RegisteredModelRecord, TagRecord
from fakebricks.state import State, Table, delete_all, move_all
from fakebricks.wire.errors import InvalidParameterValue

_LONGEST_KEY = 256


class Tags:
    """The tags of the models of one metastore, and of their versions."""

    def __init__(self, state: State) -> None:
        self._of_models = state.table("registered_model_tags", TagRecord)
        self._of_versions = state.table("model_version_tags", TagRecord)

    def set(self, owner: RegisteredModelRecord | ModelVersionRecord, tags: Iterable[tuple[str, str]]) -> None:
        """Give a model or a version tags; call it inside a transaction.

        Raises:
            InvalidParameterValue: a key is not valid.
        """
        for key, value in tags:
            self._table(owner).put((*owner.key, _checked_key(key)), TagRecord(key=key, value=value))

    def delete(self, owner: RegisteredModelRecord | ModelVersionRecord, key: str) -> None:
        """Remove a tag; nothing happens where there is none of that key."""
        self._table(owner).delete((*owner.key, key))

    def of(self, owner: RegisteredModelRecord | ModelVersionRecord) -> list[TagRecord]:
        """The tags of a model or of a version, by key."""
        return [record for _, record in self._table(owner).scan(owner.key)]

    def move(self, model: ModelKey, to: ModelKey) -> None:
        """Follow a model and its versions to another name."""
        for table in (self._of_models, self._of_versions):
            move_all(table, model, to)

    def forget(self, owner: RegisteredModelRecord | ModelVersionRecord) -> None:
        """Remove those of a model or of a version, which goes away."""
        delete_all(self._table(owner), owner.key)

    def _table(self, owner: RegisteredModelRecord | ModelVersionRecord) -> Table[Any]:
        return self._of_models if isinstance(owner, RegisteredModelRecord) else self._of_versions


def _checked_key(key: str) -> str:
    if not key or len(key) > _LONGEST_KEY:
        raise InvalidParameterValue(
            f"Invalid tag key {key[:_LONGEST_KEY]!r}: it must have 1 to {_LONGEST_KEY} characters."
        )
    return key
