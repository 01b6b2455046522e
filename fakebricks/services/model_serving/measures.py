"""What is measured of requests, and how Prometheus reads it.

Real: counts and durations, which are those of the calls that were made. Documented: the names of the families, that
counts are those of the last minute although they are called totals, and that they are gauges; that a duration of more
than the round trip, such as signing in, is not in it. Simulated: the usage of the CPU, which is the share of the
provisioned concurrency that the model was busy in the last minute. Inferred: the labels, the buckets, and that
histograms are over all requests to a version of the configuration. Without values: the usage of memory and GPUs, which
is not measured.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from fakebricks.services.model_serving.records import Handled, Histogram, Measured

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_BUCKETS = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 300_000)
_MINUTE = 60.0


class Load(NamedTuple):
    """What there is of a served entity at a time."""

    provisioned: int
    recent: list[Handled]
    """The requests that were answered in the last minute, or turned away."""
    measured: Measured


class Sampled(NamedTuple):
    """A served entity, and what there is of it."""

    endpoint: str
    entity: str
    load: Load


_GAUGES = {
    "cpu_usage_percentage": "Share of the provisioned concurrency that the model was busy in the last minute.",
    "mem_usage_percentage": "Memory in use; not measured by fakebricks.",
    "provisioned_concurrent_requests_total": "Concurrency that is provisioned.",
    "request_count_total": "Requests in the last minute.",
    "request_4xx_count_total": "Requests in the last minute that were answered with 4xx.",
    "request_5xx_count_total": "Requests in the last minute that were answered with 5xx.",
}
_HISTOGRAMS = {
    "request_latency_ms": "Milliseconds from the arrival of a request until it was answered.",
    "model_queue_time_ms": "Milliseconds that a request waited, for a cold start or for concurrency.",
    "model_prediction_latency_ms": "Milliseconds that the model took.",
}


def after(measured: Measured, handled: Handled) -> Measured:
    """What has been measured after one more request."""
    return Measured(
        latency=_with(measured.latency, handled.waited + handled.seconds),
        queue=_with(measured.queue, handled.waited),
        prediction=_with(measured.prediction, handled.seconds),
    )


def exposition(samples: list[Sampled]) -> str:
    """The samples of an endpoint in Prometheus' text format."""
    gauges = [(_labels(one), _gauges(one.load)) for one in samples]
    histograms = [(_labels(one), _histograms(one.load)) for one in samples]
    lines: list[str] = []
    for name, said in _GAUGES.items():
        lines += [f"# HELP {name} {said}", f"# TYPE {name} gauge"]
        lines += [f"{name}{{{labels}}} {values[name]:g}" for labels, values in gauges if name in values]
    for name, said in _HISTOGRAMS.items():
        lines += [f"# HELP {name} {said}", f"# TYPE {name} histogram"]
        for labels, values in histograms:
            lines += _histogram(name, labels, values[name])
    return "\n".join(lines) + "\n"


def _gauges(load: Load) -> dict[str, float]:
    busy = sum(one.seconds for one in load.recent)
    return {
        "cpu_usage_percentage": min(100.0, 100 * busy / _MINUTE / load.provisioned) if load.provisioned else 0.0,
        "provisioned_concurrent_requests_total": load.provisioned,
        "request_count_total": len(load.recent),
        "request_4xx_count_total": _count(load.recent, 4),
        "request_5xx_count_total": _count(load.recent, 5),
    }


def _histograms(load: Load) -> dict[str, Histogram]:
    measured = load.measured
    return dict(zip(_HISTOGRAMS, (measured.latency, measured.queue, measured.prediction), strict=True))


def _histogram(name: str, labels: str, histogram: Histogram) -> Iterator[str]:
    total = 0
    for bound, count in zip((*_BUCKETS, "+Inf"), histogram.counts or (0,) * (len(_BUCKETS) + 1), strict=True):
        total += count
        yield f'{name}_bucket{{{labels},le="{bound}"}} {total}'
    yield f"{name}_sum{{{labels}}} {histogram.total:.3f}"
    yield f"{name}_count{{{labels}}} {total}"


def _with(histogram: Histogram, seconds: float) -> Histogram:
    counts = list(histogram.counts or (0,) * (len(_BUCKETS) + 1))
    counts[bisect_left(_BUCKETS, seconds * 1000)] += 1
    return Histogram(counts=tuple(counts), total=histogram.total + seconds * 1000)


def _count(recent: Iterable[Handled], hundreds: int) -> int:
    return sum(one.status // 100 == hundreds for one in recent)


def _labels(one: Sampled) -> str:
    """Names of endpoints and entities need no escaping: they are letters, digits, dashes and underscores."""
    return f'endpoint_name="{one.endpoint}",served_model_name="{one.entity}"'
