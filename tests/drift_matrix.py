"""The measured matrix of drift, and what the rules say of it.

What was measured stands in `drift/measured.json`: models trained and pickled in one environment, loaded and scored in
another. The models that are judged stand in `drift/models.tar.xz`: small ones of the same kinds, each pickled in the
environment that its cells name (`drift/make_models.py`). Those of the last matrix, which widens the first to more
estimators, are the very ones that were measured (`drift/make_estimators.py`, `drift/estimators.tar.xz`). They are read
as any model is, and never loaded.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fakebricks.drift.contents import Contents
from fakebricks.drift.reading import read_contents
from fakebricks.drift.rules import rules
from fakebricks.drift.verdicts import LibraryVerdict, judge

HERE = Path(__file__).parent / "drift"

OUTCOMES = {
    "=": "ok",
    "w": "warn_only",
    "~": "float_noise",
    "D": "silent_change",
    "P": "predict_error",
    "L": "load_error",
    "X": "crash",
}
LETTERS = {outcome: letter for letter, outcome in OUTCOMES.items()} | {"unknown": "?"}
BREAKING = frozenset({"silent_change", "predict_error", "load_error", "crash"})


@dataclass(frozen=True)
class Cell:
    """One measurement: what a model did, and the error's text where there was one."""

    matrix: str
    model: str
    trained: str
    serving: str
    outcome: str
    message: str

    def __str__(self) -> str:
        return f"{self.model} {self.trained} -> {self.serving}"


@dataclass(frozen=True)
class Judged:
    """What the rules say of a cell: library by library, what happens first at the front."""

    verdicts: tuple[LibraryVerdict, ...]

    @property
    def outcome(self) -> str:
        return self.verdicts[0].outcome

    @property
    def message(self) -> str:
        return self.verdicts[0].message

    @property
    def breaks(self) -> bool:
        return any(one.verdict == "breaking" for one in self.verdicts)


@cache
def measured() -> dict[str, Any]:
    return json.loads((HERE / "measured.json").read_text())


@cache
def cells() -> tuple[Cell, ...]:
    return tuple(cell for matrix in measured()["matrices"] for cell in _cells_of(matrix))


def _cells_of(matrix: dict[str, Any]) -> Iterator[Cell]:
    environments = matrix["environments"]
    for model, rows in matrix["models"].items():
        for trained, row in zip(environments, rows, strict=True):
            for serving, token in zip(environments, row.split(" "), strict=True):
                if token != ".":  # not measured
                    message = measured()["errors"][token[1:]] if token[1:] else ""
                    yield Cell(matrix["title"], model, trained, serving, OUTCOMES[token[0]], message)


@cache
def contents() -> dict[tuple[str, str], Contents]:
    """What each model holds, by the environment that it is from and its name."""
    with TemporaryDirectory() as directory:
        for name in ("models.tar.xz", "estimators.tar.xz"):
            with tarfile.open(HERE / name) as archive:
                archive.extractall(directory, filter="data")
        return {
            (path.parent.name, path.name.removesuffix(".pkl")): read_contents(path)
            for path in Path(directory).glob("*/*.*")
        }


@cache
def judged(cell: Cell) -> Judged:
    trained, serving = (_libraries(one) for one in (cell.trained, cell.serving))
    return Judged(
        judge(
            contents()[cell.trained, cell.model],
            trained,
            serving,
            trained_python=trained.pop("python"),
            onto_python=serving.pop("python"),
            complete=True,
        )
    )


def _libraries(environment: str) -> dict[str, str]:
    return dict(measured()["environments"][environment])


