"""Lineage of model versions: what clients tell about where a version came from and where it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fakebricks.clock import Clock
from fakebricks.services.model_registry.moving import forget, move
from fakebricks.services.model_registry.names import ModelKey
from fakebricks.services.model_registry.records import LineageRecord, ModelVersionRecord
from fakebricks.state import State


class Lineage:
    """The lineage of the model versions of one metastore."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._lineage = state.table("model_version_lineage", LineageRecord)
        self._clock = clock

    def emit(
        self,
        version: ModelVersionRecord,
        user: str,
        *,
        direction: str,
        entities: Sequence[dict[str, Any]],
        securable: dict[str, Any] | None,
    ) -> None:
        """Keep what a client tells about the use of a version."""
        last = next(self._lineage.scan(version.key, reverse=True), None)
        place = int(last[0][-1]) + 1 if last else 0
        record = LineageRecord(
            emitted_by=user,
            emitted_at=self._clock.millis(),
            direction=direction,
            entities=tuple(entities),
            securable=securable,
        )
        self._lineage.put((*version.key, place), record)

    def of(self, version: ModelVersionRecord) -> list[LineageRecord]:
        """What clients told about the use of a version, oldest first."""
        return [record for _, record in self._lineage.scan(version.key)]

    def move(self, model: ModelKey, to: ModelKey) -> None:
        """Follow a model and its versions to another name."""
        move(self._lineage, model, to)

    def forget(self, version: ModelVersionRecord) -> None:
        """Remove that of a version that goes away."""
        forget(self._lineage, version.key)
