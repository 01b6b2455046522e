"""Request shapes that several operations of tracking share, and numbers as protobuf's JSON has them.

Real: integers of 64 bits, `NaN` and infinities as strings, in requests and replies.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Literal, TypeAlias

import msgspec

from fakebricks.services.tracking.records import Metric, Param, Tag
from fakebricks.wire.errors import InvalidParameterValue
from fakebricks.wire.operations import Answer, Shape

Long: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
ViewType: TypeAlias = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]


class KeyValue(Shape):
    """A tag or a param; protobuf leaves out an empty value."""

    key: str
    value: str = ""

    @property
    def pair(self) -> tuple[str, str]:
        return self.key, self.value


class RunOf(Shape):
    """`run_uuid` is the old name of `run_id`; MLflow's client sends both (observed)."""

    run_id: str = ""
    run_uuid: str = ""

    @property
    def id(self) -> str:
        """The run's id.

        Raises:
            InvalidParameterValue: there is none, or there are two.
        """
        if self.run_id and self.run_uuid and self.run_id != self.run_uuid:
            raise InvalidParameterValue("Parameters 'run_id' and 'run_uuid' name different runs.")
        if not self.run_id and not self.run_uuid:
            raise InvalidParameterValue("Missing value for required parameter 'run_id'.")
        return self.run_id or self.run_uuid


class KeyValueAnswer(msgspec.Struct):
    """A tag or a param."""

    key: str
    value: str

    @classmethod
    def all(cls, stored: Iterable[Tag | Param]) -> tuple[KeyValueAnswer, ...]:
        return tuple([cls(one.key, one.value) for one in stored])


class MetricAnswer(Answer):
    """One point of a metric."""

    key: str
    value: float | str
    timestamp: int
    step: int
    dataset_name: str | None = None
    dataset_digest: str | None = None
    model_id: str | None = None
    run_id: str | None = None

    @classmethod
    def of(cls, metric: Metric, *, with_run: bool = False) -> MetricAnswer:
        return cls(
            key=metric.key,
            value=number(metric.value),
            timestamp=metric.timestamp,
            step=metric.step,
            dataset_name=metric.dataset_name,
            dataset_digest=metric.dataset_digest,
            model_id=metric.model_id,
            run_id=metric.run_id if with_run else None,
        )


def number(value: float) -> float | str:
    """A number as protobuf's JSON has it: what JSON has no number for is a string."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value
