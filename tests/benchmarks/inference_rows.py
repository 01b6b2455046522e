"""The rows that are monitored: a week of a model's requests. Two environments run it: it needs numpy and pyarrow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

COLUMNS = {
    "ts": "timestamp",
    "amount": "double",
    "age": "double",
    "balance": "double",
    "items": "int",
    "country": "string",
    "channel": "string",
    "model_version": "string",
    "prediction": "string",
    "label": "string",
}
DAY = 86_400_000_000
DAYS = 7


def requests(count: int, end: int, seed: int) -> pa.Table:
    """So many requests, evenly over the week before `end`, in microseconds; of two models."""
    draw = np.random.default_rng(seed)
    texts = {
        "country": draw.choice(["de", "fr", "us", "it", "es"], count),
        "channel": draw.choice(["web", "app", "shop"], count),
        "model_version": draw.choice(["1", "2"], count),
        "prediction": draw.choice(["fraud", "fine"], count),
        "label": draw.choice(["fraud", "fine"], count),
    }
    return pa.table(
        {
            "ts": pa.array(end - draw.integers(1, DAYS * DAY, count), pa.timestamp("us", "UTC")),
            "amount": draw.lognormal(3, 1, count),
            "age": draw.normal(40, 10, count),
            "balance": draw.normal(0, 1000, count),
            "items": pa.array(draw.poisson(3, count), pa.int32()),
            **{name: pa.array(values.astype(str)) for name, values in texts.items()},
        }
    )
