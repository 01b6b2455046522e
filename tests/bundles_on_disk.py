"""Bundles written for tests: the repository's example, copies of it that are broken in one way, and small ones."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "fraud"


def copied(into: Path) -> Path:
    """A copy of the example, without a model that may have been trained into it."""
    return Path(shutil.copytree(EXAMPLE, into / "fraud", ignore=shutil.ignore_patterns("model", "__pycache__")))


def changed(path: Path, old: str, new: str) -> int:
    """Say something else in a file; the line where it is said."""
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new))
    return text[: text.index(old)].count("\n") + 1


def written(into: Path, text: str, **files: str) -> Path:
    """A bundle of one file, and others that are named by their stems."""
    for stem, content in files.items():
        (into / f"{stem}.yml").write_text(textwrap.dedent(content))
    root = into / "databricks.yml"
    root.write_text(textwrap.dedent(text))
    return root
