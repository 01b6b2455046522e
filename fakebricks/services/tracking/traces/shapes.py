"""What requests and replies about traces and assessments hold, in MLflow's third version of its interface.

Real: the fields that MLflow's clients send and read (observed), as protobuf's JSON has them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec

from fakebricks.services.tracking.traces.assessments import Assessments, Changes, Given
from fakebricks.services.tracking.traces.records import Assessment, AssessmentError, Expectation, Feedback, Trace
from fakebricks.services.tracking.traces.times import duration, millis_of, millis_of_duration, timestamp
from fakebricks.services.tracking.traces.traces import Started, Traces
from fakebricks.wire.errors import InvalidParameterValue, NotImplementedByFakebricks
from fakebricks.wire.operations import Answer, Shape

Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
TraceState: TypeAlias = Literal["STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"]
SourceType: TypeAlias = Literal["SOURCE_TYPE_UNSPECIFIED", "HUMAN", "LLM_JUDGE", "CODE"]

JSON_FORMAT = "JSON_FORMAT"


class ExperimentLocation(Shape):
    experiment_id: str


class TraceLocation(Shape):
    """Where traces are: in an experiment, or in tables."""

    type: Literal[
        "TRACE_LOCATION_TYPE_UNSPECIFIED", "MLFLOW_EXPERIMENT", "INFERENCE_TABLE", "UC_SCHEMA", "UC_TABLE_PREFIX"
    ] = "TRACE_LOCATION_TYPE_UNSPECIFIED"
    mlflow_experiment: ExperimentLocation | None = None
    inference_table: dict[str, Any] | None = None
    uc_schema: dict[str, Any] | None = None
    uc_table_prefix: dict[str, Any] | None = None

    @property
    def experiment_id(self) -> str:
        """The id of the experiment.

        Raises:
            NotImplementedByFakebricks: the location is a table.
            InvalidParameterValue: there is none.
        """
        for table in ("inference_table", "uc_schema", "uc_table_prefix"):
            if getattr(self, table) is not None:
                raise NotImplementedByFakebricks(
                    f"fakebricks does not keep traces in tables (a trace location of '{table}'); "
                    "log them to an experiment."
                )
        if self.mlflow_experiment is None:
            raise InvalidParameterValue("Missing value for required parameter 'trace_location.mlflow_experiment'.")
        return self.mlflow_experiment.experiment_id


class AssessmentSource(Shape):
    source_type: SourceType = "SOURCE_TYPE_UNSPECIFIED"
    source_id: str = ""


class ErrorShape(Shape):
    error_code: str = ""
    error_message: str = ""
    stack_trace: str = ""

    @property
    def record(self) -> AssessmentError:
        return AssessmentError(
            error_code=self.error_code, error_message=self.error_message, stack_trace=self.stack_trace
        )


class FeedbackShape(Shape):
    value: Any = None
    error: ErrorShape | None = None


class SerializedValue(Shape):
    value: str
    serialization_format: str = JSON_FORMAT


class ExpectationShape(Shape):
    value: Any = None
    serialized_value: SerializedValue | None = None


class AssessmentShape(Shape):
    """An assessment to be made, or what is to change of one."""

    assessment_id: str = ""
    assessment_name: str = ""
    trace_id: str = ""
    span_id: str | None = None
    source: AssessmentSource | None = None
    create_time: Moment | None = None
    last_update_time: Moment | None = None
    feedback: FeedbackShape | None = None
    expectation: ExpectationShape | None = None
    issue: dict[str, Any] | None = None
    rationale: str | None = None
    error: ErrorShape | None = None
    """The old place of a feedback's error."""
    metadata: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own
    overrides: str | None = None
    valid: bool | None = None
    """Decided by the platform, whatever a client says."""

    def given(self, trace_id: str) -> Given:
        """The assessment to be made of a trace.

        Raises:
            InvalidParameterValue: it is of another trace, or lacks its source or what it says.
        """
        if self.trace_id and self.trace_id != trace_id:
            raise InvalidParameterValue(f"The assessment is of trace '{self.trace_id}', not of '{trace_id}'.")
        if self.source is None:
            raise InvalidParameterValue("Missing value for required parameter 'assessment.source'.")
        judgement = self.judgement
        if judgement is None:
            raise InvalidParameterValue("Exactly one of `expectation` or `feedback` should be specified.")
        return Given(
            name=self.assessment_name,
            judgement=judgement,
            source_type=self.source.source_type,
            source_id=self.source.source_id,
            create_time=_millis(self.create_time, "create_time"),
            last_update_time=_millis(self.last_update_time, "last_update_time"),
            span_id=self.span_id,
            rationale=self.rationale,
            metadata=self.metadata,
            overrides=self.overrides,
        )

    def changes(self, mask: str) -> Changes:
        """What a field mask says is to change.

        Raises:
            InvalidParameterValue: the mask is empty, or names what never changes.
        """
        if not mask:
            raise InvalidParameterValue("Missing value for required parameter 'update_mask'.")
        paths = {_snake_case(path.strip()) for path in mask.split(",")}
        unknown = paths - _CHANGING
        if unknown:
            raise InvalidParameterValue(
                f"Invalid value for parameter 'update_mask': {sorted(unknown)} of an assessment cannot be updated. "
                f"What can be: {sorted(_CHANGING)}."
            )
        if {"feedback", "expectation"} <= paths or (self.feedback and self.expectation):
            raise InvalidParameterValue("Cannot specify both `expectation` and `feedback` parameters.")
        for path in {"feedback", "expectation"} & paths:
            if getattr(self, path) is None:
                raise InvalidParameterValue(f"Missing value for required parameter 'assessment.{path}'.")
        return Changes(
            name=self.assessment_name if "assessment_name" in paths else None,
            judgement=self.judgement if {"feedback", "expectation"} & paths else None,
            rationale=(self.rationale or "") if "rationale" in paths else None,
            metadata=self.metadata if "metadata" in paths else None,
        )

    @property
    def judgement(self) -> Feedback | Expectation | None:
        """What the assessment says, if it says anything."""
        if self.issue is not None:
            raise NotImplementedByFakebricks(
                "fakebricks does not keep references from traces to issues, which Databricks does not have either."
            )
        if self.feedback is not None and self.expectation is not None:
            raise InvalidParameterValue("Exactly one of `expectation` or `feedback` should be specified.")
        if self.feedback is not None:
            error = self.feedback.error or self.error
            return Feedback(value=self.feedback.value, error=error.record if error else None)
        if self.error is not None:
            raise InvalidParameterValue("Cannot set `error` when `feedback` is not specified.")
        return _expectation(self.expectation) if self.expectation is not None else None