def disagreements(of: tuple[Cell, ...]) -> list[str]:
    """Where what the rules say is not what was measured, in words.

    Compared are the outcome, all seven kinds of it, the whole text of an error, and whether any library is said to be
    breaking.
    """
    found = []
    for cell in of:
        verdict = judged(cell)
        is_same = verdict.outcome == cell.outcome and verdict.breaks == (cell.outcome in BREAKING)
        if not is_same or (cell.message and verdict.message != cell.message):
            told = f"{verdict.verdicts[0].rule} says {verdict.outcome} {verdict.message!r}"
            found.append(f"{cell}: {told}, measured is {cell.outcome} {cell.message!r}")
    return found


def rules_in_use() -> Counter[str]:
    """How many cells each rule has a say in, for whichever library."""
    return Counter(one.rule for cell in cells() for one in judged(cell).verdicts)


def decisive_rules() -> Counter[str]:
    """How many cells each rule decides."""
    return Counter(judged(cell).verdicts[0].rule for cell in cells())


def page() -> str:
    """The page of the documentation: verdict against reality."""
    parts = [_HEAD.format(cells=len(cells()), disagree=len(disagreements(cells())))]
    parts += [_table(matrix) for matrix in measured()["matrices"]]
    parts.append(_rules_table())
    return "\n".join(parts)


_HEAD = """<!-- Made by `make pages`; the verdicts in it are those that the rules give. -->
# Verdict against reality

Models were trained and pickled in one environment, then loaded and scored in another, {cells:,} times. The [drift
check](library-drift.md) is given the same files and the same two environments. It executes nothing, and is to say what
happened: the outcome, and the text of the error. It disagrees in {disagree} cells.

The first three tables are of models as teams have them, the fourth is of single estimators.

Each row is a kind of model, each column the environment that it was trained in. A cell has one letter for each
environment that loads it, in the order of the columns. Where verdict and reality differ, both stand there,
`verdict/reality`.

| letter | what happened |
|---|---|
| `=` | equal predictions, no warning |
| `w` | equal predictions, a warning on loading |
| `~` | predictions that differ by less than 1e-9 |
| `D` | no error, and other predictions |
| `P` | it loads, and fails to predict |
| `L` | it fails to load |
| `X` | the process is killed |
| `.` | not measured |
"""


def _table(matrix: dict[str, Any]) -> str:
    environments = matrix["environments"]
    by_place = {(c.model, c.trained, c.serving): c for c in cells() if c.matrix == matrix["title"]}
    lines = [f"## {matrix['title']}", ""]
    lines += [f"| model | {' | '.join(map(_short, environments))} |", "|---|" + "---|" * len(environments)]
    for model in matrix["models"]:
        rows = ("".join(_letter(by_place.get((model, a, b))) for b in environments) for a in environments)
        lines.append(f"| {model} | " + " | ".join(f"`{row}`" for row in rows) + " |")
    return "\n".join([*lines, ""])


def _short(environment: str) -> str:
    return environment.removeprefix("rt").removeprefix("u")


def _letter(cell: Cell | None) -> str:
    if cell is None:
        return "."
    reality, verdict = LETTERS[cell.outcome], LETTERS[judged(cell).outcome]
    return reality if not disagreements((cell,)) else f"{verdict}/{reality}"


def _rules_table() -> str:
    used, decisive = rules_in_use(), decisive_rules()
    lines = [
        "## Rules",
        "",
        "How many cells a rule has a say in, and how many of them it decides, as what it tells happens first.",
        "",
        "| rule | trained | loaded with | outcome | known | cells | decides |",
        "|---|---|---|---|---|---|---|",
    ]
    for rule in rules():
        known = f"[{rule.provenance}]({rule.source})" if rule.source else rule.provenance
        trained, serving = _ranges(rule.trained), _ranges(rule.serving)
        numbers = f"{used[rule.id] or ''} | {decisive[rule.id] or ''}"
        lines.append(f"| {rule.id} | {trained} | {serving} | {rule.outcome} | {known} | {numbers} |")
    return "\n".join([*lines, ""])


def _ranges(ranges: Any) -> str:
    return ", ".join(f"{library} {'any' if text == '>=0' else text}" for library, text in ranges.items())
