"""Aliases of model versions.

Real: an alias stands for one version of its model; set again, it moves.
"""

from __future__ import annotations

from fakebricks.services.model_registry.names import ModelKey, check_alias
from fakebricks.services.model_registry.records import AliasRecord, ModelVersionRecord, RegisteredModelRecord
from fakebricks.state import State, move_all


class Aliases:
    """The aliases of the models of one metastore."""

    def __init__(self, state: State) -> None:
        self._aliases = state.table("model_aliases", AliasRecord)

    def set(self, alias: str, version: ModelVersionRecord) -> AliasRecord:
        """Let an alias stand for a version; it stands no more for the one that it stood for.

        Raises:
            InvalidParameterValue: the alias is not a valid one.
        """
        check_alias(alias)
        record = AliasRecord(alias=alias, number=version.number)
        self._aliases.put((*version.key[:3], alias), record)
        return record

    def get(self, model: RegisteredModelRecord, alias: str) -> AliasRecord | None:
        """An alias of a model, or None."""
        return self._aliases.get((*model.key, alias))

    def delete(self, model: RegisteredModelRecord, alias: str) -> None:
        """Remove an alias; nothing happens where the model has none of that name, as in MLflow's own store."""
        self._aliases.delete((*model.key, alias))

    def of(self, owner: RegisteredModelRecord | ModelVersionRecord) -> list[AliasRecord]:
        """The aliases of a model or of one of its versions, by name."""
        found = [record for _, record in self._aliases.scan(owner.key[:3])]
        if isinstance(owner, RegisteredModelRecord):
            return found
        return [one for one in found if one.number == owner.number]

    def move(self, model: ModelKey, to: ModelKey) -> None:
        """Follow a model to another name."""
        move_all(self._aliases, model, to)

    def forget(self, owner: RegisteredModelRecord | ModelVersionRecord) -> None:
        """Remove those of a model or of a version, which goes away."""
        for alias in self.of(owner):
            self._aliases.delete((*owner.key[:3], alias.alias))
