"""The page of the documentation that lists the scenarios; `make pages` writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fakebricks.contracts.catalogue import catalogue, story
from fakebricks.contracts.scenarios import Scenario

PAGE = Path(__file__).parents[1] / "docs" / "scenario-catalogue.md"


def page() -> str:
    """All scenarios, each with its story, its rules and its parameters."""
    head = "# The catalogue of scenarios\n\nMade from their files by `make pages`. [How to run them](scenarios.md)."
    return "\n\n".join([head, *(part for one in catalogue().values() for part in _parts(one))]) + "\n"


def _parts(one: Scenario) -> Iterator[str]:
    yield f"## {one.name}"
    yield f"*{one.title}.*"
    yield story(one)
    yield "\n".join(["| rule | |", "|---|---|", *(f"| `{rule}` | {text} |" for rule, text in one.rules.items())])
    if one.parameters:
        told = (f"| `{name}={_shown(default)}` | {one.meanings[name]} |" for name, default in one.parameters.items())
        yield "\n".join(["| parameter | |", "|---|---|", *told])
    yield f"Source: <{one.source}>"


def _shown(default: Any) -> str:
    return "..." if default is None else repr(default) if isinstance(default, str) else str(default)
