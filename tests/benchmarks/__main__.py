"""Run every benchmark, or those named on the command line."""

from __future__ import annotations

import os
import sys
import warnings

from tests.benchmarks import scale, serve, serving, tracking

BENCHMARKS = {"tracking": tracking.rows, "serve": serve.rows, "serving": serving.rows, "scale": scale.rows}


def main() -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    warnings.simplefilter("ignore")
    for name in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[name]()


if __name__ == "__main__":
    main()
