"""What the documentation shows is run: the Python blocks of the pages, and the examples in docstrings."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from importlib import metadata
from pathlib import Path

import pytest

import fakebricks

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in PAGES
    for number, block in enumerate(BLOCK.findall(page.read_text()), 1)
]
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(fakebricks.__path__, "fakebricks.")
    if not name.startswith(("fakebricks.demo", "fakebricks.__main__"))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_runs(block, pytester):
    if metadata.version("mlflow").startswith("2."):
        block = block.replace('name="model"', 'artifact_path="model"')
    pytester.makepyfile(block if "def test_" in block else f"def test_block():\n{_indented(block)}")
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("module", ["fakebricks", *MODULES])
def test_the_examples_of_a_module_hold(module):
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def _indented(block: str) -> str:
    return "".join(f"    {line}\n" for line in block.splitlines())
