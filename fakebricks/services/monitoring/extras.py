"""What monitoring needs beside the core: numbers are computed by SQL and scipy, and written as Delta."""

from __future__ import annotations

from importlib.util import find_spec

from fakebricks.wire.errors import NotImplementedByFakebricks

_NEEDED = ("deltalake", "jinja2", "numpy", "pyarrow", "pysail", "pyspark", "scipy", "sqlglot")


def require() -> None:
    """Raise `NotImplementedByFakebricks` where this installation cannot compute metrics; imports nothing heavy."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise NotImplementedByFakebricks(
            f"fakebricks computes the metrics of monitors with packages of which {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} not installed here. "
            "Install them with: pip install 'fakebricks[monitoring]'"
        )
