"""Searching traces.

Real: MLflow's filters over attributes, tags, metadata and assessments, its orders and its pages. Databricks documents
`=` and `!=` for texts only; what MLflow's later grammar adds (LIKE, IN, IS NULL, RLIKE, assessments) is served as by
MLflow's own store (inferred). Without order_by a page costs what it holds; with order_by all that could match is
looked at.
Refused: filters that look into spans, prompts or issues.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from fakebricks.services.search import Column, Condition, PageTokens, Vocabulary, matches
from fakebricks.services.search.matching import Found
from fakebricks.services.search.vocabulary import LISTS, NULLS, NUMBERS, STRINGS
from fakebricks.services.tracking.search import check_max_results, page
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.records import Assessment, Expectation, Feedback, Trace
from fakebricks.services.tracking.traces.traces import Traces
from fakebricks.wire.errors import NotImplementedByFakebricks

MOST_RESULTS = 500
"""Traces on one page (documented: MLflow's server)."""

NAME = "mlflow.traceName"
SOURCE_RUN = "mlflow.sourceRun"

# What is asked of a run's traces, those that were logged in it and those that are linked to it (documented).
_OF_RUN = {("attribute", "run_id", "="), ("metadata", SOURCE_RUN, "=")}

_REGEX = ("RLIKE",)
_KEYED = Column("string", STRINGS + _REGEX + NULLS)
_TEXT = Column("string", STRINGS + _REGEX + LISTS)
_TIME = Column("number", NUMBERS)
_JUDGED = Column("string", STRINGS + _REGEX + NULLS + ("<", "<=", ">", ">="), of_numbers=("<", "<=", ">", ">="))
_ASSESSMENTS = {"feedback": Feedback, "expectation": Expectation}
_NOT_COMPUTED = frozenset({"span", "issue"})
_NOT_COMPUTED_ATTRIBUTES = frozenset({"text", "prompt"})

TRACES = Vocabulary(
    kinds={
        **dict.fromkeys(("tag", "tags"), "tag"),
        **dict.fromkeys(("request_metadata", "metadata"), "metadata"),
        **dict.fromkeys(("attribute", "attributes", "trace"), "attribute"),
        **{kind: kind for kind in (*_ASSESSMENTS, *_NOT_COMPUTED)},
    },
    open_kinds={
        "tag": _KEYED,
        "metadata": _KEYED,
        **dict.fromkeys(_ASSESSMENTS, _JUDGED),
        **dict.fromkeys(_NOT_COMPUTED, _TEXT),
    },
    attributes={
        **dict.fromkeys(("request_id", "status", "client_request_id"), _TEXT),
        **dict.fromkeys(("timestamp_ms", "execution_time_ms", "end_time_ms"), _TIME),
        **dict.fromkeys(("name", "run_id"), _KEYED),
        **dict.fromkeys(_NOT_COMPUTED_ATTRIBUTES, _TEXT),
    },
    aliases={
        "timestamp": "timestamp_ms",
        "execution_time": "execution_time_ms",
        "end_time": "end_time_ms",
    },
    order_attributes=frozenset(
        {
            "experiment_id",
            "timestamp_ms",
            "execution_time_ms",
            "end_time_ms",
            "status",
            "request_id",
            "name",
            "run_id",
        }
    ),
    order_kinds=frozenset({"tag", "metadata"}),
)


class TraceSearch:
    """The search over traces."""

    def __init__(self, traces: Traces, assessments: Assessments) -> None:
        self.traces = traces
        self.assessments = assessments

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        filter_string: str,
        max_results: int,
        order_by: Sequence[str],
        page_token: str | None,
    ) -> tuple[list[Trace], str | None]:
        """One page of traces, and the token of the next.

        Raises:
            InvalidParameterValue: an experiment, the filter, the order, the number or the token cannot be.
            NotImplementedByFakebricks: the filter looks into what is not searched.
        """
        check_max_results(max_results, MOST_RESULTS)
        conditions = TRACES.conditions(filter_string)
        for condition in conditions:
            _check_computed(condition)
        orders = TRACES.orders(order_by)
        tokens = PageTokens("traces", experiment_ids, filter_string, order_by)
        place = tokens.read(page_token)

        def natural(after: list[int | str] | None) -> Iterator[Trace]:
            start = (int(after[0]), str(after[1])) if after else None
            for trace in self.traces.newest_first(experiment_ids, start):
                if all(self._matches(trace, condition) for condition in conditions):
                    yield trace

        return page(
            natural,
            orders,
            lambda trace, order: self._value(trace, order.kind, order.key),
            lambda trace: [-trace.request_time, trace.trace_id],
            place,
            max_results,
            tokens,
        )

    def _matches(self, trace: Trace, condition: Condition) -> bool:
        if condition.kind in _ASSESSMENTS:
            return self._is_judged(trace, condition)
        found = self._value(trace, condition.kind, condition.key)
        if (condition.kind, condition.key, condition.comparator) in _OF_RUN:
            return matches(found, condition) or self.traces.is_linked(trace.trace_id, str(condition.value))
        return matches(found, condition)

    def _is_judged(self, trace: Trace, condition: Condition) -> bool:
        """Whether one of the valid assessments of that name satisfies the condition."""
        kind = _ASSESSMENTS[condition.kind]
        named = [
            one
            for one in self.assessments.of_trace(trace.trace_id)
            if one.valid and one.name == condition.key and isinstance(one.judgement, kind)
        ]
        if condition.comparator in NULLS:
            return bool(named) == (condition.comparator == "IS NOT NULL")
        return any(_satisfies(one, condition) for one in named)

    def _value(self, trace: Trace, kind: str, key: str) -> Found:
        if kind == "tag":
            return self.traces.tag(trace.trace_id, key)
        if kind == "metadata":
            return self.traces.metadatum(trace.trace_id, key)
        if key == "name":
            return self.traces.tag(trace.trace_id, NAME)
        if key == "run_id":
            return self.traces.metadatum(trace.trace_id, SOURCE_RUN)
        return _ATTRIBUTES[key](trace)


