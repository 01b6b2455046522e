"""Lineage of model versions: what clients tell about where a version came from and where it is used.

Real: all that is told is kept, as it was told, and goes away with its version. Nothing is deduced: what no client tells
is not known here, such as which tables a run read that has no notebook and no job.
"""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.clock import Clock
from fakebricks.services.model_registry.names import ModelKey
from fakebricks.services.model_registry.records import (
    Direction,
    Entity,
    LineageRecord,
    ModelVersionRecord,
    Table,
    VersionLineage,
)
from fakebricks.state import State, delete_all, move_all


class Lineage:
    """The lineage of the model versions of one metastore."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._lineage = state.table("model_version_lineage", LineageRecord)
        self._clock = clock

    def emit(
        self,
        version: ModelVersionRecord,
        user: str,
        direction: Direction,
        *,
        entities: Sequence[Entity] = (),
        sources: Sequence[Table] = (),
        targets: Sequence[Table] = (),
    ) -> None:
        """Keep what a client tells about a version.

        Args:
            version: the version.
            user: who tells it.
            direction: whether it is about where the version comes from, or about what uses it.
            entities: where the code ran.
            sources: the tables that it read.
            targets: the tables that it wrote.
        """
        last = next(self._lineage.scan(version.key, reverse=True), None)
        place = int(last[0][-1]) + 1 if last else 0
        record = LineageRecord(
            direction=direction,
            emitted_by=user,
            emitted_at=self._clock.millis(),
            entities=tuple(entities),
            sources=tuple(sources),
            targets=tuple(targets),
        )
        self._lineage.put((*version.key, place), record)

    def of(self, version: ModelVersionRecord) -> VersionLineage:
        """What clients told about a version."""
        records = [record for _, record in self._lineage.scan(version.key)]
        return VersionLineage(
            upstream=tuple(one for one in records if one.direction == "UPSTREAM"),
            downstream=tuple(one for one in records if one.direction == "DOWNSTREAM"),
            dependencies=version.dependencies,
            feature_deps=version.feature_deps,
        )

    def move(self, model: ModelKey, to: ModelKey) -> None:
        """Follow a model and its versions to another name."""
        move_all(self._lineage, model, to)

    def forget(self, version: ModelVersionRecord) -> None:
        """Remove that of a version that goes away."""
        delete_all(self._lineage, version.key)
