"""The data of traces: their spans and attachments, as files in the one store of all artifacts.

Real: they travel by signed URLs, where MLflow's client puts and looks for them (observed): the spans in `traces.json`,
attachments below `attachments`. A URL is given before there is a file; whoever follows it then gets 404, by which the
client knows that a trace has no spans. With a trace, its files go.
"""

from __future__ import annotations

from collections.abc import Sequence

from fakebricks.services.files.files import Files
from fakebricks.services.files.paths import joined, parts_of, relative_parts_of
from fakebricks.services.files.signed_urls import Operation, SignedUrls
from fakebricks.services.tracking.artifacts import Artifacts
from fakebricks.services.tracking.traces.assessments import Assessments
from fakebricks.services.tracking.traces.traces import Traces

SPANS = "traces.json"


class TraceData:
    """The files of the traces of one workspace."""

    def __init__(
        self, traces: Traces, assessments: Assessments, artifacts: Artifacts, files: Files, signed_urls: SignedUrls
    ) -> None:
        self._traces = traces
        self._assessments = assessments
        self._artifacts = artifacts
        self._files = files
        self._signed_urls = signed_urls

    def url(self, operation: Operation, trace_id: str, path: str, base_url: str) -> str:
        """A signed URL for a file of a trace; for its spans, if no path is given.

        Raises:
            ResourceDoesNotExist: there is no such trace.
            InvalidParameterValue: the path breaks a rule.
        """
        directory = self._artifacts.of_trace(trace_id)
        stored = joined((*parts_of(directory), *relative_parts_of(path or SPANS)))
        return self._signed_urls.sign(operation, stored, base_url)

    def delete(
        self, experiment_id: str, trace_ids: Sequence[str], max_timestamp: int | None, max_traces: int | None
    ) -> int:
        """Delete traces with all that belongs to them; see `Traces.to_delete`.

        Returns:
            How many there were.
        """
        traces = self._traces.to_delete(experiment_id, trace_ids, max_timestamp, max_traces)
        for trace in traces:
            directory = self._artifacts.of_trace(trace.trace_id)
            self._files.delete_tree(joined(parts_of(directory)[:-1]))
            self._assessments.forget(trace.trace_id)
            self._traces.delete(trace)
        return len(traces)
