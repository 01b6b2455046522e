"""Traces: their life in an experiment, their tags, their metadata and the runs that they are linked to.

Real: traces as MLflow 3 exports them, whole, and as MLflow 2 does, begun and ended; tags that change and metadata that
does not; links to runs; the order in which traces are found, newest first; deletion for good, by id or by age. Where
the data of a trace lies, its tag `mlflow.artifactLocation` says, as on the platform (observed: MLflow 3 reads it there,
and recognises the place by the trace's id in it).
Inferred: a trace that is exported again, as by a client that retries, takes the place of what it was before.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from fakebricks.ids import Ids
from fakebricks.services.tracking.experiments import Experiments
from fakebricks.services.tracking.names import LONGEST_KEY, check_length, check_name
from fakebricks.services.tracking.records import Tag
from fakebricks.services.tracking.runs import Runs
from fakebricks.services.tracking.traces.records import RunLink, Trace, TraceId
from fakebricks.services.tracking.traces.times import checked
from fakebricks.state import State, Table
from fakebricks.wire.errors import InvalidParameterValue, ResourceAlreadyExists, ResourceDoesNotExist

ARTIFACT_LOCATION = "mlflow.artifactLocation"
IN_PROGRESS = "IN_PROGRESS"

MOST_LINKS = 100
"""Traces linked in one call (documented: MLflow's store)."""
MOST_DELETED = 100
"""Traces deleted by id in one call (observed: MLflow's client never sends more, because the platform limits it)."""

_LONGEST_METADATA = 250  # documented: what all backends keep of metadata; the rest is cut off
_LONGEST_TAG = 4096  # documented: what all backends keep of a tag; the rest is cut off
_LONGEST_PREVIEW = 10_000  # documented for Databricks: what MLflow's client sends of requests and responses
_LONGEST_CLIENT_ID = 50
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,49}")  # inferred from MLflow's column of 50 characters


@dataclass(frozen=True, slots=True)
class Started:
    """A trace as its client tells of it, whole or only begun."""

    experiment_id: str
    request_time: int
    state: str = IN_PROGRESS
    trace_id: str | None = None
    execution_duration: int | None = None
    client_request_id: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request: str | None = None
    response: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