_ATTRIBUTES: dict[str, Callable[[Trace], Found]] = {
    "experiment_id": lambda trace: trace.experiment_id,
    "request_id": lambda trace: trace.trace_id,
    "client_request_id": lambda trace: trace.client_request_id,
    "status": lambda trace: trace.state,
    "timestamp_ms": lambda trace: trace.request_time,
    "execution_time_ms": lambda trace: trace.execution_duration,
    "end_time_ms": lambda trace: trace.request_time + (trace.execution_duration or 0),
}


def _satisfies(assessment: Assessment, condition: Condition) -> bool:
    """How MLflow's store compares: numbers as such, everything else as JSON, texts with or without their quotes."""
    judgement = assessment.judgement
    value = judgement.value
    if condition.comparator in _JUDGED.of_numbers:
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        return number is not None and math.isfinite(number) and matches(number, condition)
    text = _json(judgement)
    if condition.comparator in ("=", "!="):
        equal = text in (condition.value, json.dumps(condition.value))
        return equal == (condition.comparator == "=")
    return matches(text, condition)


def _json(judgement: Feedback | Expectation) -> str:
    if isinstance(judgement, Expectation) and judgement.serialized is not None:
        value: Any = msgspec.json.decode(judgement.serialized)
    else:
        value = judgement.value
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # as protobuf's JSON has it, whose version 7 alone writes 3.0
    return json.dumps(value)


def _check_computed(condition: Condition) -> None:
    if condition.kind in _NOT_COMPUTED or (condition.kind == "attribute" and condition.key in _NOT_COMPUTED_ATTRIBUTES):
        raise NotImplementedByFakebricks(
            f"fakebricks does not search traces by '{condition.kind}.{condition.key}'. Filter by attributes, tags, "
            "metadata, feedback and expectations, and look into spans and prompts in the traces that are found."
        )
