"""The rules against reality: each measured cell, its outcome and the text of its error."""

from __future__ import annotations

from pathlib import Path

import pytest
from drift_matrix import BREAKING, Cell, cells, decisive_rules, disagreements, judged, measured, page, rules_in_use

from fakebricks.drift.rules import rules

PAGE = Path(__file__).parents[2] / "docs" / "library-drift-matrix.md"

GROUPS = {
    f"{number}-{trained}": (matrix["title"], trained)
    for number, matrix in enumerate(measured()["matrices"], 1)
    for trained in matrix["environments"]
}
"""The cells by matrix and environment of training."""

MEASURED_APART = {"MLFLOW-PYTHON-MODEL"}
"""Rules that were measured with models that have no row."""


def _group(title: str, trained: str) -> tuple[Cell, ...]:
    return tuple(cell for cell in cells() if cell.matrix == title and cell.trained == trained)


def test_all_cells_are_there():
    *of_models, of_estimators = measured()["matrices"]
    titles = {matrix["title"] for matrix in of_models}
    assert sum(cell.matrix in titles for cell in cells()) == 3892
    assert sum(cell.matrix == of_estimators["title"] for cell in cells()) > 3000


@pytest.mark.parametrize(("title", "trained"), GROUPS.values(), ids=GROUPS)
def test_the_verdict_is_what_was_measured(title, trained):
    group = _group(title, trained)
    assert group
    assert disagreements(group) == []


def test_nothing_that_went_well_is_called_risky():
    doubted = [
        f"{cell}: {one.rule}"
        for cell in cells()
        if cell.outcome not in BREAKING
        for one in judged(cell).verdicts
        if one.verdict not in {"same", "compatible"}
    ]
    assert doubted == []


def test_every_measured_rule_has_a_say():
    """A rule that no cell needs is either wrong or not measured."""
    used = rules_in_use()
    idle = {rule.id for rule in rules() if rule.provenance == "measured" and not used[rule.id]}
    assert idle == MEASURED_APART


def test_what_is_only_general_decides_little():
    """The matrix is judged by rules, not by what is said where there is none."""
    ids = {rule.id for rule in rules()}
    without_rule = {rule: count for rule, count in decisive_rules().items() if rule not in ids}
    assert set(without_rule) <= {"SAME-VERSION", "NOT-HELD", "CALLED", "PATCH-RELEASE"}


def test_the_page_is_up_to_date():
    assert PAGE.read_text() == page(), "docs/library-drift-matrix.md is out of date: run `make pages`"