class Traces:
    """The traces of one workspace."""

    def __init__(self, state: State, ids: Ids, experiments: Experiments, runs: Runs) -> None:
        self._traces = state.table("traces", Trace)
        self._newest = state.table("traces_by_time", TraceId)
        self._tags = state.table("trace_tags", Tag)
        self._metadata = state.table("trace_metadata", Tag)
        self._links = state.table("trace_runs", RunLink)
        self._ids = ids
        self._experiments = experiments
        self._runs = runs

    def start(self, started: Started) -> Trace:
        """A trace, new or exported again; without an id it gets one.

        Raises:
            InvalidParameterValue: the experiment does not exist or is deleted; an id, a time or a text that cannot be.
            ResourceAlreadyExists: the id is that of a trace of another experiment.
        """
        experiment = self._experiments.active_for_runs(started.experiment_id)
        trace_id = _id(started.trace_id) if started.trace_id is not None else f"tr-{self._ids.hex32()}"
        before = self._traces.get((trace_id,))
        if before is not None and before.experiment_id != started.experiment_id:
            raise ResourceAlreadyExists(f"Trace with ID '{trace_id}' already exists in another experiment.")
        trace = Trace(
            trace_id=trace_id,
            experiment_id=started.experiment_id,
            request_time=checked(started.request_time, "request_time"),
            state=started.state,
            execution_duration=started.execution_duration,
            client_request_id=_text(started.client_request_id, "client_request_id", _LONGEST_CLIENT_ID),
            request_preview=_cut(started.request_preview, "request_preview", _LONGEST_PREVIEW),
            response_preview=_cut(started.response_preview, "response_preview", _LONGEST_PREVIEW),
            request=_text(started.request, "request"),
            response=_text(started.response, "response"),
            assessments_made=before.assessments_made if before else 0,
        )
        if before is not None:
            self._newest.delete(_place(before))
        self.put(trace)
        self._newest.put(_place(trace), TraceId(trace_id=trace_id))
        location = f"{experiment.artifact_location}/{trace_id}/artifacts"
        _put_all(self._tags, trace_id, {**started.tags, ARTIFACT_LOCATION: location}, _LONGEST_TAG)
        _put_all(self._metadata, trace_id, started.metadata, _LONGEST_METADATA)
        return trace

    def end(
        self, trace_id: str, end_time: int, state: str, metadata: Mapping[str, str], tags: Mapping[str, str]
    ) -> Trace:
        """End a trace that was begun; metadata and tags are added to what it has."""
        trace = self.get(trace_id)
        duration = checked(end_time, "timestamp_ms") - trace.request_time
        ended = replace(trace, state=state, execution_duration=duration)
        self.put(ended)
        _put_all(self._tags, trace_id, tags, _LONGEST_TAG)
        _put_all(self._metadata, trace_id, metadata, _LONGEST_METADATA)
        return ended

    def get(self, trace_id: str) -> Trace:
        """The trace of that id.

        Raises:
            ResourceDoesNotExist: there is none.
        """
        trace = self._traces.get((trace_id,))
        if trace is None:
            raise ResourceDoesNotExist(f"Trace with ID '{trace_id}' not found.")
        return trace

    def put(self, trace: Trace) -> None:
        """Store a trace in place of what it was; its experiment and time stay what they were."""
        self._traces.put((trace.trace_id,), trace)

    def set_tag(self, trace_id: str, key: str, value: str) -> None:
        """Set a tag of a trace; of a value that is too long, the rest is cut off (documented)."""
        self.get(trace_id)
        check_name(key, "key")
        _put_all(self._tags, trace_id, {key: value}, _LONGEST_TAG)

    def delete_tag(self, trace_id: str, key: str) -> None:
        """Delete a tag of a trace.

        Raises:
            ResourceDoesNotExist: it has no such tag.
        """
        self.get(trace_id)
        if self._tags.get((trace_id, key)) is None:
            raise ResourceDoesNotExist(f"No trace tag with key '{key}' for trace with ID '{trace_id}'")
        self._tags.delete((trace_id, key))

    def tags(self, trace_id: str) -> list[Tag]:
        """A trace's tags, by key."""
        return [tag for _, tag in self._tags.scan((trace_id,))]

    def tag(self, trace_id: str, key: str) -> str | None:
        """The value of one tag, or None."""
        tag = self._tags.get((trace_id, key))
        return tag.value if tag else None

    def metadata(self, trace_id: str) -> list[Tag]:
        """A trace's metadata, by key."""
        return [entry for _, entry in self._metadata.scan((trace_id,))]

    def metadatum(self, trace_id: str, key: str) -> str | None:
        """The value of one key of the metadata, or None."""
        entry = self._metadata.get((trace_id, key))
        return entry.value if entry else None

    def link_to_run(self, trace_ids: Sequence[str], run_id: str) -> None:
        """Link traces to a run; those that are linked to it already stay so.

        Raises:
            InvalidParameterValue: there are too many, or the run is deleted.
            ResourceDoesNotExist: a trace or the run does not exist.
        """
        if len(trace_ids) > MOST_LINKS:
            raise InvalidParameterValue(
                f"Cannot link more than {MOST_LINKS} traces to a run in a single request. "
                f"Provided {len(trace_ids)} traces."
            )
        self._runs.active(run_id)
        for trace_id in trace_ids:
            self.get(trace_id)
            self._links.put((trace_id, run_id), RunLink(run_id=run_id))

    def is_linked(self, trace_id: str, run_id: str) -> bool:
        """Whether a trace was linked to a run."""
        return self._links.get((trace_id, run_id)) is not None

    def newest_first(self, experiment_ids: Sequence[str], after: tuple[int, str] | None = None) -> Iterator[Trace]:
        """The traces of some experiments, the newest first; those of one millisecond, by id.

        Args:
            experiment_ids: of the experiments; each must exist.
            after: start with what follows the trace of this negated time and id.
        """
        for experiment_id in experiment_ids:
            self._experiments.for_runs(experiment_id)
        scans = (
            self._newest.scan((experiment_id,), after=(experiment_id, *after) if after else None)
            for experiment_id in dict.fromkeys(experiment_ids)
        )
        for _, entry in heapq.merge(*scans, key=lambda found: found[0][1:]):
            yield self.get(entry.trace_id)

    def to_delete(
        self,
        experiment_id: str,
        trace_ids: Sequence[str],
        max_timestamp: int | None,
        max_traces: int | None,
    ) -> list[Trace]:
        """The traces of an experiment that a deletion means: those of some ids, or those that are old enough.

        Raises:
            InvalidParameterValue: the experiment does not exist, or the criteria do not go together (documented).
        """
        _check_criteria(trace_ids, max_timestamp, max_traces)
        self._experiments.for_runs(experiment_id)
        if max_timestamp is None:
            found = [self._traces.get((trace_id,)) for trace_id in dict.fromkeys(trace_ids)]
            return [trace for trace in found if trace is not None and trace.experiment_id == experiment_id]
        old: list[Trace] = []
        for key, entry in self._newest.scan((experiment_id,), reverse=True):
            if -int(key[1]) > max_timestamp or len(old) == max_traces:
                break
            old.append(self.get(entry.trace_id))
        return old

    def delete(self, trace: Trace) -> None:
        """Forget a trace, with its tags, metadata and links."""
        for table in (self._tags, self._metadata, self._links):
            for key, _ in list(table.scan((trace.trace_id,))):
                table.delete(key)
        self._newest.delete(_place(trace))
        self._traces.delete((trace.trace_id,))


