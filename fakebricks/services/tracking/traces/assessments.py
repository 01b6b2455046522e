"""Assessments of traces: feedback on what came out, and what was expected to.

Real: creation, change, deletion; one that overrides another makes it invalid, until it is deleted itself; metadata is
added to; what an assessment is, who made it and of which span it is, never changes. Ids are given here, always
(documented: MLflow's `Assessment`).
Refused: references to issues, which Databricks does not have (documented: MLflow's Databricks store).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.tracking.names import check_length
from fakebricks.services.tracking.traces.records import Assessment, Expectation, Feedback, Trace
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.state import State
from fakebricks.wire.errors import InvalidParameterValue, ResourceDoesNotExist

_LONGEST_NAME = 250  # inferred from MLflow's column
_LONGEST_TEXT = 1_000_000
_DEEPEST = 100  # documented: how deep protobuf's JSON may be nested
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Given:
    """An assessment as its maker tells of it."""

    name: str
    judgement: Feedback | Expectation
    source_type: str
    source_id: str = ""
    create_time: int | None = None
    last_update_time: int | None = None
    span_id: str | None = None
    rationale: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    overrides: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of an assessment; None leaves it as it is."""

    name: str | None = None
    judgement: Feedback | Expectation | None = None
    rationale: str | None = None
    metadata: Mapping[str, str] | None = None


