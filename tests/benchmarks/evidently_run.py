"""What a user would do without a monitor: the same windows with evidently on pandas. Run in an environment of its own.

Each day of each model is summarized, judged, and compared with the day before and with the baseline. evidently computes
one distance for each column of a comparison, where the monitor computes three or four.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd  # noqa: E402
from evidently import BinaryClassification, DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import ClassificationPreset, DataDriftPreset, DataSummaryPreset  # noqa: E402
from inference_rows import DAY, requests  # noqa: E402

NUMBERS = ["amount", "age", "balance", "items"]
TEXTS = ["country", "channel", "prediction", "label"]


def dataset(rows: pd.DataFrame) -> Dataset:
    judged = BinaryClassification(target="label", prediction_labels="prediction", pos_label="fraud")
    definition = DataDefinition(numerical_columns=NUMBERS, categorical_columns=TEXTS, classification=[judged])
    return Dataset.from_pandas(rows[[*NUMBERS, *TEXTS]], definition)


def main(count: int) -> None:
    end = 20_000 * DAY
    rows = requests(count, end, seed=0).to_pandas()
    baseline = requests(count // 10, end, seed=1).to_pandas()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drift = DataDriftPreset(num_method="ks", cat_method="chisquare")
    began = time.perf_counter()
    for model, of_model in rows.groupby("model_version"):
        reference = dataset(baseline[baseline["model_version"] == model])
        days = of_model["ts"].dt.floor("D")
        earlier = None
        for _, window in of_model.groupby(days):
            current = dataset(window)
            Report([DataSummaryPreset(), ClassificationPreset(), drift]).run(current, reference).dict()
            if earlier is not None:
                Report([drift]).run(current, earlier).dict()
            earlier = current
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": seconds, "peak": (peak - before) / 1024}) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