def _place(trace: Trace) -> tuple[str, int, str]:
    return (trace.experiment_id, -trace.request_time, trace.trace_id)


def _check_criteria(trace_ids: Sequence[str], max_timestamp: int | None, max_traces: int | None) -> None:
    if max_timestamp is None and not trace_ids:
        raise InvalidParameterValue("Either `max_timestamp_millis` or `trace_ids` must be specified.")
    if max_timestamp is not None and trace_ids:
        raise InvalidParameterValue("Only one of `max_timestamp_millis` and `trace_ids` can be specified.")
    if trace_ids and max_traces is not None:
        raise InvalidParameterValue("`max_traces` can't be specified if `trace_ids` is specified.")
    if max_traces is not None and max_traces <= 0:
        raise InvalidParameterValue(f"`max_traces` must be a positive integer, received {max_traces}.")
    if len(trace_ids) > MOST_DELETED:
        raise InvalidParameterValue(
            f"Cannot delete more than {MOST_DELETED} traces by id in a single request. Provided {len(trace_ids)}."
        )


def _put_all(table: Table[Tag], trace_id: str, pairs: Mapping[str, str], longest: int) -> None:
    for key, value in pairs.items():
        kept = check_length(key[:LONGEST_KEY], "key", LONGEST_KEY)
        table.put((trace_id, kept), Tag(key=kept, value=check_length(value[:longest], kept, longest)))


def _id(trace_id: str) -> str:
    if not _ID.fullmatch(trace_id):
        raise InvalidParameterValue(
            f"Invalid trace ID {trace_id!r}: it must have at most 50 letters, digits, '-', '_' and '.', "
            "such as 'tr-' and 32 hexadecimal digits."
        )
    return trace_id


def _text(value: str | None, name: str, longest: int = 1_000_000) -> str | None:
    return None if value is None else check_length(value, name, longest)


def _cut(value: str | None, name: str, longest: int) -> str | None:
    return None if value is None else check_length(value[:longest], name, longest)