class Assessments:
    """The assessments of all traces of one workspace."""

    def __init__(self, state: State, ids: Ids, traces: Traces) -> None:
        self._assessments = state.table("assessments", Assessment)
        self._ids = ids
        self._traces = traces

    def create(self, trace_id: str, given: Given, millis: int) -> Assessment:
        """A new assessment of a trace.

        Raises:
            InvalidParameterValue: it has no name, or holds what cannot be.
            ResourceDoesNotExist: the trace, or what it overrides, does not exist.
        """
        trace = self._traces.get(trace_id)
        if given.overrides:
            self._validate(trace, given.overrides, valid=False)
        created = millis if given.create_time is None else given.create_time
        assessment = Assessment(
            assessment_id=f"a-{self._ids.hex32()}",
            trace_id=trace_id,
            number=trace.assessments_made,
            name=_name(given.name),
            source_type=given.source_type,
            source_id=check_length(given.source_id, "source.source_id", _LONGEST_TEXT),
            create_time=created,
            last_update_time=created if given.last_update_time is None else given.last_update_time,
            judgement=_judgement(given.judgement),
            span_id=check_length(given.span_id, "span_id", _LONGEST_NAME) if given.span_id else None,
            rationale=_rationale(given.rationale),
            metadata=_metadata(given.metadata),
            overrides=given.overrides or None,
        )
        self._put(assessment)
        self._traces.put(replace(trace, assessments_made=trace.assessments_made + 1))
        return assessment

    def create_with_trace(self, trace_id: str, given: Given, millis: int) -> None:
        """An assessment that came with its trace; nothing happens where it did before, as when a client retries."""
        if not any(_is_same(one, given) for one in self.of_trace(trace_id)):
            self.create(trace_id, given, millis)

    def get(self, trace_id: str, assessment_id: str) -> Assessment:
        """An assessment of a trace.

        Raises:
            ResourceDoesNotExist: the trace or the assessment does not exist.
        """
        self._traces.get(trace_id)
        assessment = self._assessments.get((trace_id, assessment_id))
        if assessment is None:
            raise ResourceDoesNotExist(f"Assessment with ID '{assessment_id}' not found for trace '{trace_id}'")
        return assessment

    def update(self, trace_id: str, assessment_id: str, changes: Changes, millis: int) -> Assessment:
        """Change an assessment.

        Raises:
            InvalidParameterValue: feedback was to become an expectation, or an expectation feedback.
        """
        assessment = replace(self.get(trace_id, assessment_id), last_update_time=millis)
        if changes.judgement is not None:
            if type(changes.judgement) is not type(assessment.judgement):
                raise InvalidParameterValue(_CANNOT_BECOME[type(changes.judgement)])
            assessment = replace(assessment, judgement=_judgement(changes.judgement))
        if changes.name is not None:
            assessment = replace(assessment, name=_name(changes.name))
        if changes.rationale is not None:
            assessment = replace(assessment, rationale=_rationale(changes.rationale))
        if changes.metadata is not None:
            assessment = replace(assessment, metadata={**assessment.metadata, **_metadata(changes.metadata)})
        self._put(assessment)
        return assessment

    def delete(self, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment; nothing happens where there is none (documented). What it overrode is valid again."""
        trace = self._traces.get(trace_id)
        assessment = self._assessments.get((trace_id, assessment_id))
        if assessment is None:
            return
        self._assessments.delete((trace_id, assessment_id))
        if assessment.overrides and self._assessments.get((trace_id, assessment.overrides)):
            self._validate(trace, assessment.overrides, valid=True)

    def of_trace(self, trace_id: str) -> list[Assessment]:
        """All assessments of a trace, in the order in which they were made."""
        return sorted((one for _, one in self._assessments.scan((trace_id,))), key=lambda one: one.number)

    def forget(self, trace_id: str) -> None:
        """Delete all assessments of a trace that is being deleted."""
        for assessment in self.of_trace(trace_id):
            self._assessments.delete((trace_id, assessment.assessment_id))

    def _validate(self, trace: Trace, assessment_id: str, *, valid: bool) -> None:
        self._put(replace(self.get(trace.trace_id, assessment_id), valid=valid))

    def _put(self, assessment: Assessment) -> None:
        self._assessments.put((assessment.trace_id, assessment.assessment_id), assessment)


_CANNOT_BECOME = {
    Expectation: "Cannot update expectation value on a Feedback assessment.",
    Feedback: "Cannot update feedback value on an Expectation assessment.",
}


def _is_same(assessment: Assessment, given: Given) -> bool:
    """Whether an assessment is the one that is told of, made at the time that its maker says."""
    return (
        assessment.name == given.name
        and assessment.create_time == given.create_time
        and assessment.judgement == given.judgement
        and (assessment.source_type, assessment.source_id) == (given.source_type, given.source_id)
        and assessment.span_id == (given.span_id or None)
    )


def _name(name: str) -> str:
    if not name.strip():
        raise InvalidParameterValue("Missing value for required parameter 'assessment.assessment_name'.")
    return check_length(name, "assessment_name", _LONGEST_NAME)


def _rationale(rationale: str | None) -> str | None:
    return check_length(rationale, "rationale", _LONGEST_TEXT) if rationale else None


def _metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    return {
        check_length(key, "metadata", _LONGEST_NAME): check_length(value, f"metadata.{key}", _LONGEST_TEXT)
        for key, value in metadata.items()
    }


def _judgement(judgement: Feedback | Expectation) -> Feedback | Expectation:
    if isinstance(judgement, Feedback):
        _check_json(judgement.value, "feedback")
        return judgement
    if judgement.serialized is not None:
        try:
            msgspec.json.decode(judgement.serialized)
        except (msgspec.DecodeError, RecursionError):
            raise InvalidParameterValue("Invalid value for 'expectation.serialized_value': it is not JSON.") from None
    elif judgement.value is None:
        raise InvalidParameterValue("Missing value for required parameter 'assessment.expectation.value'.")
    _check_json(judgement.value, "expectation")
    return judgement


def _check_json(value: Any, name: str) -> None:
    """What protobuf's JSON values can hold."""
    level = [value]
    for _ in range(_DEEPEST):
        if not level:
            return
        if any(isinstance(one, int) and abs(one) > _LARGEST for one in level):
            raise InvalidParameterValue(f"Invalid value for '{name}': a number in it is out of range.")
        level = [inner for one in level for inner in _inside(one)]
    raise InvalidParameterValue(f"Invalid value for '{name}': it is nested too deep.")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