_CHANGING = frozenset({"assessment_name", "feedback", "expectation", "rationale", "metadata"})


class TraceInfo(Shape):
    trace_id: str
    trace_location: TraceLocation
    request_time: Moment
    client_request_id: str | None = None
    request: str | None = None
    response: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    execution_duration: str | None = None
    state: TraceState = "STATE_UNSPECIFIED"
    trace_metadata: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each its own
    assessments: tuple[AssessmentShape, ...] = ()
    tags: dict[str, str] = {}  # noqa: RUF012

    @property
    def started(self) -> Started:
        """The trace, without its assessments."""
        length = self.execution_duration
        return Started(
            experiment_id=self.trace_location.experiment_id,
            request_time=millis_of(self.request_time, "request_time"),
            state=self.state,
            trace_id=self.trace_id,
            execution_duration=None if length is None else millis_of_duration(length, "execution_duration"),
            client_request_id=self.client_request_id,
            request_preview=self.request_preview,
            response_preview=self.response_preview,
            request=self.request,
            response=self.response,
            tags=self.tags,
            metadata=self.trace_metadata,
        )


class AssessmentAnswer(Answer):
    assessment_id: str
    assessment_name: str
    trace_id: str
    source: dict[str, str]
    create_time: str
    last_update_time: str
    valid: bool
    span_id: str | None = None
    feedback: dict[str, Any] | None = None
    expectation: dict[str, Any] | None = None
    rationale: str | None = None
    metadata: dict[str, str] | None = None
    overrides: str | None = None

    @classmethod
    def of(cls, assessment: Assessment) -> AssessmentAnswer:
        said = assessment.judgement
        return cls(
            assessment_id=assessment.assessment_id,
            assessment_name=assessment.name,
            trace_id=assessment.trace_id,
            source={"source_type": assessment.source_type, "source_id": assessment.source_id},
            create_time=timestamp(assessment.create_time),
            last_update_time=timestamp(assessment.last_update_time),
            valid=assessment.valid,
            span_id=assessment.span_id,
            feedback=_of_feedback(said) if isinstance(said, Feedback) else None,
            expectation=_of_expectation(said) if isinstance(said, Expectation) else None,
            rationale=assessment.rationale,
            metadata=assessment.metadata or None,
            overrides=assessment.overrides,
        )


class TraceInfoAnswer(Answer):
    trace_id: str
    trace_location: dict[str, Any]
    request_time: str
    state: str
    client_request_id: str | None = None
    request: str | None = None
    response: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    execution_duration: str | None = None
    trace_metadata: dict[str, str] | None = None
    assessments: tuple[AssessmentAnswer, ...] = ()
    tags: dict[str, str] | None = None

    @classmethod
    def of(cls, traces: Traces, assessments: Assessments, trace: Trace) -> TraceInfoAnswer:
        length = trace.execution_duration
        location = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": trace.experiment_id}}
        return cls(
            trace_id=trace.trace_id,
            trace_location=location,
            request_time=timestamp(trace.request_time),
            state=trace.state,
            client_request_id=trace.client_request_id,
            request=trace.request,
            response=trace.response,
            request_preview=trace.request_preview,
            response_preview=trace.response_preview,
            execution_duration=None if length is None else duration(length),
            trace_metadata={one.key: one.value for one in traces.metadata(trace.trace_id)} or None,
            assessments=tuple([AssessmentAnswer.of(one) for one in assessments.of_trace(trace.trace_id)]),
            tags={one.key: one.value for one in traces.tags(trace.trace_id)} or None,
        )


def _expectation(shape: ExpectationShape) -> Expectation:
    serialized = shape.serialized_value
    if serialized is None:
        return Expectation(value=shape.value)
    if shape.value is not None:
        raise InvalidParameterValue("Only one of `value` and `serialized_value` of an expectation can be specified.")
    if serialized.serialization_format != JSON_FORMAT:
        raise InvalidParameterValue(
            f"Unknown serialization format: {serialized.serialization_format}. Only {JSON_FORMAT} is supported."
        )
    return Expectation(serialized=serialized.value)


def _of_feedback(feedback: Feedback) -> dict[str, Any]:
    said = {"value": feedback.value}
    return {**said, "error": feedback.error} if feedback.error else said


def _of_expectation(expectation: Expectation) -> dict[str, Any]:
    if expectation.serialized is None:
        return {"value": expectation.value}
    return {"serialized_value": {"serialization_format": JSON_FORMAT, "value": expectation.serialized}}


def _millis(moment: datetime | None, name: str) -> int | None:
    return None if moment is None else millis_of(moment, name)


def _snake_case(path: str) -> str:
    """A path of a field mask, which protobuf's JSON writes in camel case."""
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in path)
