"""Heavy things load when a strategy is made."""

from __future__ import annotations

import subprocess
import sys


def test_neither_hypothesis_nor_mlflow_is_imported_before_it_is_needed():
    heavy = ("hypothesis", "mlflow", "numpy", "pandas")
    code = f"import sys, fakebricks.strategies; print([one for one in {heavy!r} if one in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
