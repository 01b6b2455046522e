"""Training code leaves runs behind that nobody can tell from real ones.

A run that was never ended stays RUNNING for ever, and a sweep that starts a run for each trial in the team's experiment
buries the one that was registered. Without an experiment of its own, a script logs to whatever is there. When a model
has to be explained a year later, its run is one of thousands without a name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fakebricks.contracts.deployment import Deployment
from fakebricks.contracts.findings import Evidence, Finding
from fakebricks.contracts.own_code import given, must_work
from fakebricks.contracts.parameters import Count, ParameterError
from fakebricks.contracts.scenarios import scenario

SOURCE = "https://mlflow.org/docs/latest/ml/tracking/"
FIX = "Start runs by `with mlflow.start_run()`, tag them, nest trials under one run, and delete throwaway runs."


@scenario(
    title="Training leaves as many runs as were meant, ended and tagged",
    rules={
        "run-pollution/unfinished": "Runs are left unfinished.",
        "run-pollution/too-many": "Training leaves more runs behind than were meant.",
        "run-pollution/untagged": "Runs lack a tag that the team searches by.",
    },
    source=SOURCE,
    meanings={
        "train": "The team's own code that trains.",
        "most": "How many runs it is to leave.",
        "tag": "That each of them is to have.",
    },
)
def run_pollution(
    deployment: Deployment, *, train: Callable[[], object] | None = None, most: Count = Count(1), tag: str = ""
) -> None:
    code = given("run_pollution.train", train, "the team's own code that trains")
    with deployment.workspace.watch_runs() as made:
        must_work("train", code)
    count = sum(made.experiments.values())
    if not count:
        raise ParameterError("train=... logs no run in this workspace")
    evidence = (Evidence("The runs that were made, by experiment", answer=_told(made.experiments), expected=f"{most}"),)
    deployment.show(evidence[0])

    def found(rule: str, message: str) -> None:
        deployment.found(Finding(f"run-pollution/{rule}", message, fix=FIX, source=SOURCE, evidence=evidence))

    if unfinished := len(made.unfinished):
        found("unfinished", f"{unfinished} of the runs are left unfinished.")
    if count > most:
        found("too-many", f"Training leaves {count} runs behind; {most} were meant.")
    if tag and (untagged := len(made.untagged(tag))):
        found("untagged", f"{untagged} of the runs have no tag {tag!r}.")


def _told(experiments: Mapping[str, int]) -> str:
    return ", ".join(f"{number} in {name}" for name, number in experiments.items())
