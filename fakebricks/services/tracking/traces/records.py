"""Stored shapes of traces. Tags and metadata are stored apart, as `Tag`s under the trace's id and their keys."""

from __future__ import annotations

from typing import Any

from fakebricks.state import Record


class Trace(Record, frozen=True):
    trace_id: str
    experiment_id: str
    request_time: int
    """Milliseconds since the epoch."""
    state: str
    execution_duration: int | None = None
    """Milliseconds."""
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request: str | None = None
    response: str | None = None
    assessments_made: int = 0
    """How many assessments it ever had; each is numbered by it."""


class TraceId(Record, frozen=True):
    """An entry of an index of traces."""

    trace_id: str


class RunLink(Record, frozen=True):
    """A run that a trace is linked to, stored under the trace's id and the run's."""

    run_id: str


class AssessmentError(Record, frozen=True, omit_defaults=True):
    """Why a judge came to no value."""

    error_code: str = ""
    error_message: str = ""
    stack_trace: str = ""


class Feedback(Record, frozen=True):
    """What somebody or something thought of a trace."""

    value: Any = None
    """Anything of JSON."""
    error: AssessmentError | None = None


class Expectation(Record, frozen=True):
    """What a trace should have come to."""

    value: Any = None
    """A number, text or truth value."""
    serialized: str | None = None
    """JSON of anything else, instead of a value."""


class Assessment(Record, frozen=True):
    """Stored under the trace's id and its own."""

    assessment_id: str
    trace_id: str
    number: int
    name: str
    source_type: str
    source_id: str
    create_time: int
    last_update_time: int
    judgement: Feedback | Expectation
    span_id: str | None = None
    rationale: str | None = None
    metadata: dict[str, str] = {}  # noqa: RUF012 - msgspec gives each record a dictionary of its own
    overrides: str | None = None
    valid: bool = True
