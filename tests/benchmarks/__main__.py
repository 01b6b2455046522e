"""Run every benchmark, or those named on the command line; each in a process of its own, as memory is measured too."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings

from tests.benchmarks import capture, isolated, monitoring, scale, serve, serving, tracking

BENCHMARKS = {
    "tracking": tracking.rows,
    "serve": serve.rows,
    "serving": serving.rows,
    "capture": capture.rows,
    "scale": scale.rows,
    "monitoring": monitoring.rows,
    "isolated": isolated.rows,
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    if len(names) > 1:
        for name in names:
            subprocess.run([sys.executable, "-m", "tests.benchmarks", name], check=True)
        return
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    warnings.simplefilter("ignore")
    BENCHMARKS[names[0]]()


if __name__ == "__main__":
    main()
