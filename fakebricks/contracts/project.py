"""What a project says of contract tests: the table `[tool.fakebricks]` of its pyproject.toml.

[tool.fakebricks]
policies = ["policy/*"]
scenarios = ["cold_start", "input_example_serves"]
[tool.fakebricks.severity]
"policy/training-on-jobs-clusters" = "warning"
[tool.fakebricks.waive]
"policy/throwaway-runs-deleted" = "the experiment is emptied every night"
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fakebricks.contracts.weighing import Weights

_LISTS = ("policies", "scenarios")
_TABLES = ("severity", "waive")


class SettingsError(ValueError):
    """The project's settings cannot be read, or make no sense."""


def settings_of(directory: Path) -> dict[str, Any]:
    """The table of the project in a directory; empty where it has none.

    Raises:
        SettingsError: it names the file.
    """
    file = directory / "pyproject.toml"
    if not file.is_file():
        return {}
    try:
        told: Any = tomllib.loads(file.read_text()).get("tool", {}).get("fakebricks", {})
        _check(told)
    except (ValueError, OSError, AttributeError) as error:
        message = f"{file}: {error}"
        raise SettingsError(message) from None
    settings: dict[str, Any] = told
    return settings


def _check(told: Any) -> None:
    for name, value in told.items():
        if name not in (*_LISTS, *_TABLES):
            message = f"[tool.fakebricks] has no {name!r}; there are {', '.join((*_LISTS, *_TABLES))}"
            raise ValueError(message)
        if name in _LISTS and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            message = f"[tool.fakebricks] {name} is a list of texts, not {value!r}"
            raise ValueError(message)
    Weights.of({name: told[name] for name in _TABLES if name in told})
