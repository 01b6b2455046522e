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
# Hypothesis would also fail where the machine is slow, which is no fault of the example.
AT_ANY_SPEED = """
from hypothesis import HealthCheck, settings

settings.register_profile("at any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("at any speed")
"""
MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(fakebricks.__path__, "fakebricks.")
    if not name.startswith(("fakebricks.demo", "fakebricks.__main__"))
]


def test_every_block_runs(pytester):
    """In one process of their own, each as a test module; what imports cost is paid once."""
    blocks = {f"{page.stem}_{i}": block for page in PAGES for i, block in enumerate(BLOCK.findall(page.read_text()), 1)}
    assert len(blocks) > len(PAGES)
    pytester.makeconftest(AT_ANY_SPEED)
    pytester.makepyfile(**{f"test_{name.replace('-', '_')}": _as_test(block) for name, block in blocks.items()})
    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=sum(max(1, block.count("def test_")) for block in blocks.values()))


@pytest.mark.parametrize("module", ["fakebricks", *MODULES])
def test_the_examples_of_a_module_hold(module):
    failed, _ = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert failed == 0


def _as_test(block: str) -> str:
    if metadata.version("mlflow").startswith("2."):
        block = block.replace('name="model"', 'artifact_path="model"')
        block = block.replace('grants.update("CATALOG"', "grants.update(SecurableType.CATALOG")
        block = block.replace(
            "import PermissionsChange, Privilege", "import PermissionsChange, Privilege, SecurableType"
        )
    if "def test_" in block:
        return block
    return "def test_block():\n" + "".join(f"    {line}\n" for line in block.splitlines())
